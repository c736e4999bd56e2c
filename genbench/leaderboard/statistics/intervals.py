"""Intervals over training seeds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """A mean over seeds and the half width of its confidence interval, both in the values' unit.

    `half_width` is None below two values: one seed says nothing about the spread.
    """

    mean: float
    half_width: float | None


def interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """Mean ± half width of Student's t interval, t(n - 1) · s / √n, of values that independent seeds gave.

    Args:
        values: at least one finite number.
        confidence: the interval's coverage under normality, in (0, 1).
    Raises:
        ValueError: no values.
    Source: Student 1908, "The probable error of a mean", https://doi.org/10.2307/2331554
    """
    n = len(values)
    if not n:
        raise ValueError("an interval needs at least one value")
    mean = math.fsum(values) / n
    if n == 1:
        return Interval(mean, None)
    from scipy.special import stdtrit  # here, so that a leaderboard is read without SciPy

    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1))
    return Interval(mean, float(stdtrit(n - 1, (1 + confidence) / 2)) * deviation / math.sqrt(n))
