"""Given: what the inputs of a step are made of: what a run stands on, and how the trial's other steps ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from genbench.catalogue.plugins import Plugin
from genbench.protocol.inputs import Fitted, Kept, SplitFiles, Subject
from genbench.protocol.stages.services import LaidData, Probe
from genbench.protocol.stages.stage import Stage, Step
from genbench.protocol.suite import Suite
from genbench.protocol.task import Asked
from genbench.protocol.trial import Trial
from genbench.seeds import commitment, derived
from genbench.store.stage_folder import Result

F = TypeVar("F")
CHECKPOINT = "checkpoint.safetensors"


class Lacking(Exception):
    """A step cannot run, since what it needs is not there; its words say what."""


@dataclass(frozen=True)
class Posed:
    """An exam's files."""

    questions: Kept
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
    """

    suite: Suite
    asked: tuple[Asked, ...]
    data: LaidData
    probe: Probe
    parts: tuple[Plugin, ...]
    root: Path
    exams: Mapping[str, Posed] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)

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
