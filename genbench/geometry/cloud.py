"""Cloud: feature vectors about a centre, cut into blocks, with exact distances where float32 is too coarse."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Reals = NDArray[np.float64]
Indices = NDArray[np.intp]

LARGEST = 1e15  # of a feature's magnitude: its square is still far from float32's end
PAIRS_AT_ONCE = 2**18  # entries of the differences that `squared_distances` holds at a time: they stay in the cache


@dataclass(frozen=True)
class Cloud:
    """Feature vectors x and the centre that inner products are taken about.

    Squared distances come from |x|² + |y|² - 2 x·y, which loses in float32 what the norms have more than the
    distance: a centre near the vectors keeps the norms small.

    Args:
        x: [N, d] float32.
        centre: [d] float32.
    """

    x: Vectors
    centre: Vectors

    def __len__(self) -> int:
        return len(self.x)

    @property
    def dim(self) -> int:
        """Features in one vector, d."""
        return int(self.x.shape[1])

    def block(self, rows: slice) -> Vectors:
        """x - centre of some rows, [r, d] float32."""
        return self.x[rows] - self.centre

    def blocks(self, size: int, start: int = 0) -> Iterator[slice]:
        """Slices of at most `size` rows, in order, from row `start` on."""
        for first in range(start, len(self), size):
            yield slice(first, min(first + size, len(self)))

    @cached_property
    def half_norms(self) -> Reals:
        """|x - centre|² / 2 of each row, [N] float64."""
        parts: list[Reals] = [_squared_norms(self.block(rows)) for rows in self.blocks(1024)]
        half_norms: Reals = np.concatenate(parts) / 2
        return half_norms

    @cached_property
    def slack(self) -> Reals:
        """[N] float64; a float32 inner product of x and y is off by less than slack(x) + slack(y)."""
        share = float(np.finfo(np.float32).eps) * (16 + math.sqrt(self.dim))
        return share * self.half_norms


def cloud(x: Vectors, about: Vectors) -> Cloud:
    """The vectors x about the mean of the vectors `about`."""
    return Cloud(x, about.mean(axis=0, dtype=np.float64).astype(np.float32))


def squared_distances(x: Vectors, i: Indices, y: Vectors, j: Indices) -> Reals:
    """|x[i] - y[j]|² of P pairs, [P] float64, from the differences: equal vectors are at 0, and order is immaterial.

    Args:
        x, y: [N, d] and [M, d] float32.
        i, j: [P] row numbers.
    """
    step = max(1, PAIRS_AT_ONCE // x.shape[1])
    distances = np.empty(len(i))
    for start in range(0, len(i), step):
        pairs = slice(start, start + step)
        distances[pairs] = _squared_norms(x[i[pairs]], y[j[pairs]])
    return distances


def _squared_norms(x: Vectors, y: Vectors | None = None) -> Reals:
    difference = x.astype(np.float64)
    if y is not None:
        difference -= y
    norms: Reals = np.einsum("nd,nd->n", difference, difference)
    return norms
