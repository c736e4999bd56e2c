"""Balls: which vectors of one cloud lie in balls around the vectors of another."""

import numpy as np
from numpy.typing import NDArray

from genbench.geometry.cloud import Cloud, Indices, Reals, Vectors, squared_distances, wide_distances
from genbench.geometry.products import Pairs, Products
from genbench.geometry.sweep import Reduction

DENSE = 0.02  # of a block's pairs: from there on float64 products tell first which are really near a surface

Counts = tuple[NDArray[np.int64], NDArray[np.int64]]  # points in each ball, balls around each point


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
        self.row_bound = (centres.half_norms - squared_radii / 2 - centres.slack).astype(np.float32)
        self.column_bound = (points.half_norms - points.slack).astype(np.float32)
        self.points_in_ball = np.zeros(len(centres), np.int64)
        self.balls_around_point = np.zeros(len(points), np.int64)

    def part(self, rows: slice, columns: slice, products: Products) -> Counts:
        """The block's counts, of points in balls and of balls around points."""
        return self.counts(rows, columns, products.above(self.row_bound[rows], self.column_bound[columns]))

    def add(self, rows: slice, columns: slice, part: Counts) -> None:
        """Add the block's counts to the whole."""
        self.points_in_ball[rows] += part[0]
        self.balls_around_point[columns] += part[1]

    def counts(self, rows: slice, columns: slice, pairs: Pairs) -> Counts:
        """The counts of a block, of whose pairs all that lie in a ball are given."""
        i, j = pairs.i + rows.start, pairs.j + columns.start
        margin = pairs.products - self.column_bound[j] - self.row_bound[i]
        inside = margin >= 0
        inside[inside] = self._inside(margin[inside], i[inside], j[inside])
        return (
            np.bincount(pairs.i[inside], minlength=rows.stop - rows.start),
            np.bincount(pairs.j[inside], minlength=columns.stop - columns.start),
        )

    def _inside(self, margin: Vectors, i: Indices, j: Indices) -> NDArray[np.bool_]:
        """Which of the pairs (i, j) that may lie inside do."""
        near = margin <= 2 * (self._centres.slack[i] + self._points.slack[j])
        inside = np.ones(len(i), np.bool_)
        inside[near] = self._decided(i[near], j[near])
        return inside

    def _decided(self, i: Indices, j: Indices) -> NDArray[np.bool_]:
        """Which of the pairs (i, j) near a surface lie inside, in float64."""
        rows, row = np.unique(i, return_inverse=True)
        columns, column = np.unique(j, return_inverse=True)
        radii, exact = self._squared_radii[i], np.ones(len(i), np.bool_)
        squared = np.empty(len(i))
        if len(i) > DENSE * len(rows) * len(columns):
            squared = wide_distances(self._centres, rows, self._points, columns)[row, column]
            rounding = 2 * self._centres.rounding(np.float64)
            exact = np.abs(squared - radii) <= rounding * (self._centres.half_norms[i] + self._points.half_norms[j])
        squared[exact] = squared_distances(self._centres.x, i[exact], self._points.x, j[exact])
        return squared <= radii if self._closed else squared < radii


def open_and_closed(centres: Cloud, points: Cloud, squared_radii: Reals) -> tuple[Balls, Balls]:
    """Balls of these radii without and with their surface."""
    return Balls(centres, points, squared_radii, closed=False), Balls(centres, points, squared_radii, closed=True)


class NestedBalls(Reduction):
    """Several balls of the same clouds: only the pairs near the largest one around a centre are looked at."""

    def __init__(self, *balls: Balls) -> None:
        self._balls = balls
        self._row_bound = np.minimum.reduce([each.row_bound for each in balls])

    def part(self, rows: slice, columns: slice, products: Products) -> list[Counts]:
        """The block's counts, for each kind of ball."""
        pairs = products.above(self._row_bound[rows], self._balls[0].column_bound[columns])
        return [balls.counts(rows, columns, pairs) for balls in self._balls]

    def add(self, rows: slice, columns: slice, part: list[Counts]) -> None:
        """Add the block's counts to the whole, for each kind of ball."""
        for balls, counts in zip(self._balls, part, strict=True):
            balls.add(rows, columns, counts)
