"""Neighbours: who is nearest to whom, and how far."""

from dataclasses import dataclass

import numpy as np

from genbench.errors import Unavailable
from genbench.geometry.cloud import Cloud, Indices, Reals, Vectors, squared_distances, wide_distances
from genbench.geometry.products import Products
from genbench.geometry.sweep import Reduction
from genbench.geometry.workers import workers

SPARE = 2  # candidates kept beyond the k nearest, so that float32 noise among them does not lose one
CROWD = 4  # times as many candidates as are kept: from there on the block's best are looked for
ENTRIES = 2**21  # distances in float64 that a worker holds at a time: 16 MB
MOST = 1e11  # differences of single features that may be taken once more: some minutes

Candidates = tuple[Indices, Indices, Vectors]  # rows, columns and nearness of pairs


@dataclass(frozen=True)
class Nearest:
    """The k vectors of a set that are nearest to each of N vectors, nearest first.

    Args:
        squared: [N, k] float64 squared distances; infinite where the set has fewer than k.
        indices: [N, k] the rows that these are.
    """

    squared: Reals
    indices: Indices


class Neighbours(Reduction):
    """The k nearest columns of each row, sorted, with exact distances; a vector is no neighbour of itself.

    Float32 products choose k + 2 candidates, and the distances of those are then taken in float64 from the
    differences, so that copies are at exactly 0. Where float32's rounding might hide a nearer vector behind the last
    candidate, all vectors are looked at again in float64, and those within its rounding by their differences.

    Args:
        rows_of, columns_of: the clouds; the same object for the neighbours within one cloud.
        k: how many, at least 1.
    """

    def __init__(self, rows_of: Cloud, columns_of: Cloud, k: int) -> None:
        self._rows_of, self._columns_of, self.k = rows_of, columns_of, k
        self._bound = (columns_of.half_norms - columns_of.slack).astype(np.float32)
        # The most that x·y - |y|²/2 can be but for the row's own slack, greatest first.
        self._nearness = np.full((len(rows_of), k + SPARE), -np.inf, np.float32)
        self._index = np.zeros((len(rows_of), k + SPARE), np.intp)

    def part(self, rows: slice, columns: slice, products: Products) -> Candidates:
        """The pairs that may displace a candidate of their row; among equally near ones lower columns are kept."""
        bound, worst = self._bound[columns], self._nearness[rows, -1].copy()  # the original may rise meanwhile
        known = np.isfinite(worst).all()
        pairs = products.above(worst, bound) if known else None
        if pairs is None or len(pairs.i) > CROWD * worst.size * self._index.shape[1]:
            pairs = products.leading(bound, self._index.shape[1] + 1)  # one more: a vector is its own nearest
        nearness = pairs.products - bound[pairs.j]
        i, j = pairs.i + rows.start, pairs.j + columns.start
        if self._rows_of is not self._columns_of:
            return i, j, nearness
        others = i != j
        return i[others], j[others], nearness[others]

    def add(self, rows: slice, columns: slice, part: Candidates) -> None:
        """Merge the block's candidates into those of their rows."""
        i, j, nearness = part
        touched = np.unique(i)  # rows without a new candidate stay as they are
        kept = self._index.shape[1]
        i = np.concatenate([np.repeat(touched, kept), i])
        j = np.concatenate([self._index[touched].ravel(), j])
        nearness = np.concatenate([self._nearness[touched].ravel(), nearness])
        order = np.lexsort((j, -nearness, i))
        first = np.searchsorted(i[order], touched)
        best = order[first[:, None] + np.arange(kept)]  # [rows, k + 2]
        self._index[touched], self._nearness[touched] = j[best], nearness[best]

    def nearest(self) -> tuple[Reals, Indices]:
        """Squared distances [N, k] float64, ascending, and the columns [N, k] that they lead to.

        Where fewer than k columns exist the distances are infinite. Equal distances stand in the order of columns.

        Raises:
            Unavailable: so many vectors lie within rounding of each other that it would take too long.
        """
        row = np.repeat(np.arange(len(self._rows_of)), self._index.shape[1])
        with workers() as (pool, count):
            shares = zip(np.array_split(row, count), np.array_split(self._index.ravel(), count), strict=True)
            parts = pool.map(
                lambda share: squared_distances(self._rows_of.x, share[0], self._columns_of.x, share[1]), shares
            )
            squared = np.concatenate(list(parts))
        squared = np.where(np.isfinite(self._nearness), squared.reshape(self._index.shape), np.inf)
        order = np.lexsort((self._index, squared), axis=1)[:, : self.k]
        squared, index = np.take_along_axis(squared, order, 1), np.take_along_axis(self._index, order, 1)
        self._settle(squared, index)
        return squared, index

    def _settle(self, squared: Reals, index: Indices) -> None:
        """Put what was missed into the rows whose last candidate is no farther than rounding lets the k-th be."""
        own, last = self._rows_of, squared[:, -1]
        least = own.half_norms - last / 2 - own.slack  # nearness of the k-th at which none is missed
        (rows,) = np.nonzero((self._nearness[:, -1] >= least) & (last > 0) & np.isfinite(last))
        step = max(1, ENTRIES // len(self._columns_of))
        chunks = [rows[start : start + step] for start in range(0, len(rows), step)]
        taken = 0
        with workers() as (pool, _):
            for chunk, i, j, found in pool.map(lambda chunk: self._within(chunk, last), chunks):
                taken += len(i) * own.dim
                if taken > MOST:
                    raise Unavailable(
                        f"more than {MOST:g} feature differences lie within rounding: the vectors are too close "
                        "together for their distance from the others, or too many are equally near"
                    )
                order = np.lexsort((j, found, i))
                best = order[np.searchsorted(i[order], np.arange(len(chunk)))[:, None] + np.arange(self.k)]
                squared[chunk], index[chunk] = found[best], j[best]

    def _within(self, chunk: Indices, last: Reals) -> tuple[Indices, Indices, Indices, Reals]:
        """The pairs of some rows that may be no farther than `last`, counted from the chunk's first, with distances."""
        rows_of, columns_of = self._rows_of, self._columns_of
        share = 2 * rows_of.rounding(np.float64)
        limit = last[chunk] + share * rows_of.half_norms[chunk]
        parts = []
        for columns in columns_of.blocks(1024):
            near = wide_distances(rows_of, chunk, columns_of, columns)
            near -= share * columns_of.half_norms[columns]
            if rows_of is columns_of:
                own = (chunk >= columns.start) & (chunk < columns.stop)
                near[own, chunk[own] - columns.start] = np.inf
            i, j = np.nonzero(near <= limit[:, None])
            parts.append((i, j + columns.start))
        i, j = (np.concatenate(found) for found in zip(*parts, strict=True))
        return chunk, i, j, squared_distances(rows_of.x, chunk[i], columns_of.x, j)
