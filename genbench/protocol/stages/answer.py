"""The `answer` stage: a model, or a solver that lifts it, answers the questions of a task while the parent times it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from genbench.contracts.job import Outcome
from genbench.files.codec import Count, Number
from genbench.protocol.inputs import Fitted, Kept, PartChoice, SplitFiles
from genbench.protocol.stages.fit import FIT
from genbench.protocol.stages.judgement import clocked
from genbench.protocol.stages.stage import Given, Stage, Step
from genbench.protocol.task import Asked, answerers
from genbench.protocol.trial import Trial
from genbench.records.timing import Timing

ANSWERS = "answers.safetensors"
RUN = "run"  # the section whose time is the result


@dataclass(frozen=True)
class AnswerInputs:
    """What an answering model is given."""

    fitted: Fitted
    """The model."""
    data: SplitFiles
    """The Space alone."""
    task: PartChoice
    """What is asked."""
    solver: PartChoice | None
    """What lifts the model; null: it is asked directly."""
    questions: Kept
    """The exam's; its key stays with the harness."""
    count: int
    """Questions."""
    batch: int
    """Questions a call."""
    hardware: str
    """The device's own name: times of another one are others."""
    draws: str
    """The commitment to the secret that is told when the clock starts."""


@dataclass(frozen=True)
class AnswerFacts:
    """What an answering model reports."""

    nfe: Number | None
    """Forward calls of the submodule with parameters that ran most often, a call; null: it has none."""
    flops: Number | None
    """Floating-point operations a question; null: not counted."""
    device_memory: Count | None
    """Peak bytes of a GPU; null elsewhere."""


def _steps(trial: Trial, tasks: Sequence[Asked]) -> list[Step]:
    return [
        Step(ANSWER, trial, f"{asked.name}/{answerer.label}", answerer, asked)
        for asked in tasks
        if ANSWER.name in asked.listing.stages
        for answerer in answerers(trial, asked)
    ]


def _inputs(given: Given) -> AnswerInputs:
    step = given.step
    if step.asked is None or step.answerer is None:
        raise ValueError(f"{step.name} belongs to no task")
    solver = step.answerer.solver
    return AnswerInputs(
        given.fitted(FIT),
        given.ground.rows(),
        step.asked.choice,
        None if solver is None else solver.choice,
        given.ground.exams[step.asked.name].questions,
        step.asked.terms.count,
        given.suite.batch,
        given.ground.probe.machine.device_name,
        given.commitment,
    )


def _timing(inputs: AnswerInputs, facts: AnswerFacts, outcome: Outcome) -> Timing:
    memory = outcome.memory if inputs.fitted.subject.device == "cpu" else facts.device_memory
    return clocked(outcome, inputs.count, facts.nfe, facts.flops, memory)


ANSWER = Stage(
    name="answer",
    runs="genbench.workers.untrusted.answer:answer",
    steps=_steps,
    inputs=_inputs,
    facts=AnswerFacts,
    outputs=(ANSWERS,),
    evidence=ANSWERS,
    timed=RUN,
    own=("warm-up", RUN),
    share=3.0,
    after=(FIT.name, "sample", "audit"),
    exclusive=True,
    sealed=True,
    secret=RUN,
    laps=lambda inputs: math.ceil(inputs.count / inputs.batch),
    timing=_timing,
)
