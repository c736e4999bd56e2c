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
    tie: float | None = None
    """Up to which values are tied, whatever the seeds say: what the measurement itself may be off by; None: no ties."""


DIFFERENCES = {
    Scale.SHARE: Difference(0.05, "0.05"),
    Scale.DISTANCE: Difference(1.05, "5 %"),
    Scale.SPEED: Difference(2.0, "a factor of 2", 1.25),
    Scale.PLAIN: Difference(0.0, "any difference"),
}
FACTORS = (Scale.DISTANCE, Scale.SPEED)


@dataclass(frozen=True)
class Ruler:
    """What a score is read off: positions are its values on the scale, turned round where lower is better."""

    scale: Scale
    higher: bool = True

    def position(self, value: float) -> float | None:
        """Where `value` stands, larger is better; None for what the scale does not hold."""
        placed = _placed(self.scale, value)
        return placed if placed is None or self.higher else -placed

    def value(self, position: float) -> float:
        """The value that stands at `position`, such as at a mean of positions."""
        return _value(self.scale, position if self.higher else -position)

    def ahead(self, position: float) -> float:
        """Where a value stands that is better by the margin; infinity where the scale holds none."""
        return self._better(position, DIFFERENCES[self.scale].margin)

    def untied(self, position: float) -> float:
        """Where a value stands that is just so much better that the two are no longer tied."""
        tie = DIFFERENCES[self.scale].tie
        return position if tie is None else self._better(position, tie)

    def _better(self, position: float, by: float) -> float:
        value = self.value(position)
        if self.scale in FACTORS:
            better = value * by if self.higher else value / by
        else:
            better = value + by if self.higher else value - by
        found = self.position(better)
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
