"""The `answer` stage: a model, or a solver that lifts it, answers the questions of a task while the parent times it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from genbench.contracts.job import Outcome, Pace
from genbench.files.codec import Count
from genbench.protocol.inputs import Fitted, Kept, PartChoice, SplitFiles
from genbench.protocol.stages.clocking import RUN, Run, clocked
from genbench.protocol.stages.fit import FIT
from genbench.protocol.stages.stage import Given, Stage, Step
from genbench.protocol.task import Asked, answerers
from genbench.protocol.trial import Trial
from genbench.records.timing import Timing

ANSWERS = "answers.safetensors"


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
    warm_up: Kept
    """Others of the same kind, asked before the clock starts."""
    count: int
    """Questions."""
    batch: int
    """Questions a call."""
    hardware: str
    """The device's own name: times of another one are others."""
    draws: str
    """The commitment to the secret that is told when the clock starts."""

    @property
    def batches(self) -> int:
        """Calls."""
        return math.ceil(self.count / self.batch)

    @property
    def head(self) -> int:
        """Questions of the last call."""
        return self.count - (self.batches - 1) * self.batch

    def rows(self, place: int) -> tuple[int, int]:
        """The first question of a call, and the first that is not of it any more."""
        return place * self.batch, min((place + 1) * self.batch, self.count)


@dataclass(frozen=True)
class AnswerFacts:
    """What an answering model reports."""

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
        given.ground.exams[step.asked.name].warm_up,
        step.asked.terms.count,
        step.asked.terms.batch or given.suite.batch,
        given.ground.probe.machine.device_name,
        given.commitment,
    )


def _timing(inputs: AnswerInputs, facts: AnswerFacts, outcome: Outcome) -> Timing:
    run = Run(inputs.fitted.subject.device, inputs.count, inputs.batch, lasting=False, repeats=True)
    return clocked(outcome, run, facts.device_memory)


ANSWER = Stage(
    name="answer",
    runs="genbench.workers.untrusted.answer:answer",
    steps=_steps,
    inputs=_inputs,
    facts=AnswerFacts,
    outputs=(ANSWERS,),
    evidence=ANSWERS,
    timed=RUN,
    own=("load", "construct", "warm-up", RUN),
    share=3.0,
    after=(FIT.name, "sample", "audit"),
    exclusive=True,
    sealed=True,
    secret=RUN,
    pace=lambda inputs: Pace(RUN, inputs.batches),
    again=lambda inputs: "genbench.workers.untrusted.answer:again",
    timing=_timing,
)
