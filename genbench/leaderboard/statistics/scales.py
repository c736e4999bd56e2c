"""Scales on which seeds scatter alike wherever a candidate stands, and what counts as a difference worth having.

Scores are transformed before variances are pooled: shares by arcsin √x, distances by ln x, speeds by log₁₀ x. The
variance of a share is largest in the middle, that of a distance or a speed grows with it; the arcsine and the logarithm
undo that to first order. Unlike the logit, the arcsine holds shares of 0 and 1.

Source: Bartlett 1947, "The use of transformations", https://doi.org/10.2307/3001536
"""

import math
from dataclasses import dataclass

from genbench.records.kinds import Scale

# By how much a value is better by the margin: shares by .05, distances by a factor of 1.05, speeds by one of 2.
MARGINS = {Scale.SHARE: 0.05, Scale.DISTANCE: 1.05, Scale.SPEED: 2.0, Scale.PLAIN: 0.0}
MARGIN_WORDS = {Scale.SHARE: "0.05", Scale.DISTANCE: "5 %", Scale.SPEED: "a factor of 2", Scale.PLAIN: "any difference"}


@dataclass(frozen=True)
class Ruler:
    """What a score is read off: positions are its values on the scale, turned round where lower is better."""

    scale: Scale
    higher: bool = True
    tie: float = 1.0  # the factor below which two values are no different

    def tied(self, one: float, other: float) -> bool:
        """Whether what stands at two positions is no different, whatever a test says."""
        low, high = sorted((self.value(one), self.value(other)))
        return self.tie > 1 and high < low * self.tie

    def position(self, value: float) -> float | None:
        """Where `value` stands, larger is better; None for what the scale does not hold."""
        placed = _placed(self.scale, value)
        return placed if placed is None or self.higher else -placed

    def value(self, position: float) -> float:
        """The value that stands at `position`, such as at a mean of positions."""
        return _value(self.scale, position if self.higher else -position)

    def ahead(self, position: float) -> float:
        """Where a value stands that is better by the margin; infinity where the scale holds none."""
        value, margin = self.value(position), MARGINS[self.scale]
        if self.scale in (Scale.DISTANCE, Scale.SPEED):
            better = value * margin if self.higher else value / margin
        else:
            better = value + margin if self.higher else value - margin
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
