"""Repeats: how many samples come again, or nearly so, and how large a bank must be for as few repeats as there are."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.geometry.excess import Excess
from genbench.geometry.neighbours import Nearest

FEWEST = 5  # rows that come again, before anybody is flagged for them
SIGNIFICANT = 0.001
FAMILY = 4  # others of the same image that a sample may have, and be one of a bank; beyond it a model has collapsed
COLLAPSED = 1 / (2 * FAMILY)  # of the samples: a bank of fewer is no bank
RATIO = 1 / 3  # of the distances to the last of the family and to the next sample


@dataclass(frozen=True)
class Repeats:
    """Rows that come again among samples, beside those among fresh real data.

    Args:
        rows: distinct ones that come again, among `count` samples.
        pairs: of equal samples.
        expected: distinct rows that come again, among `controls` fresh real ones.
    """

    rows: int
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
        """The chance of as many rows that come again, or more, were samples as rich as fresh real data are.

        The rate among the latter is taken with one more than was seen, since it may be 0 by chance.
        """
        if not self.rows:
            return 1.0
        from scipy.special import pdtrc  # here, so that features are scored without SciPy

        possible = self.count * (self.count - 1) / max(1, self.controls * (self.controls - 1))
        return float(pdtrc(self.rows - 1, (self.expected + 1) * possible))

    @property
    def flagged(self) -> bool:
        """Whether so many different samples come again that they look drawn from a bank, and from one of some size."""
        return self.rows >= FEWEST and self.p < SIGNIFICANT and self.bank >= COLLAPSED * self.count


def repeats(x: NDArray[Any], fresh: NDArray[Any]) -> Repeats:
    """The repeats among samples [N, *shape], beside those among fresh real rows [M, *shape]."""
    counts, expected = counted(x), counted(fresh)
    pairs = int((counts * (counts - 1) // 2).sum())
    return Repeats(int((counts > 1).sum()), pairs, len(x), int((expected > 1).sum()), len(fresh))


def counted(x: NDArray[Any]) -> NDArray[np.int64]:
    """How often each distinct row of x [N, *shape] is there."""
    _, counts = np.unique(np.ascontiguousarray(x).reshape(len(x), -1), axis=0, return_counts=True)
    return counts.astype(np.int64)


def families(found: Nearest, control: Nearest) -> Excess:
    """The samples that are one of a family, beside fresh real rows that are.

    The rule does not depend on how far samples lie apart: a model of few kinds, or of blurred images, has no families.

    Args:
        found: [N, 5] the nearest others of each sample.
        control: [M, 5] those of each fresh real row.
    """
    own, fresh = (int(in_family(near).sum()) for near in (found, control))
    return Excess(own, len(found.squared), fresh, len(control.squared), RATIO)


def in_family(near: Nearest) -> NDArray[np.bool_]:
    """Whether one to four others lie at less than a third of the distance of the next, [N].

    Args:
        near: [N, 5] the nearest others, nearest first.
    """
    closer: NDArray[np.bool_] = near.squared[:, :FAMILY] < RATIO**2 * near.squared[:, 1 : FAMILY + 1]  # [N, 4]
    return np.asarray(closer.any(1))
