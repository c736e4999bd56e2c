"""Stage: one kind of work in a child process of its own, as one typed value; a step is a stage of a trial."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from genbench.contracts.job import Outcome
from genbench.protocol.task import Answerer, Asked
from genbench.protocol.trial import Trial
from genbench.records.timing import Timing

if TYPE_CHECKING:
    from genbench.protocol.stages.given import Given

F = TypeVar("F")


@dataclass(frozen=True)
class Stage(Generic[F]):
    """One kind of stage. Adding one is a file with such a value, and its name in a task's list.

    Args:
        name: also that of its folder and of its limit.
        runs: the function that its process calls, "module:name"; the parent never imports it.
        steps: the steps that it makes of a trial.
        inputs: what a step's process is given: a frozen dataclass. Its key, and what it may read, follow from it.
        facts: the dataclass of what it reports.
        outputs: the files that it leaves.
        evidence: the one of them that a candidate is scored by; "": none.
        timed: the section of the parent's clock that has to begin and end once in it; "": none.
        own: the sections that are its own work, as opposed to what the harness costs.
        share: of it in the bar of a run, relative to the others.
        after: names of the stages of the same trial that have to end before it.
        within_task: whether it waits for those of its own task alone.
        sole: whether one task of a suite may list it: a trial has it once, and what it does is that task's.
        exclusive: whether nothing may run beside it: its time is a result.
        trusted: whether no plugin's code runs in it.
        secret: the section at whose start it is told what its seeds are made of; "": it has no secret.
        laps: how many calls its timed section has to mark; None: any number.
        fault: what is wrong with the files that it left, in words; None where nothing is.
        timing: the clock of its scored run, from its inputs, its facts and its outcome; None: it has none.
    """

    name: str
    runs: str
    steps: Callable[[Trial, Sequence[Asked]], "list[Step]"]
    inputs: "Callable[[Given], Any]"
    facts: type[F]
    outputs: tuple[str, ...]
    timed: str
    own: tuple[str, ...]
    share: float
    after: tuple[str, ...] = ()
    within_task: bool = False
    sole: bool = False
    exclusive: bool = False
    trusted: bool = False
    secret: str = ""
    evidence: str = ""
    laps: Callable[[Any], int] | None = None
    fault: Callable[[Path], str | None] = lambda folder: None
    timing: Callable[[Any, F, Outcome], Timing] | None = None


@dataclass(frozen=True)
class Step:
    """One stage of one trial.

    Args:
        stage: which kind.
        trial: whose.
        label: tells it from others of its stage: a sampler, a task, a task and a solver; "": there is one.
        answerer: the candidate that it is of; None: of all.
        asked: the task that it belongs to; None: to all.
    """

    stage: Stage[Any]
    trial: Trial
    label: str = ""
    answerer: Answerer | None = None
    asked: Asked | None = None

    @property
    def name(self) -> str:
        """The folder of its results within the trial's."""
        return f"{self.stage.name}/{self.label}" if self.label else self.stage.name

    @property
    def key(self) -> tuple[str, str]:
        """Tells it from all others of a run."""
        return self.trial.slug, self.name

    def waits_for(self, other: "Step") -> bool:
        """Whether another step has to end before it."""
        if other.trial.slug != self.trial.slug or other.stage.name not in self.stage.after:
            return False
        alike = other.asked is None or self.asked is None or other.asked.name == self.asked.name
        return alike or not self.stage.within_task
