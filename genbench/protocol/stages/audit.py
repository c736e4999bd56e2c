"""The `audit` stage: a density on tiny spaces whose every state can be asked for, and fitted to its own samples."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from genbench.files.codec import Positive
from genbench.protocol.inputs import Fitted, Kept, SplitFiles
from genbench.protocol.stages.fit import FIT
from genbench.protocol.stages.sample import SAMPLE, SAMPLES
from genbench.protocol.stages.stage import Given, Lacking, Stage, Step
from genbench.protocol.task import Asked, answerers
from genbench.protocol.trial import Trial
from genbench.scoring.audits.facts import AuditFacts as AuditFacts

REFIT = 10  # share of the training budget for a fit to its own samples, as 1/REFIT
AUDIT_FILE = "audit.safetensors"


@dataclass(frozen=True)
class AuditInputs:
    """What an audit is given."""

    fitted: Fitted
    """The model."""
    data: SplitFiles
    """The Space; no split."""
    samples: Kept
    """Those of the described sampler."""
    sampler: str
    """Its name."""
    count: int
    """How many there are."""
    batch: int
    """Rows a call of `log_prob`."""
    rows: int
    """Test rows that the density will be asked for."""
    images: int
    """The budget of a fit to its own samples."""
    draws: str
    """The commitment to the secret that is told when the clock starts."""
    seconds_cpu: Positive | None = None
    """The same in CPU seconds; null: there is none."""


def described(trial: Trial, tasks: Sequence[Asked], stage: str) -> list[Asked]:
    """The tasks that ask a trial's model for its density in a stage."""
    asked = [task for task in tasks if stage in task.listing.stages and trial.is_density]
    return [task for task in asked if answerers(trial, task)]


def _steps(trial: Trial, tasks: Sequence[Asked]) -> list[Step]:
    return [Step(AUDIT, trial, asked=asked) for asked in described(trial, tasks, AUDIT.name)]


def _inputs(given: Given) -> AuditInputs:
    sampler, asked = given.trial.listing.described_sampler, given.step.asked
    fitted = given.fitted(FIT)
    result = given.result(SAMPLE, sampler)
    if result is None or not result.ok or asked is None:
        raise Lacking(f"sampler {sampler} left no samples")
    samples = given.kept(SAMPLE, sampler, SAMPLES)
    suite, ground = given.suite, given.ground
    rows = min(suite.density_rows or math.inf, ground.data.facts.rows["test"])
    images = max(suite.batch, suite.images // REFIT)
    return AuditInputs(
        fitted,
        ground.rows(),
        samples,
        sampler,
        asked.terms.count,
        suite.batch,
        int(rows),
        images,
        given.commitment,
        suite.budget.seconds_cpu / REFIT if suite.budget else None,
    )


AUDIT = Stage(
    name="audit",
    runs="genbench.workers.untrusted.audit:audit",
    steps=_steps,
    inputs=_inputs,
    facts=AuditFacts,
    outputs=(AUDIT_FILE,),
    timed="audit",
    own=("audit",),
    share=3.0,
    after=(FIT.name, SAMPLE.name),
    sole=True,
    secret="audit",
)
