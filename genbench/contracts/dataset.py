"""Dataset: named, sourced, licensed data in a Space, with fixed train, valid, test and held splits."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from genbench.errors import GenbenchError
from genbench.files.codec import encoded
from genbench.files.sequences import fault
from genbench.records.space import Space
from genbench.seeds import seed_for

SPLITS = ("train", "valid", "test", "held")
LATER = ("end", "symbols")  # fields of a Space that stand in no hash where they are null: it had none of them once
LARGEST_CUT = 4  # a quarter of train, at most, becomes held


@dataclass(frozen=True)
class Examples:
    """The rows of one split.

    Args:
        x: [N, *shape], of the Space's storage dtype (uint8, int32 or float32).
        y: [N] int64 class labels in [0, classes), or None where the Space has no classes.
        attributes: what else is known of each row, name → [N, …]. Who poses and who marks questions may look; a plugin
            never does, in any stage.
        captions: [N] texts, one that says what is to be seen of each row, or None where nothing is said.
    """

    x: NDArray[Any]
    y: NDArray[np.int64] | None = None
    attributes: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    captions: NDArray[np.str_] | None = None

    def __len__(self) -> int:
        return len(self.x)

    def rows(self, which: NDArray[np.int64]) -> "Examples":
        """Some of the rows, by their indices, as a copy."""
        y = None if self.y is None else self.y[which]
        captions = None if self.captions is None else self.captions[which]
        return Examples(self.x[which], y, {name: x[which] for name, x in self.attributes.items()}, captions)


CUT = Examples(np.empty(0))  # in the place of `held`: it is cut from train


@dataclass(frozen=True)
class Splits:
    """A dataset's content: its Space and the four splits, which share no row.

    `valid` is what a model may watch while it trains; `test` is what scores compare with, and a model meets it at the
    very end, where its density is asked for; `held` is what no plugin ever sees: the real-data control shows it, and
    gates hold samples against it.

    A dataset that gives no `held` has it cut from `train`: as many rows as `test` has, at most a quarter of `train`,
    stratified by class, the same ones at every call.

    Raises:
        ValueError: a split that does not lie in the Space.
        GenbenchError: `held` is not given, and `train` is too small to be cut.
    """

    space: Space
    train: Examples
    valid: Examples
    test: Examples
    held: Examples = CUT
    held_is_cut: bool = field(default=False, init=False, compare=False)  # from `train`, since none was given

    def __post_init__(self) -> None:
        if self.held is CUT:
            _check(self.space, "train", self.train)
            train, held = _cut(self.train, len(self.test))
            object.__setattr__(self, "train", train)
            object.__setattr__(self, "held", held)
            object.__setattr__(self, "held_is_cut", True)
        for name in SPLITS:
            _check(self.space, name, getattr(self, name))
        if len({getattr(self, name).captions is None for name in SPLITS}) > 1:
            raise ValueError("captions: either all splits have some or none has")

    @property
    def watched(self) -> "Splits":
        """What a model may watch, by itself: valid stands in the places of test and held, of which no row is left."""
        return Splits(self.space, self.train, self.valid, test=self.valid, held=self.valid)

    @property
    def sha256(self) -> str:
        """SHA-256 of the Space and of every split's bytes: the dataset's identity."""
        told = {name: value for name, value in encoded(self.space).items() if value is not None or name not in LATER}
        state = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
        for name in SPLITS:
            examples: Examples = getattr(self, name)
            state.update(f"{name} {examples.x.shape} {examples.x.dtype}".encode())
            state.update(np.ascontiguousarray(examples.x).data)
            if examples.y is not None:
                state.update(np.ascontiguousarray(examples.y).data)
            for attribute, values in sorted(examples.attributes.items()):  # in no hash where there are none
                state.update(f"{name} {attribute} {values.shape} {values.dtype}".encode())
                state.update(np.ascontiguousarray(values).data)
            if examples.captions is not None:
                state.update(json.dumps(examples.captions.tolist()).encode())
        return state.hexdigest()


def drawn(y: NDArray[Any], count: int, *names: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which rows of a split are drawn and which stay, each in ascending order.

    Rows are shuffled, sorted by class, and `count` of them are taken at equal steps, so that each class has the same
    share in both, within one row.

    Args:
        y: labels [N].
        count: rows to draw, less than N.
        names: what the draw is for; its seed is made of them.
    """
    shuffled = np.random.default_rng(seed_for(*names)).permutation(len(y))
    by_class = shuffled[np.argsort(y[shuffled], kind="stable")]
    taken = (2 * np.arange(count) + 1) * len(y) // (2 * count)  # the middle row of each of `count` equal parts
    return np.sort(by_class[taken]), np.sort(np.delete(by_class, taken))


def _cut(train: Examples, wanted: int) -> tuple[Examples, Examples]:
    """`train` without `held`, and `held`."""
    count = min(wanted, len(train) // LARGEST_CUT)
    if not count:
        raise GenbenchError(
            f"held: expected rows that no model ever sees, got none, and train has too few rows ({len(train)}) to cut "
            "them from it; give Splits(space, train, valid, test, held)"
        )
    labels = np.zeros(len(train), np.int64) if train.y is None else train.y
    held, kept = drawn(labels, count, "held split")
    return train.rows(kept), train.rows(held)


def _check(space: Space, name: str, examples: Examples) -> None:
    x, y = examples.x, examples.y
    if x.dtype != space.storage or x.shape[1:] != space.shape or not len(x):
        raise ValueError(f"{name}: expected rows of {space.shape} {space.storage}, got {x.shape} {x.dtype}")
    if space.levels is not None and (x.min() < 0 or x.max() >= space.levels):
        raise ValueError(f"{name}: values lie in [0, {space.levels}), got {x.min()} to {x.max()}")
    if space.levels is None and not np.isfinite(x).all():
        raise ValueError(f"{name}: values are not all finite")
    if words := fault(x.reshape(-1, space.dim), space.end):
        raise ValueError(f"{name}: holds {words}")
    if (y is None) != (space.classes is None):
        raise ValueError(f"{name}: labels are there exactly where the Space has classes")
    if y is not None and (y.shape != (len(x),) or y.dtype != np.int64 or y.min() < 0 or y.max() >= space.classes):
        raise ValueError(f"{name}: labels are [N] int64 in [0, {space.classes})")
    for attribute, values in examples.attributes.items():
        if len(values) != len(x) or values.dtype == object:
            raise ValueError(f"{name}: {attribute} is known of each of {len(x)} rows, got {len(values)} {values.dtype}")
    texts = examples.captions
    if texts is not None and (texts.shape != (len(x),) or texts.dtype.kind != "U" or not all(texts)):
        raise ValueError(f"{name}: captions are [N] texts, none of them empty, got {texts.shape} {texts.dtype}")


class Dataset(ABC):
    """Where a benchmark's data come from.

    A subclass names itself and returns its splits; it may read files, never draw at random without a fixed seed.
    `NAME:ARGUMENT` (as in `folder:PATH`) reaches the constructor where the class sets `argument`.
    One whose files do not come with it looks for them in `places`, best first, which the harness sets before `splits`.
    What may hold its rows besides is declared in `hides`: no confined plugin can open these files and folders.
    """

    name: ClassVar[str]  #: kebab-case: what a suite says
    source: ClassVar[str]  #: paper or page, with its URL
    license: ClassVar[str]  #: of the data, by its SPDX name where it has one
    argument: ClassVar[str] = ""  #: what follows the colon, in capitals, or "" where nothing does
    extractor: ClassVar[str] = ""  # of its samples' features unless another one is named; "": as their Space says
    training: Sequence[str] = ("train",)  # the splits that its publisher's training set was cut into
    places: Sequence[Path] = ()
    hides: Sequence[str] = ()  # absolute, or below a folder of packages: "sklearn/datasets/data/digits.csv.gz"

    def __init__(self, argument: str = "") -> None:
        if bool(argument) != bool(self.argument):
            form = f"{self.name}:{self.argument}" if self.argument else self.name
            given = f"{self.name}:{argument}" if argument else self.name
            raise GenbenchError(f"the dataset is written {form}, got {given}")

    @abstractmethod
    def splits(self) -> Splits:
        """The data, the same at every call.

        Raises:
            GenbenchError: the data are not there; says how to get them.
        """

    def fetch(self, folder: Path) -> None:  # noqa: B027  # most datasets have nothing to download
        """Download what `splits` will look for into `folder`, one of the places.

        Raises:
            GenbenchError: the network or the server would not.
        """
