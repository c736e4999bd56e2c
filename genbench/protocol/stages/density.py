"""The `density` stage: the log-probability of every test row. It comes last, since it alone shows them to a plugin."""

from collections.abc import Sequence
from dataclasses import dataclass

from genbench.protocol.inputs import Fitted, SplitFiles
from genbench.protocol.stages.audit import described
from genbench.protocol.stages.fit import FIT
from genbench.protocol.stages.stage import Given, Stage, Step
from genbench.protocol.task import Asked
from genbench.protocol.trial import Trial
from genbench.records.kinds import Likelihood

NATS = "nats.safetensors"


@dataclass(frozen=True)
class DensityInputs:
    """What a density is given."""

    fitted: Fitted
    """The model."""
    data: SplitFiles
    """The test rows."""
    batch: int
    """Rows a call of `log_prob`."""
    draws: str
    """The commitment to the secret that is told when the clock starts."""


@dataclass(frozen=True)
class DensityFacts:
    """What a density reports; the nats are in its file."""

    likelihood: Likelihood
    """What the model says its numbers are."""


def _steps(trial: Trial, tasks: Sequence[Asked]) -> list[Step]:
    return [Step(DENSITY, trial, asked=asked) for asked in described(trial, tasks, DENSITY.name)]


def _inputs(given: Given) -> DensityInputs:
    return DensityInputs(given.fitted(FIT), given.ground.rows("test"), given.suite.batch, given.commitment)


DENSITY = Stage(
    name="density",
    runs="genbench.workers.untrusted.density:density",
    steps=_steps,
    inputs=_inputs,
    facts=DensityFacts,
    outputs=(NATS,),
    timed="density",
    own=("density",),
    share=3.0,
    after=(FIT.name, "sample", "audit", "answer"),
    sole=True,
    sealed=True,
    secret="density",
)
