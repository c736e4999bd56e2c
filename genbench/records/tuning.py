"""Tuning: which configurations of a model were tried, what each got on the valid split, and which one was kept."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

from genbench.errors import GenbenchError
from genbench.files import codec
from genbench.files.codec import Count, Meta, Number
from genbench.records.kinds import Direction, Value

FOLDER = "tuning"  # in a run's folder: a file a model
Text = Annotated[str, Meta(min_length=1)]


@dataclass(frozen=True)
class TunedTrial:
    """One configuration and what became of it."""

    number: Count
    """0 for the defaults; all others are random draws."""
    reference: Text
    """The model as one writes it."""
    settings: Mapping[str, Value]
    """Every setting with its value."""
    value: Number | None
    """The criterion on the valid split; null where the trial failed."""
    reason: str = ""
    """Why there is no value."""


@dataclass(frozen=True)
class AtBudget:
    """The criterion of one configuration on the test split at one training budget."""

    reference: Text
    """The model as one writes it."""
    images: Count
    """The budget: training images, repeats included."""
    values: tuple[Number, ...]
    """By training seed, of those that gave one."""


@dataclass(frozen=True)
class Tuning:
    """How a model was tuned."""

    default: Text
    """The model as it was named: trial 0."""
    task: Text
    """Whose candidates were compared, by the suite's name of it."""
    sampler: str
    """The preset that counted, the model's first one."""
    criterion: Text
    """The score that decided."""
    title: str
    """Of the score, as a column has it."""
    direction: Direction
    """Which way is better."""
    suite: Text
    """The protocol of the trials."""
    protocol: Text
    """Its SHA-256: the data are others than the board's, since valid stands in the places of test and held."""
    images: Count
    """Training budget of each trial, the same for every model."""
    rows: Count
    """Of the valid split, with which samples were compared."""
    seed: int
    """By which configurations were drawn."""
    searched: Mapping[str, str]
    """Setting → where it was searched, in words."""
    trials: tuple[TunedTrial, ...]
    """By number."""
    budgets: tuple[AtBudget, ...] = ()
    """What the default and the best got at other training budgets."""

    @cached_property
    def best(self) -> TunedTrial | None:
        """The trial with the best value, the first of equals; None where none has a value."""
        known = [trial for trial in self.trials if trial.value is not None]
        return max(known, key=lambda trial: (self.oriented(trial.value or 0.0), -trial.number), default=None)

    @property
    def drawn(self) -> tuple[float, ...]:
        """The values of the random draws, more is better; one that failed counts as the worst that any trial got.

        Empty where no trial has a value.
        """
        known = [self.oriented(trial.value) for trial in self.trials if trial.value is not None]
        worst = min(known, default=math.nan)
        own = (trial for trial in self.trials if trial.number and known)
        return tuple(worst if trial.value is None else self.oriented(trial.value) for trial in own)

    def oriented(self, value: float) -> float:
        """The value, turned so that more is better."""
        return value if self.direction is Direction.HIGHER else -value


def write(root: Path, name: str, tuning: Tuning) -> None:
    """Write the tuning of a model.

    Args:
        root: the run's folder.
        name: of the file: the model's, with a digest where settings were given.
    """
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    codec.write(folder / f"{name}.json", tuning)


def beside(root: Path) -> tuple[Tuning, ...]:
    """The tunings in a run's folder, or in a board's; by the files' names.

    Raises:
        GenbenchError: a file of them is none.
    """
    return tuple(_read(path) for path in sorted((root / FOLDER).glob("*.json")))


def _read(path: Path) -> Tuning:
    try:
        return codec.read(Tuning, path)
    except GenbenchError as error:
        raise GenbenchError(f"{path} is no tuning: {error}; `genbench tune` writes it anew") from None
