"""The `sample` stage: the scored samples of one sampler, drawn alone on the device while the parent holds the clock."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from genbench.contracts.job import Outcome
from genbench.files.codec import Count, Number
from genbench.protocol.inputs import Fitted, Kept, SplitFiles
from genbench.protocol.stages.fit import CHECK, FIT, SEEN
from genbench.protocol.stages.judgement import clocked
from genbench.protocol.stages.stage import Given, Stage, Step
from genbench.protocol.task import Asked, answerers
from genbench.protocol.trial import Trial
from genbench.records.timing import Timing

SAMPLES = "samples.safetensors"
RUN = "run"  # the section whose time is the result


@dataclass(frozen=True)
class SampleInputs:
    """What a sampler is given."""

    fitted: Fitted
    """The model."""
    check: Kept
    """What the reloaded model has to give again."""
    data: SplitFiles
    """Valid rows for that check; the training labels give the marginal that labels are drawn from."""
    sampler: str
    """The preset's name."""
    count: int
    """Samples."""
    batch: int
    """Samples a call."""
    latency_seconds: float
    """How long calls with batch 1 are timed; 0: not at all."""
    hardware: str
    """The device's own name: times of another one are others."""
    draws: str
    """The commitment to the secret that is told when the clock starts."""


@dataclass(frozen=True)
class SampleFacts:
    """What a sampler reports."""

    nfe: Number | None
    """Forward calls of the submodule with parameters that ran most often, a call; null: it has none."""
    flops: Number | None
    """Floating-point operations a sample; null: not counted."""
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
    return SampleInputs(
        given.fitted(FIT),
        given.kept(FIT, "", CHECK),
        given.ground.rows(*SEEN),
        step.answerer.sampler,
        terms.count,
        suite.batch,
        suite.latency_seconds if given.trial.seed == 0 else 0.0,
        given.ground.probe.machine.device_name,
        given.commitment,
    )


def _timing(inputs: SampleInputs, facts: SampleFacts, outcome: Outcome) -> Timing:
    memory = outcome.memory if inputs.fitted.subject.device == "cpu" else facts.device_memory
    return clocked(outcome, inputs.count, facts.nfe, facts.flops, memory)


SAMPLE = Stage(
    name="sample",
    runs="genbench.workers.untrusted.sample:sample",
    steps=_steps,
    inputs=_inputs,
    facts=SampleFacts,
    outputs=(SAMPLES,),
    evidence=SAMPLES,
    timed=RUN,
    own=("warm-up", RUN, "latency"),
    share=3.0,
    after=(FIT.name,),
    sole=True,
    exclusive=True,
    secret=RUN,
    laps=lambda inputs: math.ceil(inputs.count / inputs.batch),
    timing=_timing,
)
