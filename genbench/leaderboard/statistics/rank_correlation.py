"""Rank correlation: how alike two orders of the same candidates are."""

import itertools
import math
from collections.abc import Sequence


def kendall(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Kendall's τ_b of two sequences of equal length, in [-1, 1]; None where all values of one are equal.

    Source: Kendall 1945, "The treatment of ties in ranking problems", https://doi.org/10.2307/2332303
    """
    pairs = list(itertools.combinations(zip(first, second, strict=True), 2))
    signs = [(_sign(a[0] - b[0]), _sign(a[1] - b[1])) for a, b in pairs]
    untied = math.prod(sum(sign[side] != 0 for sign in signs) for side in (0, 1))
    return sum(one * other for one, other in signs) / math.sqrt(untied) if untied else None


def _sign(difference: float) -> int:
    return (difference > 0) - (difference < 0)
