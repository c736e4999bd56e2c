"""Neighbours: who is nearest to whom, and how far."""

import numpy as np

from genbench.metrics.cloud import Cloud, Indices, Reals, Vectors, squared_distances
from genbench.metrics.sweep import Reduction

SPARE = 2  # candidates kept beyond the k nearest, so that float32 noise among them does not lose one


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
        self._nearness = np.full((len(rows_of), k + SPARE), -np.inf, np.float32)  # x·y - |y|²/2: greatest is nearest
        self._index = np.zeros((len(rows_of), k + SPARE), np.intp)

    def take(self, rows: slice, columns: slice, products: Vectors) -> None:
        """Merge the block's nearest columns into the candidates of its rows."""
        nearness = np.subtract(products, self._half_norms[columns], order="C")
        if self._rows_of is self._columns_of and rows == columns:
            np.fill_diagonal(nearness, -np.inf)
        keep = min(self.k + SPARE, nearness.shape[1])
        best = np.argpartition(nearness, -keep, axis=1)[:, -keep:]
        nearness = np.concatenate([self._nearness[rows], np.take_along_axis(nearness, best, 1)], axis=1)
        index = np.concatenate([self._index[rows], best + columns.start], axis=1)
        best = np.argpartition(nearness, -(self.k + SPARE), axis=1)[:, -(self.k + SPARE) :]
        self._nearness[rows] = np.take_along_axis(nearness, best, 1)
        self._index[rows] = np.take_along_axis(index, best, 1)

    def nearest(self) -> tuple[Reals, Indices]:
        """Squared distances [N, k] float64, ascending, and the columns [N, k] that they lead to.

        Where fewer than k columns exist the distances are infinite. Equal distances stand in the order of columns.
        """
        row = np.repeat(np.arange(len(self._rows_of)), self._index.shape[1])
        squared = squared_distances(self._rows_of.x, row, self._columns_of.x, self._index.ravel())
        squared = np.where(np.isfinite(self._nearness), squared.reshape(self._index.shape), np.inf)
        order = np.lexsort((self._index, squared), axis=1)[:, : self.k]
        return np.take_along_axis(squared, order, 1), np.take_along_axis(self._index, order, 1)
