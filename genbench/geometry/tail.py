"""The tail of nearest-neighbour distances: do samples come nearer to a set than fresh real data do by chance?"""

from bisect import bisect_left
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from genbench.geometry.cloud import Reals
from genbench.geometry.neighbours import Nearest

QUANTILE = 0.01  # the tail: as near as the nearest 1 % of the control
SIGNIFICANT = 0.001  # p below it is significant
EXCESS = 0.01  # the least excess over the control that is flagged: one point


@dataclass(frozen=True)
class Tail:
    """How many samples lie in the tail of the control.

    Args:
        near: samples at or below the threshold, of `count`.
        expected: samples of the control at or below it, of `controls`: 1 %, and more where distances are equal.
        threshold: the 1 % quantile of the control's distances.
        significance: the p below which more are in the tail than chance explains.
    """

    near: int
    count: int
    expected: int
    controls: int
    threshold: float
    significance: float = SIGNIFICANT

    @property
    def share(self) -> float:
        """The tail rate, in [0, 1]."""
        return self.near / self.count

    @property
    def control(self) -> float:
        """The tail rate of the control, in [0, 1]."""
        return self.expected / self.controls

    @property
    def p(self) -> float:
        """One-sided p of as many samples in the tail, or more, were they drawn as the control is."""
        return fisher(self.near, self.count, self.expected, self.controls)

    @property
    def flagged(self) -> bool:
        """Whether the tail rate is significantly above the control's, and at least one point above it."""
        return exceeds(self.share, self.control) and self.p < self.significance

    @property
    def detectable(self) -> float | None:
        """The smallest share of copies, in [0, 1], that is flagged whatever the other samples are; None: no share."""
        shares = range(self.count + 1)
        flagged = bisect_left(shares, True, key=lambda near: replace(self, near=near).flagged)
        return flagged / self.count if flagged <= self.count else None


def tail(found: Nearest, control: Nearest, significance: float = SIGNIFICANT) -> Tail:
    """Count the samples that come as near to a set as the nearest 1 % of the control do.

    Args:
        found: [n, k] the rows of the set that are nearest to each sample.
        control: [m, k] those that are nearest to each fresh real sample.
        significance: the p below which more are in the tail than chance explains.
    """
    distances, fresh = np.sqrt(found.squared[:, 0]), np.sqrt(control.squared[:, 0])
    threshold = float(np.quantile(fresh, QUANTILE))
    near, expected = int((distances <= threshold).sum()), int((fresh <= threshold).sum())
    return Tail(near, len(distances), expected, len(fresh), threshold, significance)


def exceeds(share: float, control: float) -> bool:
    """Whether a share is at least one point above its control's; equality is meant, so rounding is forgiven."""
    return share - control >= EXCESS - 1e-12


def fisher(a: int, n: int, b: int, m: int) -> float:
    """P(X ≥ a) where X of a + b marked ones are among the n of n + m that are drawn without replacement.

    Where the b of m are those below an order statistic of the control, and the n samples are drawn as the control is,
    the true probability of a or more is at most this: the test never alarms more often than it says.

    Source: Fisher 1935, The logic of inductive inference, https://doi.org/10.2307/2342435
    """
    marked = a + b
    k = np.arange(a, min(n, marked) + 1)
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + m + 1)))])  # log k!

    def choose(of: int, some: NDArray[np.int_] | int) -> Reals:
        ways: Reals = logs[of] - logs[some] - logs[of - some]
        return ways

    return float(min(1.0, np.exp(choose(n, k) + choose(m, marked - k) - choose(n + m, marked)).sum()))
