"""Repeats: how many samples come again, and how large a bank must be for as few repeats as there are."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

FEWEST = 5  # pairs of equal samples, before anybody is flagged for them
SIGNIFICANT = 0.001


@dataclass(frozen=True)
class Repeats:
    """Equal pairs among samples, beside those among fresh real data.

    Args:
        pairs: of equal samples, among `count`.
        expected: of equal rows, among `controls` fresh real ones.
    """

    pairs: int
    count: int
    expected: int
    controls: int

    @property
    def bank(self) -> float:
        """The size of a bank from which as many draws have as many equal pairs, n²/2 pairs; infinite without any."""
        return self.count * (self.count - 1) / (2 * self.pairs) if self.pairs else math.inf

    @property
    def p(self) -> float:
        """The chance of as many pairs, or more, were samples as rich as fresh real data are.

        The rate of pairs among the latter is taken with one more pair than was seen, since it may be 0 by chance.
        """
        possible = self.count * (self.count - 1) / max(1, self.controls * (self.controls - 1))
        return float(poisson.sf(self.pairs - 1, (self.expected + 1) * possible))

    @property
    def flagged(self) -> bool:
        """Whether so many samples come again that they look drawn from a bank."""
        return self.pairs >= FEWEST and self.p < SIGNIFICANT


def equal_pairs(x: NDArray[Any]) -> int:
    """Pairs of equal rows of x [N, *shape]."""
    _, counts = np.unique(np.ascontiguousarray(x).reshape(len(x), -1), axis=0, return_counts=True)
    return int((counts * (counts - 1) // 2).sum())


def repeats(x: NDArray[Any], fresh: NDArray[Any]) -> Repeats:
    """The repeats among samples [N, *shape], beside those among fresh real rows [M, *shape]."""
    return Repeats(equal_pairs(x), len(x), equal_pairs(fresh), len(fresh))
