"""The `sample` stage: the scored samples of one sampler, drawn alone on the device while the parent holds the clock."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from genbench.contracts.job import Outcome, Pace
from genbench.files.codec import Count
from genbench.protocol.inputs import Fitted, Kept, SplitFiles
from genbench.protocol.stages.clocking import RUN, Run, clocked
from genbench.protocol.stages.fit import CHECK, FIT
from genbench.protocol.stages.stage import Given, Stage, Step
from genbench.protocol.task import Asked, answerers
from genbench.protocol.trial import Trial
from genbench.records.timing import Timing

SAMPLES = "samples.safetensors"
DRAWN = "drawn.safetensors"  # what the first batches drew, scored or not: a bank shows in many draws
MOST_DRAWN, MOST_DRAWN_BYTES = 5000, 16 * 2**20  # rows of it, and bytes
OF_CONTROLS = "a control shows what it holds: its speed says nothing"


@dataclass(frozen=True)
class SampleInputs:
    """What a sampler is given."""

    fitted: Fitted
    """The model."""
    check: Kept
    """What the reloaded model has to give again."""
    data: SplitFiles
    """The Space, and the training labels, whose marginal labels are drawn from; no row that could be trained on."""
    sampler: str
    """The preset's name."""
    count: int
    """Samples."""
    batch: int
    """Samples a call, at most."""
    seconds: float
    """How long the timed run lasts at least."""
    latency_seconds: float
    """How long calls with batch 1 are timed; 0: not at all."""
    hardware: str
    """The device's own name: times of another one are others."""
    draws: str
    """The commitment to the secret that is told when the clock starts."""
    kept_batches: Count = 0
    """Of how many batches, from the first on, the rows are left, scored or not."""

    @property
    def size(self) -> int:
        """Samples of each call."""
        return min(self.batch, self.count)

    @property
    def batches(self) -> int:
        """Calls whose samples are scored; of the last one perhaps not all."""
        return math.ceil(self.count / self.size)

    @property
    def head(self) -> int:
        """Samples of the last scored call that are scored."""
        return self.count - (self.batches - 1) * self.size


@dataclass(frozen=True)
class SampleFacts:
    """What a sampler reports."""

    device_memory: Count | None
    """Peak bytes of a GPU; null elsewhere."""
    conditional: bool
    """Whether it obeys labels."""


def _steps(trial: Trial, tasks: Sequence[Asked]) -> list[Step]:
    return [
        Step(SAMPLE, trial, answerer.label, answerer, asked)
        for asked in tasks
        if SAMPLE.name in asked.listing.stages
        for answerer in answerers(trial, asked)
    ]


def _inputs(given: Given) -> SampleInputs:
    suite, step = given.suite, given.step
    terms = step.asked.terms if step.asked else None
    if terms is None or step.answerer is None:
        raise ValueError(f"{step.name} belongs to no task")
    fitted, batch = given.fitted(FIT), terms.batch or suite.batch
    return SampleInputs(
        fitted,
        given.kept(FIT, "", CHECK),
        replace(given.ground.rows(), labels=("train",)),
        step.answerer.sampler,
        terms.count,
        batch,
        0.0 if fitted.subject.is_control else suite.run_seconds,  # it shows its rows in turn, each once
        suite.latency_seconds if given.trial.seed == 0 else 0.0,
        given.ground.probe.machine.device_name,
        given.commitment,
        _most_drawn(given) // min(batch, terms.count),
    )


def _most_drawn(given: Given) -> int:
    """How many rows are left beside the scored ones."""
    row = given.ground.data.facts.row_bytes
    return min(MOST_DRAWN, MOST_DRAWN_BYTES // row) if row else 0


def _timing(inputs: SampleInputs, facts: SampleFacts, outcome: Outcome) -> Timing:
    control = inputs.fitted.subject.is_control
    run = Run(inputs.fitted.subject.device, inputs.count, inputs.size, inputs.seconds > 0, repeats=control)
    found = clocked(outcome, run, facts.device_memory)
    return replace(found, void=OF_CONTROLS) if control else found


SAMPLE = Stage(
    name="sample",
    runs="genbench.workers.untrusted.sample:sample",
    steps=_steps,
    inputs=_inputs,
    facts=SampleFacts,
    outputs=(SAMPLES, DRAWN),
    evidence=SAMPLES,
    timed=RUN,
    own=("load", "construct", "warm-up", "call", RUN, "latency"),
    share=3.0,
    after=(FIT.name,),
    sole=True,
    exclusive=True,
    secret=RUN,
    pace=lambda inputs: Pace(RUN, inputs.batches, inputs.seconds),
    again=lambda inputs: "" if inputs.fitted.subject.is_control else "genbench.workers.untrusted.sample:again",
    kept_laps=lambda inputs: inputs.kept_batches,
    timing=_timing,
)
