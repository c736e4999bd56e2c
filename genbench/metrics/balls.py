"""Balls: which vectors of one cloud lie in balls around the vectors of another."""

import numpy as np
from numpy.typing import NDArray

from genbench.metrics.cloud import Cloud, Indices, Reals, Vectors, squared_distances
from genbench.metrics.sweep import Reduction


class Balls(Reduction):
    """Counts, for each ball, the points in it, and for each point, the balls around it.

    Float32 products decide the clear cases; a pair near a ball's surface is decided by its exact distance, so that
    the counts are those of float64 and ties fall as `closed` says.

    Args:
        centres, points: the clouds of the rows and of the columns; they share their centre.
        squared_radii: [N] float64, one for each centre.
        closed: whether a ball's surface belongs to it (`<=`) or not (`<`).
    """

    def __init__(self, centres: Cloud, points: Cloud, squared_radii: Reals, *, closed: bool) -> None:
        self._centres, self._points = centres, points
        self._squared_radii, self._closed = squared_radii, closed
        # y may lie in the ball around x where x·y >= (|x|² - r²)/2 + |y|²/2 - slack(x) - slack(y).
        self._row_bound = (centres.half_norms - squared_radii / 2 - centres.slack).astype(np.float32)
        self._column_bound = (points.half_norms - points.slack).astype(np.float32)
        self.points_in_ball = np.zeros(len(centres), np.int64)
        self.balls_around_point = np.zeros(len(points), np.int64)

    def take(self, rows: slice, columns: slice, products: Vectors) -> None:
        """Add the block's pairs to the counts."""
        margin = products - self._column_bound[columns]
        margin -= self._row_bound[rows, None]
        i, j = np.divmod(np.flatnonzero(margin >= 0), margin.shape[1])
        inside = self._inside(margin[i, j], i + rows.start, j + columns.start)
        self.points_in_ball[rows] += np.bincount(i[inside], minlength=len(margin))
        self.balls_around_point[columns] += np.bincount(j[inside], minlength=margin.shape[1])

    def _inside(self, margin: Vectors, i: Indices, j: Indices) -> NDArray[np.bool_]:
        """Which of the pairs (i, j) that may lie inside do."""
        near = margin <= 2 * (self._centres.slack[i] + self._points.slack[j])
        squared = squared_distances(self._centres.x, i[near], self._points.x, j[near])
        radii = self._squared_radii[i[near]]
        inside = np.ones(len(i), np.bool_)
        inside[near] = squared <= radii if self._closed else squared < radii
        return inside
