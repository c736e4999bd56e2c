"""The `verify` stage: a model's law of each entry of some test rows, asked entry by entry in a process of its own.

All rows go in lockstep, a call an entry. What is told of an entry is told after the answers for it have been committed
to, by their digest on the parent's clock, and lies in no file that the process may read; so that whatever an answer is
made of, it is made of the entries before. What stands beyond them is drawn at random by the worker: that the rest of a
row does not matter follows, and need not be tested.

It runs before the density stages, so that no process that has seen whole test rows has run before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from genbench.contracts.job import Telling
from genbench.files.codec import Count
from genbench.protocol.inputs import Fitted, SplitFiles
from genbench.protocol.stages.audit import described
from genbench.protocol.stages.fit import FIT
from genbench.protocol.stages.stage import Given, Lacking, Stage, Step
from genbench.protocol.stages.stream import BY_ENTRY, STREAM
from genbench.protocol.task import Asked
from genbench.protocol.trial import Trial
from genbench.scoring.audits.facts import COLUMNS

LOG_WEIGHTS = "log-weights.safetensors"


@dataclass(frozen=True)
class VerifyInputs:
    """What a model that is asked entry by entry is given."""

    fitted: Fitted
    """The model."""
    data: SplitFiles
    """The Space; no split."""
    rows: Count
    """How many there are, at least 1: all of them in each call, so that what a model keeps of one serves the next."""
    columns: str
    """SHA-256 of what it is told of them; where that lies it is not told."""
    draws: str
    """The commitment to the secret that is told when the clock starts."""


@dataclass(frozen=True)
class VerifyFacts:
    """What the stage reports; the answers are in its file."""

    entries: Count
    """That it was asked for, of each row."""


def _steps(trial: Trial, tasks: Sequence[Asked]) -> list[Step]:
    able = BY_ENTRY in trial.listing.capabilities
    return [Step(VERIFY, trial, asked=asked) for asked in described(trial, tasks, VERIFY.name) if able]


def _inputs(given: Given) -> VerifyInputs:
    if given.ground.probe.machine.isolation == "process" or given.trial.listing.needs:
        raise Lacking("a process that is not confined, or asked for more than its own folder, could look the rows up")
    fitted, laid = given.fitted(FIT), given.ended(STREAM).facts
    if laid is None or not laid.verified:
        raise Lacking("only an exact density of integers can be verified, of rows whose answers fit into 64 MiB")
    columns = given.kept(STREAM, "", COLUMNS).sha256
    return VerifyInputs(fitted, given.ground.rows(), laid.verified, columns, given.commitment)


VERIFY = Stage(
    name="verify",
    runs="genbench.workers.untrusted.verify:verify",
    steps=_steps,
    inputs=_inputs,
    facts=VerifyFacts,
    outputs=(LOG_WEIGHTS,),
    timed="verify",
    own=("verify",),
    share=1.5,
    after=(FIT.name, "sample", "audit", "answer", STREAM.name),
    sole=True,
    sealed=True,
    secret="verify",
    telling=lambda given: Telling("verify", given.kept(STREAM, "", COLUMNS).path),
)
