"""The `stream` stage: a clean process lays down what a density will be asked, test rows and decoys shuffled."""

from collections.abc import Sequence
from dataclasses import dataclass

from genbench.files.codec import Count
from genbench.protocol.inputs import Kept, SplitFiles
from genbench.protocol.stages.audit import AUDIT, described
from genbench.protocol.stages.fit import FIT
from genbench.protocol.stages.sample import SAMPLE, SAMPLES
from genbench.protocol.stages.stage import Given, Lacking, Stage, Step
from genbench.protocol.task import Asked
from genbench.protocol.trial import Trial
from genbench.records.kinds import Likelihood
from genbench.scoring.audits.facts import COLUMNS, KEY, QUESTIONS, rows_by_entry

BY_ENTRY = "sequential"  # the capability that can be asked entry by entry


@dataclass(frozen=True)
class StreamInputs:
    """What a stream is made of."""

    data: SplitFiles
    """Train, valid and test rows."""
    samples: Kept
    """Of the described sampler."""
    count: int
    """How many there are."""
    likelihood: Likelihood | None
    """What the model said in its audit that its nats are; null where that failed."""
    rows: int
    """Test rows that are asked for; 0: all."""
    batch: int
    """The most rows of a call."""
    verified: Count
    """Test rows that are also asked for entry by entry."""
    draws: str
    """The commitment to the secret that is told when the clock starts."""


@dataclass(frozen=True)
class StreamFacts:
    """What was laid down."""

    test: Count
    """Test rows."""
    asked: Count
    """Rows of both halves."""
    verified: Count = 0
    """Test rows that are also asked for entry by entry."""


def _steps(trial: Trial, tasks: Sequence[Asked]) -> list[Step]:
    return [Step(STREAM, trial, asked=asked) for asked in described(trial, tasks, STREAM.name)]


def _inputs(given: Given) -> StreamInputs:
    sampler, asked = given.trial.listing.described_sampler, given.step.asked
    if asked is None:
        raise ValueError("a stream without a task")
    given.ended(FIT)
    result, audit = given.result(SAMPLE, sampler), given.result(AUDIT)
    if result is None or not result.ok:
        raise Lacking(f"sampler {sampler} left no samples")
    return StreamInputs(
        given.ground.rows("train", "valid", "test"),
        given.kept(SAMPLE, sampler, SAMPLES),
        asked.terms.count,
        audit.facts.likelihood if audit is not None and audit.facts is not None else None,
        given.suite.density_rows,
        given.suite.batch,
        _verified(given),
        given.commitment,
    )


def _verified(given: Given) -> int:
    """How many rows a trial's model is asked entry by entry: none unless it can answer, and its density is exact."""
    audit, facts, suite = given.result(AUDIT), given.ground.data.facts, given.suite
    exact = audit is not None and audit.facts is not None and audit.facts.likelihood is Likelihood.EXACT
    able = BY_ENTRY in given.trial.listing.capabilities
    if facts.space is None or not exact or not able:
        return 0
    return rows_by_entry(facts.space, min(suite.density_rows or facts.rows["test"], facts.rows["test"]))


STREAM = Stage(
    name="stream",
    runs="genbench.workers.trusted.stream:stream",
    steps=_steps,
    inputs=_inputs,
    facts=StreamFacts,
    outputs=(*QUESTIONS.values(), KEY, COLUMNS),
    timed="stream",
    own=("stream",),
    share=0.5,
    after=(FIT.name, SAMPLE.name, AUDIT.name),
    sole=True,
    trusted=True,
    secret="stream",
)
