"""The `density` stage: the log-probability of every row of a stream, in two processes that get a half of it each.

It comes last, since it alone shows whole test rows to a plugin.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from genbench.protocol.inputs import Fitted, Kept, SplitFiles
from genbench.protocol.stages.audit import described
from genbench.protocol.stages.fit import FIT
from genbench.protocol.stages.stage import Given, Stage, Step
from genbench.protocol.stages.stream import STREAM
from genbench.protocol.stages.verify import VERIFY
from genbench.protocol.task import Asked
from genbench.protocol.trial import Trial
from genbench.records.kinds import Likelihood
from genbench.scoring.audits.facts import HALVES, QUESTIONS

NATS = "nats.safetensors"


@dataclass(frozen=True)
class DensityInputs:
    """What a density is given."""

    fitted: Fitted
    """The model."""
    data: SplitFiles
    """The Space; no split."""
    questions: Kept
    """Rows, test rows and others, and the ends of their batches."""
    draws: str
    """The commitment to the secret that is told when the clock starts."""


@dataclass(frozen=True)
class DensityFacts:
    """What a density reports; the nats are in its file."""

    likelihood: Likelihood
    """What the model says its numbers are."""


def _steps(trial: Trial, tasks: Sequence[Asked]) -> list[Step]:
    return [Step(DENSITY, trial, half, asked=asked) for asked in described(trial, tasks, "density") for half in HALVES]


def _inputs(given: Given) -> DensityInputs:
    fitted = given.fitted(FIT)
    questions = given.kept(STREAM, "", QUESTIONS[given.step.label])
    return DensityInputs(fitted, given.ground.rows(), questions, given.commitment)


DENSITY = Stage(
    name="density",
    runs="genbench.workers.untrusted.density:density",
    steps=_steps,
    inputs=_inputs,
    facts=DensityFacts,
    outputs=(NATS,),
    timed="density",
    own=("density",),
    share=1.5,
    after=(FIT.name, "sample", "audit", "answer", STREAM.name, VERIFY.name),
    sole=True,
    sealed=True,
    secret="density",
)
