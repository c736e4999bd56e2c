"""Scales on which seeds scatter alike wherever a candidate stands, and what counts as a difference worth having.

Scores are transformed before variances are pooled: shares by arcsin √x, distances by ln x, speeds by log₁₀ x. The
variance of a share is largest in the middle, that of a distance or a speed grows with it; the arcsine and the logarithm
undo that to first order. Unlike the logit, the arcsine holds shares of 0 and 1.

Source: Bartlett 1947, "The use of transformations", https://doi.org/10.2307/3001536
"""

import math
from dataclasses import dataclass

from genbench.records.kinds import Scale


@dataclass(frozen=True)
class Difference:
    """What counts as a difference: an amount of shares and plain numbers, a factor of distances and speeds."""

    margin: float
    """By which a value is better where more is asked than that it is better at all."""
    words: str
    """The margin as people read it."""


DIFFERENCES = {
    Scale.SHARE: Difference(0.05, "0.05"),
    Scale.DISTANCE: Difference(1.05, "5 %"),
    Scale.SPEED: Difference(2.0, "a factor of 2"),
    Scale.PLAIN: Difference(0.0, "any difference"),
}


@dataclass(frozen=True)
class Ruler:
    """What a score is read off: positions are its values on the scale, turned round where lower is better."""

    scale: Scale
    higher: bool = True
    tie: float = 1.0  # the factor below which two values are no different

    def position(self, value: float) -> float | None:
        """Where `value` stands, larger is better; None for what the scale does not hold."""
        placed = _placed(self.scale, value)
        return placed if placed is None or self.higher else -placed

    def value(self, position: float) -> float:
        """The value that stands at `position`, such as at a mean of positions."""
        return _value(self.scale, position if self.higher else -position)

    def ahead(self, position: float) -> float:
        """Where a value stands that is better by the margin; infinity where the scale holds none."""
        value, by = self.value(position), DIFFERENCES[self.scale].margin
        if self.scale in (Scale.DISTANCE, Scale.SPEED):
            better = value * by if self.higher else value / by
        else:
            better = value + by if self.higher else value - by
        found = self.position(better)
        return math.inf if found is None else found

    def untied(self, position: float) -> float:
        """Where a value stands that is just so much better that the two are no longer tied."""
        value = self.value(position)
        found = self.position(value * self.tie if self.higher else value / self.tie) if self.tie > 1 else position
        return math.inf if found is None else found


def _placed(scale: Scale, value: float) -> float | None:
    if scale is Scale.SHARE:
        return math.asin(math.sqrt(value)) if 0 <= value <= 1 else None
    if scale is Scale.PLAIN:
        return value
    if value <= 0:
        return None
    return math.log(value) if scale is Scale.DISTANCE else math.log10(value)


def _value(scale: Scale, placed: float) -> float:
    if scale is Scale.SHARE:
        return math.sin(placed) ** 2
    if scale is Scale.PLAIN:
        return placed
    return math.exp(placed) if scale is Scale.DISTANCE else 10.0**placed
