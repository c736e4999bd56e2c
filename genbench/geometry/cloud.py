"""Cloud: feature vectors about a centre, cut into blocks, with exact distances where float32 is too coarse."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.geometry.workers import workers

Vectors = NDArray[np.float32]
Reals = NDArray[np.float64]
Features = Vectors | Reals  # float64 where a cut to float32 would lose what tells vectors apart
Indices = NDArray[np.intp]

LARGEST = 1e15  # of a feature's magnitude: its square is still far from float32's end
PAIRS_AT_ONCE = 2**16  # entries of the differences that `squared_distances` holds at a time: they stay in the cache
KEPT = 2**27  # bytes: a set up to this size is centred once and kept
SOME = 200  # vectors that show where most of them lie
DRAWN = 1e3  # times the squared distance from the median that most have from a mean which a few draw away


@dataclass(frozen=True)
class Cloud:
    """Feature vectors x and the centre that inner products are taken about.

    Squared distances come from |x|² + |y|² - 2 x·y, which loses in float32 what the norms have more than the
    distance: a centre near the vectors keeps the norms small.

    Args:
        x: [N, d] float32 or float64.
        centre: [d], of the same type.
    """

    x: Features
    centre: Features

    def __len__(self) -> int:
        return len(self.x)

    @property
    def dim(self) -> int:
        """Features in one vector, d."""
        return int(self.x.shape[1])

    def block(self, rows: slice) -> Vectors:
        """x - centre of some rows, [r, d] float32: what is cut is the difference."""
        return self._centred(rows) if self._kept is None else self._kept[rows]

    @cached_property
    def _kept(self) -> Vectors | None:
        return self._centred(slice(None)) if self.x.nbytes <= KEPT else None

    def _centred(self, rows: slice) -> Vectors:
        block: Vectors = (self.x[rows] - self.centre).astype(np.float32, copy=False)
        return block

    def wide(self, rows: slice | Indices) -> Reals:
        """x - centre of some rows, [r, d] float64."""
        return self.x[rows].astype(np.float64) - self.centre

    def blocks(self, size: int, start: int = 0) -> Iterator[slice]:
        """Slices of at most `size` rows, in order, from row `start` on."""
        for first in range(start, len(self), size):
            yield slice(first, min(first + size, len(self)))

    @cached_property
    def half_norms(self) -> Reals:
        """|x - centre|² / 2 of each row, [N] float64."""
        with workers() as (pool, _):
            parts: list[Reals] = list(pool.map(lambda rows: _squared_norms(self.block(rows)), self.blocks(1024)))
        half_norms: Reals = np.concatenate(parts) / 2
        return half_norms

    @cached_property
    def slack(self) -> Reals:
        """[N] float64; a float32 inner product of x and y is off by less than slack(x) + slack(y)."""
        return self.rounding(np.float32) * self.half_norms

    def rounding(self, kind: type[np.floating[Any]]) -> float:
        """The share of `half_norms` that inner products of this type may be off by."""
        return float(np.finfo(kind).eps) * (16 + math.sqrt(self.dim))


def cloud(x: Features, about: Features) -> Cloud:
    """The vectors x about the mean of the vectors `about`; about their medians where a few draw the mean away."""
    mean: Reals = about.mean(axis=0, dtype=np.float64)
    some = about[:: max(1, len(about) // SOME)].astype(np.float64)
    median: Reals = np.median(some, axis=0)
    typical, least = (float(np.median(_squared_norms(some - centre))) for centre in (mean, median))
    centre = median if typical > DRAWN * least > 0 else mean
    return Cloud(x, centre if about.dtype == np.float64 else centre.astype(np.float32))


def wide_distances(rows_of: Cloud, rows: Indices, columns_of: Cloud, columns: slice | Indices) -> Reals:
    """|x - y|² of all pairs of some rows and columns, [r, c], from products about the centre in float64.

    They are off by less than `rounding(float64)` of the two squared norms together.
    """
    a, b = rows_of.wide(rows), columns_of.wide(columns)
    squared: Reals = a @ b.T
    squared *= -2
    squared += np.einsum("nd,nd->n", a, a)[:, None]
    squared += np.einsum("nd,nd->n", b, b)
    return squared


def squared_distances(x: Features, i: Indices, y: Features, j: Indices) -> Reals:
    """|x[i] - y[j]|² of P pairs, [P] float64, from the differences: equal vectors are at 0, and order is immaterial.

    Args:
        x, y: [N, d] and [M, d] float32 or float64.
        i, j: [P] row numbers.
    """
    step = max(1, PAIRS_AT_ONCE // x.shape[1])
    distances = np.empty(len(i))
    for start in range(0, len(i), step):
        pairs = slice(start, start + step)
        distances[pairs] = _squared_norms(x[i[pairs]], y[j[pairs]])
    return distances


def _squared_norms(x: Features, y: Features | None = None) -> Reals:
    difference = x.astype(np.float64)
    if y is not None:
        difference -= y
    norms: Reals = np.einsum("nd,nd->n", difference, difference)
    return norms
