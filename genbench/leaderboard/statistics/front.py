"""The Pareto front, and the volume of what it dominates."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Point = Sequence[float]


def pareto_front(points: Sequence[Point]) -> list[bool]:
    """Whether each point is dominated by no other, where larger is better on every axis.

    A point dominates another if it is at least as good on every axis and better on one; equal points share their fate.

    Args:
        points: [N][axes] finite numbers.
    """
    import numpy as np  # here, so that a leaderboard is read without NumPy

    if len({len(point) for point in points}) > 1:
        raise ValueError("some points have more axes than others")
    values = np.array(points, float).reshape(1, len(points), -1 if points else 1)
    return [bool(on) for on in fronts(values)[0]]


def fronts(values: "NDArray[np.float64]") -> "NDArray[np.bool_]":
    """Whether each point of many sets is dominated by no other of its set.

    In the order of the first axis, ties by the next ones, none is dominated by a later one: the first that is left is
    on the front, and what it dominates is taken out, until nothing is left.

    Args:
        values: [sets, N, axes], finite.
    Returns:
        [sets, N].
    """
    import numpy as np

    sets = np.arange(len(values))
    order = np.lexsort(-values.transpose(2, 0, 1)[::-1], axis=-1)  # [sets, N]
    sorted_ = np.take_along_axis(values, order[:, :, None], axis=1)
    left, on = np.ones(order.shape, bool), np.zeros(order.shape, bool)
    while len(sets := sets[left[sets].any(1)]):
        first = left[sets].argmax(1)
        point, others = sorted_[sets, first][:, None], sorted_[sets]
        on[sets, first] = True
        left[sets] &= (others > point).any(2) | (others == point).all(2)
        left[sets, first] = False
    found = np.empty_like(on)
    np.put_along_axis(found, order, on, axis=1)
    return found


def hypervolume(points: Sequence[Point]) -> float:
    """The volume of the union of the boxes [0, point], in [0, 1] for points of the unit cube.

    By slabs of the last axis: between two heights the union is that, one axis lower, of the points above.

    Args:
        points: [N][axes] in [0, 1], larger is better; no points dominate nothing.
    Source: Zitzler and Thiele 1998, Multiobjective optimization using evolutionary algorithms,
        https://doi.org/10.1007/BFb0056872
    """
    import numpy as np

    return _volume(np.array(points, float)) if points else 0.0


def _volume(points: "NDArray[np.float64]") -> float:
    """The same of an array [N, axes]."""
    import numpy as np

    points = points[np.argsort(-points[:, -1], kind="stable")]
    heights = points[:, -1] - np.append(points[1:, -1], 0.0)  # of the slabs, each below one point
    if points.shape[1] == 1:
        return float(points[0, 0])
    if points.shape[1] == 2:
        areas = np.maximum.accumulate(points[:, 0])
    else:
        areas = np.array([_volume(points[:place, :-1]) if height else 0.0 for place, height in enumerate(heights, 1)])
    return float(np.cumsum(heights * areas)[-1])
