"""Dataset: named, sourced, licensed data in a Space, with fixed train, valid and test splits."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from genbench.errors import GenbenchError
from genbench.files.codec import encoded
from genbench.records.space import Space

SPLITS = ("train", "valid", "test")


@dataclass(frozen=True)
class Examples:
    """The rows of one split.

    Args:
        x: [N, *shape], of the Space's storage dtype (uint8, int32 or float32).
        y: [N] int64 class labels in [0, classes), or None where the Space has no classes.
    """

    x: NDArray[Any]
    y: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True)
class Splits:
    """A dataset's content: its Space and the three splits, which share no row.

    `valid` is what a model may watch while it trains and what the real-data control shows;
    `test` is what scores compare with, and models never see it.
    """

    space: Space
    train: Examples
    valid: Examples
    test: Examples

    def __post_init__(self) -> None:
        for name in SPLITS:
            _check(self.space, name, getattr(self, name))

    @property
    def sha256(self) -> str:
        """SHA-256 of the Space and of every split's bytes: the dataset's identity."""
        state = hashlib.sha256(json.dumps(encoded(self.space), sort_keys=True).encode())
        for name in SPLITS:
            examples: Examples = getattr(self, name)
            state.update(f"{name} {examples.x.shape} {examples.x.dtype}".encode())
            state.update(np.ascontiguousarray(examples.x).data)
            if examples.y is not None:
                state.update(np.ascontiguousarray(examples.y).data)
        return state.hexdigest()


def _check(space: Space, name: str, examples: Examples) -> None:
    x, y = examples.x, examples.y
    if x.dtype != space.storage or x.shape[1:] != space.shape or not len(x):
        raise ValueError(f"{name}: expected rows of {space.shape} {space.storage}, got {x.shape} {x.dtype}")
    if space.levels is not None and (x.min() < 0 or x.max() >= space.levels):
        raise ValueError(f"{name}: values lie in [0, {space.levels}), got {x.min()} to {x.max()}")
    if space.levels is None and not np.isfinite(x).all():
        raise ValueError(f"{name}: values are not all finite")
    if (y is None) != (space.classes is None):
        raise ValueError(f"{name}: labels are there exactly where the Space has classes")
    if y is not None and (y.shape != (len(x),) or y.dtype != np.int64 or y.min() < 0 or y.max() >= space.classes):
        raise ValueError(f"{name}: labels are [N] int64 in [0, {space.classes})")


class Dataset(ABC):
    """Where a benchmark's data come from.

    A subclass names itself and returns its splits; it may read files, never draw at random without a fixed seed.
    `NAME:ARGUMENT` (as in `folder:PATH`) reaches the constructor where the class sets `argument`.
    One whose files do not come with it looks for them in `places`, best first, which the harness sets before `splits`.
    """

    name: ClassVar[str]
    source: ClassVar[str]  # paper or page, with its URL
    license: ClassVar[str]
    argument: ClassVar[str] = ""  # what follows the colon, in capitals, or "" where nothing does
    extractor: ClassVar[str] = ""  # of its samples' features unless another one is named; "": as their Space says
    places: Sequence[Path] = ()

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
