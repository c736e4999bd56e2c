"""Neighbours: who is nearest to whom, and how far."""

from dataclasses import dataclass

import numpy as np

from genbench.geometry.cloud import Cloud, Indices, Reals, Vectors, squared_distances
from genbench.geometry.products import Products
from genbench.geometry.sweep import Reduction
from genbench.geometry.workers import workers

SPARE = 2  # candidates kept beyond the k nearest, so that float32 noise among them does not lose one
CROWD = 4  # times as many candidates as are kept: from there on the block's best are looked for

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
    differences, so that copies are at exactly 0. Vectors that lie closer together than about 1e-5 of their distance
    from the centre are told apart only among the candidates.

    Args:
        rows_of, columns_of: the clouds; the same object for the neighbours within one cloud.
        k: how many, at least 1.
    """

    def __init__(self, rows_of: Cloud, columns_of: Cloud, k: int) -> None:
        self._rows_of, self._columns_of, self.k = rows_of, columns_of, k
        self._half_norms = columns_of.half_norms.astype(np.float32)
        self._nearness = np.full((len(rows_of), k + SPARE), -np.inf, np.float32)  # x·y - |y|²/2, greatest first
        self._index = np.zeros((len(rows_of), k + SPARE), np.intp)

    def part(self, rows: slice, columns: slice, products: Products) -> Candidates:
        """The pairs that may displace a candidate of their row; among equally near ones lower columns are kept."""
        bound, worst = self._half_norms[columns], self._nearness[rows, -1].copy()  # the original may rise meanwhile
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
        return np.take_along_axis(squared, order, 1), np.take_along_axis(self._index, order, 1)
