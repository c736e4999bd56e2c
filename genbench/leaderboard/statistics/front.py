"""The Pareto front, and the volume of what it dominates."""

from collections.abc import Sequence

Point = Sequence[float]


def pareto_front(points: Sequence[Point]) -> list[bool]:
    """Whether each point is dominated by no other, where larger is better on every axis.

    A point dominates another if it is at least as good on every axis and better on one; equal points share their fate.

    Args:
        points: [N][axes] finite numbers.
    """
    return [not any(_dominates(other, point) for other in points) for point in points]


def _dominates(one: Point, other: Point) -> bool:
    pairs = list(zip(one, other, strict=True))
    return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)


def hypervolume(points: Sequence[Point]) -> float:
    """The volume of the union of the boxes [0, point], in [0, 1] for points of the unit cube.

    By slabs of the last axis: between two heights the union is that, one axis lower, of the points above.

    Args:
        points: [N][axes] in [0, 1], larger is better; no points dominate nothing.
    Source: Zitzler and Thiele 1998, Multiobjective optimization using evolutionary algorithms,
        https://doi.org/10.1007/BFb0056872
    """
    if points and len(points[0]) == 1:
        return max(point[0] for point in points)
    ordered = sorted(points, key=lambda point: -point[-1])
    volume = 0.0
    for place, point in enumerate(ordered, 1):
        below = ordered[place][-1] if place < len(ordered) else 0.0
        if point[-1] > below:
            volume += (point[-1] - below) * hypervolume([other[:-1] for other in ordered[:place]])
    return volume
