"""The best of k trials: what to expect of a search that tries k random configurations and keeps the best."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class BestOf:
    """The largest of k values, as a random variable."""

    k: int
    """How many are drawn."""
    mean: float
    """Of the largest, in the values' unit."""
    variance: float
    """Of the largest, in the square of the values' unit."""


def best_of(values: Sequence[float], k: int, replacement: bool = True) -> BestOf:
    """Mean and variance of the largest of k values that are drawn from n with equal chances.

    With replacement, P(largest ≤ v) = (share of values ≤ v)^k: the estimator of Dodge et al., whose values are those of
    independent random trials. Without, it is C(i, k) / C(n, k) for the i-th smallest: the unbiased one of Tang et al.

    Args:
        values: at least one finite number; more is better.
        k: from 1 on; without replacement to n.
        replacement: whether a value may be drawn again.
    Raises:
        ValueError: no values, or k out of range.
    Source: Dodge et al. 2019, "Show Your Work", sec. 3, https://arxiv.org/abs/1909.03004; Tang et al. 2020,
        "Showing Your Work Doesn't Always Work", https://arxiv.org/abs/2004.13705
    """
    n = len(values)
    if not n or k < 1 or (k > n and not replacement):
        raise ValueError(f"the best of {k} of {n} values: k lies in [1, n], or from 1 on with replacement")
    below = [(i / n) ** k if replacement else math.comb(i, k) / math.comb(n, k) for i in range(n + 1)]
    ordered = sorted(values)
    chances = [below[i + 1] - below[i] for i in range(n)]
    mean = math.fsum(p * v for p, v in zip(chances, ordered, strict=True))
    spread = math.fsum(p * (v - mean) ** 2 for p, v in zip(chances, ordered, strict=True))
    return BestOf(k, mean, spread)
