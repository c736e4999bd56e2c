"""Samples: rows that somebody has, with where they come from and the hash of what they are."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.files.rows import blocks
from genbench.records.space import Space

Told = Callable[[str, int, int], None]  # what is being read, how many rows are done, of how many
Source = str | Path | NDArray[Any]  # or a torch tensor, which is one more array


def untold(what: str, done: int, total: int) -> None:
    """Who is not told how far a reading is."""


@dataclass(frozen=True)
class Side:
    """What is known of one side of a comparison.

    Args:
        name: where it comes from.
        n: its rows; None: its file does not tell.
        sha256: of its rows, or of what stands for them.
    """

    name: str
    n: int | None
    sha256: str


@dataclass(frozen=True)
class Samples:
    """Rows that were read, and what their reader should know of them.

    Args:
        name: where they come from: the path, or "an array".
        x: [N, *shape] in the Space's storage dtype; features: float32 [N, d]. Many are read when they are asked for.
        space: where they live.
        warnings: what is allowed and moves scores all the same.
        y: [N] int64 classes, where the file holds them; else None.
        told: hears how far they are read, when all of them are for their hash.
    """

    name: str
    x: NDArray[Any]
    space: Space
    warnings: tuple[str, ...] = ()
    y: NDArray[np.int64] | None = None
    told: Told = untold

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the rows: of their shape, dtype and bytes, in order."""
        return rows_sha256(self.x, self.told, self.name)

    @property
    def side(self) -> Side:
        """Name, number and hash."""
        return Side(self.name, len(self.x), self.sha256)


def rows_sha256(x: NDArray[Any], told: Told = untold, name: str = "samples") -> str:
    """SHA-256 of an array's shape, dtype and bytes."""
    state, done = hashlib.sha256(f"{list(x.shape)} {x.dtype}".encode()), 0
    told(name, done, len(x))
    for block in blocks(x):
        state.update(np.ascontiguousarray(block).data)
        done += len(block)
        told(name, done, len(x))
    return state.hexdigest()
