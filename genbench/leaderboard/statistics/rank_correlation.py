"""Rank correlation: how alike two orders of the same candidates are."""

import math
from collections.abc import Sequence


def kendall(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Kendall's τ_b of two sequences of equal length, in [-1, 1]; None where all values of one are equal.

    Source: Kendall 1945, "The treatment of ties in ranking problems", https://doi.org/10.2307/2332303
    """
    import numpy as np  # here, so that a leaderboard is read without NumPy

    values = np.array([first, second], float)  # [2, N]
    one, other = np.sign(values[:, :, None] - values[:, None, :]).astype(int)  # [N, N], each pair twice
    untied = int(np.count_nonzero(one)) * int(np.count_nonzero(other)) // 4
    return int((one * other).sum()) // 2 / math.sqrt(untied) if untied else None
