"""Stage: one kind of work in a child process of its own, as a typed value; its steps; what their inputs are made of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from genbench.catalogue.plugins import Plugin
from genbench.contracts.job import Outcome, Pace, Telling
from genbench.protocol.inputs import Fitted, Kept, SplitFiles, Subject
from genbench.protocol.stages.services import LaidData, Probe
from genbench.protocol.suite import Suite
from genbench.protocol.task import Answerer, Asked
from genbench.protocol.trial import Trial
from genbench.records.timing import Timing
from genbench.seeds import commitment, derived
from genbench.store.stage_folder import Result

F = TypeVar("F")
CHECKPOINT = "checkpoint.safetensors"


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
        before: the sections before that in which it is made ready.
        own: the sections that are its own work, as opposed to what the harness costs.
        share: of it in the bar of a run, relative to the others.
        after: names of the stages of the same trial that have to end before it.
        within_task: whether it waits for those of its own task alone.
        across_tasks: names of those that it waits for nevertheless, whatever their task.
        sole: whether one task of a suite may list it: a trial has it once, and what it does is that task's.
        exclusive: whether nothing may run beside it: its time is a result.
        trusted: whether no plugin's code runs in it.
        sealed: whether it is shown test rows, or questions made of them, of which it may leave nothing to other stages.
        secret: the section at whose start it is told what its seeds are made of; "": it has no secret.
        pace: how its timed run goes, from its inputs; None: it marks any number of calls.
        again: the function that draws one of its scored batches again, "module:name", from its inputs; "": none does.
        telling: what its process is told after each lap of its timed section, and in no file; None: nothing.
        kept_laps: of how many laps of its timed section, from the first on, it leaves what they drew, from its inputs;
            what it committed to there is kept. None: of none.
        overdrawn: what it took beyond its budget, in words, from its inputs, its facts and its outcome; None where it
            kept to it.
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
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    within_task: bool = False
    across_tasks: tuple[str, ...] = ()
    sole: bool = False
    exclusive: bool = False
    trusted: bool = False
    sealed: bool = False
    secret: str = ""
    evidence: str = ""
    pace: Callable[[Any], Pace] | None = None
    again: Callable[[Any], str] = lambda inputs: ""
    telling: "Callable[[Given], Telling] | None" = None
    kept_laps: Callable[[Any], int] | None = None
    fault: Callable[[Path], str | None] = lambda folder: None
    timing: Callable[[Any, F, Outcome], Timing] | None = None
    overdrawn: Callable[[Any, F, Outcome], str | None] = lambda inputs, facts, outcome: None


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
        if other.stage.name not in self.stage.after or other.trial.slug != self.trial.slug:
            return False
        alike = other.asked is None or self.asked is None or other.asked.name == self.asked.name
        return alike or not self.stage.within_task or other.stage.name in self.stage.across_tasks


class Lacking(Exception):
    """A step cannot run, since what it needs is not there; its words say what."""


@dataclass(frozen=True)
class Posed:
    """An exam's files."""

    questions: Kept
    warm_up: Kept
    key: Kept


@dataclass(frozen=True)
class Ground:
    """What all steps of a run stand on.

    Args:
        suite: the protocol.
        asked: its tasks.
        data: laid down.
        probe: of the machine.
        parts: the part plugins, whose code scores depend on.
        root: the run's folder.
        exams: by the suite's name of a task, the questions and the key that were posed.
        secrets: what the seeds of a trial's scored draws are made of, by its slug.
        hides: where data lie that no confined plugin may open, as a Confinement has it.
    """

    suite: Suite
    asked: tuple[Asked, ...]
    data: LaidData
    probe: Probe
    parts: tuple[Plugin, ...]
    root: Path
    exams: Mapping[str, Posed] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    hides: tuple[str, ...] = ()

    def rows(self, *splits: str) -> SplitFiles:
        """Splits of the data."""
        return SplitFiles(self.data.path, self.data.facts.sha256, splits)


@dataclass(frozen=True)
class Given:
    """What a step may make its inputs of: the ground, and the results of its trial's steps that have ended."""

    ground: Ground
    step: Step
    results: Mapping[str, Result[Any]]

    @property
    def trial(self) -> Trial:
        """The step's."""
        return self.step.trial

    @property
    def suite(self) -> Suite:
        """The run's."""
        return self.ground.suite

    def result(self, stage: Stage[F], label: str = "") -> Result[F] | None:
        """How another stage of this trial ended, if it has."""
        name = f"{stage.name}/{label}" if label else stage.name
        return cast("Result[F] | None", self.results.get(name))

    def ended(self, stage: Stage[F], label: str = "") -> Result[F]:
        """The result of a stage that did its work.

        Raises:
            Lacking: it did not.
        """
        result = self.result(stage, label)
        if result is None or not result.ok:
            raise Lacking(f"{stage.name}: {result.status.value if result else 'has not run'}")
        return result

    def kept(self, stage: Stage[Any], label: str, file: str) -> Kept:
        """A file that a stage of this trial left.

        Raises:
            Lacking: it did not do its work.
        """
        place = self.ground.root / self.trial.slug / stage.name / label / file
        return Kept(str(place), self.ended(stage, label).outputs[file])

    @property
    def subject(self) -> Subject:
        """The trial's model, as its process is told."""
        trial, suite = self.trial, self.suite
        return Subject(
            trial.model.plugin,
            trial.listing.name,
            trial.reference,
            dict(trial.settings),
            trial.seed,
            suite.dataset.partition(":")[0],
            self.ground.probe.machine.device,
            suite.threads,
            tuple(Kept(str(asset.path), asset.sha256) for asset in trial.listing.assets),
        )

    def fitted(self, fit: Stage[Any]) -> Fitted:
        """The fitted model.

        Raises:
            Lacking: it was not fitted.
        """
        return Fitted(self.subject, self.kept(fit, "", CHECKPOINT))

    @property
    def secret(self) -> str:
        """What the step's seeds are made of; 64 hexadecimal digits."""
        return derived(self.ground.secrets[self.trial.slug], self.step.name)

    @property
    def commitment(self) -> str:
        """What the step's inputs say of its secret."""
        return commitment(self.secret)
