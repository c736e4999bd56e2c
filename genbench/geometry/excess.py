"""Excess: do more samples pass a threshold than fresh real data do, by more than chance and by at least one point?"""

import math
from bisect import bisect_left
from dataclasses import dataclass, replace

import numpy as np

from genbench.geometry.cloud import Reals

QUANTILE = 0.01  # of the control's values: the threshold
EXCESS = 0.01  # the least excess over the control that is flagged: one point
Z = 3.090232306167813  # of a one-sided 99.9 % bound


@dataclass(frozen=True)
class Excess:
    """How many samples pass the threshold of the control.

    Args:
        passing: samples at the threshold or beyond it, of `count`.
        expected: fresh real samples at it or beyond it, of `controls`: 1 %, and more where values are equal.
        threshold: in the units of what was measured.
    """

    passing: int
    count: int
    expected: int
    controls: int
    threshold: float

    @property
    def share(self) -> float:
        """Of the samples, in [0, 1]."""
        return self.passing / self.count

    @property
    def control(self) -> float:
        """Of the fresh real samples, in [0, 1]."""
        return self.expected / self.controls

    @property
    def bound(self) -> float:
        """The one-sided 99.9 % lower bound of the difference of the shares, in [-1, 1]."""
        return newcombe(self.passing, self.count, self.expected, self.controls)

    @property
    def flagged(self) -> bool:
        """Whether the difference is at least one point with 99.9 % confidence."""
        return self.bound >= EXCESS

    @property
    def detectable(self) -> float | None:
        """The smallest share of copies, in [0, 1], that is flagged where all others are fresh; None: no share.

        Of the fresh ones, as many pass as of the control.
        """
        counts = range(self.count + 1)
        found = bisect_left(counts, True, key=lambda passing: replace(self, passing=passing).flagged)
        if found > self.count or self.control >= 1:
            return None
        return max(0.0, (found / self.count - self.control) / (1 - self.control))


def at_most(found: Reals, control: Reals) -> Excess:
    """The samples whose value is at or below the 1 % quantile of the control's: nearer than fresh ones are.

    Args:
        found, control: [n] and [m], m ≥ 1.
    """
    threshold = float(np.quantile(control, QUANTILE))
    below = int((found <= threshold).sum()), int((control <= threshold).sum())
    return Excess(below[0], len(found), below[1], len(control), threshold)


def at_least(found: Reals, control: Reals) -> Excess:
    """The samples whose value is at or above the 99 % quantile of the control's."""
    mirrored = at_most(-found, -control)
    return replace(mirrored, threshold=-mirrored.threshold)


def newcombe(a: int, n: int, b: int, m: int, z: float = Z) -> float:
    """Lower bound of a/n - b/m from Wilson's intervals of both shares.

    Args:
        z: the normal quantile of the one-sided confidence.
    Source: Newcombe 1998, method 10, https://doi.org/10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I
    """
    (low, _), (_, high) = wilson(a, n, z), wilson(b, m, z)
    return a / n - b / m - math.hypot(a / n - low, high - b / m)


def wilson(k: float, n: int, z: float = Z) -> tuple[float, float]:
    """Wilson's score interval of a share k/n.

    Source: Wilson 1927, https://doi.org/10.2307/2276774
    """
    p, square = k / n, z * z / n
    middle = p + square / 2
    half = z * math.sqrt(p * (1 - p) / n + square / (4 * n))
    return max(0.0, (middle - half) / (1 + square)), min(1.0, (middle + half) / (1 + square))
