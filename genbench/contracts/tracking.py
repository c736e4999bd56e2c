"""Tracking: what a part is told of a run while it goes. Fields are added here, and none is renamed or taken away."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from genbench.records.status import Status


@dataclass(frozen=True)
class RunStarted:
    """A run whose plan is fixed and whose data are there."""

    suite: str
    """The name."""
    title: str
    """Of the suite's board."""
    protocol: str
    """SHA-256 of what makes its numbers comparable."""
    dataset: str
    """NAME or NAME:ARGUMENT."""
    tasks: tuple[str, ...]
    """By the suite's names."""
    models: tuple[str, ...]
    """With their settings, as users write them; controls are left out."""
    seeds: tuple[int, ...]
    """Of the models' training."""
    trials: int
    """How many there are, those of controls and those that are finished already included."""
    folder: Path
    """runs/SUITE: where all that is kept of it lies."""


@dataclass(frozen=True)
class StageEnded:
    """A stage of a trial that has ended, or was found finished."""

    model: str
    """With its settings."""
    seed: int
    """Of the training."""
    stage: str
    """With its sampler, solver or task behind a slash: `sample/ddim-25`."""
    status: Status
    """How it ended."""
    reason: str
    """Why, in words; "" where it is ok."""
    seconds: float
    """Wall time of its process, in this run or in an earlier one."""
    reused: bool
    """Whether it was found finished, and nothing ran."""
    control: bool = False
    """Whether the model is one of the harness's own."""


@dataclass(frozen=True)
class CurvePoint:
    """What a model logged in its training."""

    model: str
    """With its settings."""
    seed: int
    """Of the training."""
    images: int
    """Training images seen until then, repeats included."""
    seconds: float
    """Of its fit until then."""
    numbers: Mapping[str, float]
    """By the model's own names, finite."""


@dataclass(frozen=True)
class BoardSummary:
    """What the board of one task says at the end."""

    task: str
    """By the suite's name."""
    verdict: str
    """In short sentences."""
    candidates: tuple[str, ...]
    """In the order of the board's rows, the controls left out."""
    failures: int
    """Stages and candidates that have no result, of all seeds."""


@dataclass(frozen=True)
class RunDone:
    """A run that has ended, in whatever way."""

    suite: str
    """The name."""
    folder: Path
    """runs/SUITE."""
    finished: bool
    """Whether all trials have a record; else it was stopped."""
    reason: str
    """Why it was stopped, in words; "" where it finished."""
    seconds: float
    """Wall time of it."""
    report: Path | None = None
    """The first page of its site; None where there is none."""
    boards: tuple[BoardSummary, ...] = ()
    """Of all records of the protocol in the folder, those of earlier runs too; () where it was stopped."""
