"""Criteria: what the curve of a score, as a distortion goes from one end to the other, has to look like."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from genbench.geometry.cloud import Reals

CLOSE = 0.05  # as near a score has to come to the value that it should have, and to its own where it should not move
APART = 0.2  # the least difference between good and bad
BEYOND = 0.1  # by which a curve may leave its ends
DROP = 0.1  # the least difference between all modes and a part of them


@dataclass(frozen=True)
class Curve:
    """The mean values y [P] of a score at settings x [P], ascending."""

    x: Reals
    y: Reals

    def at(self, x: float) -> float:
        """The value at the setting nearest to x."""
        return float(self.y[np.abs(self.x - x).argmin()])

    @property
    def first(self) -> float:
        """The value at the lowest setting."""
        return float(self.y[0])

    @property
    def last(self) -> float:
        """The value at the highest setting."""
        return float(self.y[-1])


Criterion = Callable[[Curve], bool]


def near(target: float, at: float) -> Criterion:
    """The value at one setting is the target; the settings -inf and inf are the ends."""
    return partial(_near, target, at)


def _near(target: float, at: float, curve: Curve) -> bool:
    value = curve.first if at == -np.inf else curve.last if at == np.inf else curve.at(at)
    return abs(value - target) <= CLOSE


def bell(middle: float) -> Criterion:
    """High in the middle and low at both ends, of which one at least is the lowest."""
    return partial(_bell, middle)


def _bell(middle: float, curve: Curve) -> bool:
    top, low = curve.at(middle), curve.y.min()
    return (
        top - max(curve.first, curve.last) >= APART
        and curve.y.max() - top <= BEYOND
        and min(curve.first, curve.last) - low <= BEYOND
    )


def rising(curve: Curve) -> bool:
    """Low at the first end, high at the last."""
    ends = curve.first - curve.y.min() <= BEYOND and curve.y.max() - curve.last <= BEYOND
    return bool(ends and curve.last - curve.first >= APART)


def falling(curve: Curve) -> bool:
    """High at the first end, low at the last."""
    return rising(Curve(curve.x, curve.y[::-1]))


def falling_by(at: float) -> Criterion:
    """Falling, and clearly below the first end at a setting between."""
    return partial(_falling_by, at)


def _falling_by(at: float, curve: Curve) -> bool:
    return falling(curve) and curve.first - curve.at(at) >= DROP


def flat(curve: Curve) -> bool:
    """The same everywhere."""
    return bool(np.ptp(curve.y) <= CLOSE)


def settled(curve: Curve) -> bool:
    """The same everywhere in the upper half of the settings."""
    return bool(np.ptp(curve.y[curve.x >= np.median(curve.x)]) <= CLOSE)
