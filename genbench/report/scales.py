"""Scales: from data to pixels, with ticks whose words keep apart."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from genbench.report.lettering import width
from genbench.report.text import short


@dataclass(frozen=True)
class PixelScale:
    """A map from data to pixels, linear or logarithmic, with its ticks."""

    low: float
    high: float
    start: float
    end: float
    log: bool
    ticks: tuple[float, ...]

    def __call__(self, value: float) -> float:
        """The position of `value`, cut to the scale's ends."""
        low, high, at = (math.log10(v) if self.log else v for v in (self.low, self.high, max(value, self.low)))
        share = min(1.0, (at - low) / (high - low)) if high > low else 0.5
        return round(self.start + share * (self.end - self.start), 1)

    @property
    def labels(self) -> list[tuple[float, str]]:
        """The ticks: (position, text)."""
        return [(self(tick), short(tick)) for tick in self.ticks]

    def spaced(self) -> list[tuple[float, str]]:
        """Those of the ticks whose words, side by side, leave a gap: every one, every second one, and so on."""
        found = self.labels
        for step in range(1, len(found)):
            kept = found[::step]
            if all(
                abs(b - a) > (width(one) + width(other)) / 2 + 4 for (a, one), (b, other) in itertools.pairwise(kept)
            ):
                return kept
        return found[:1]


def pixel_scale(values: Sequence[float], start: float, end: float, log: bool) -> PixelScale:
    """A scale that holds all of `values`, from tick to tick; logarithmic ones take positive values."""
    if log:
        return _decades(math.log10(min(values)), math.log10(max(values)), start, end)
    low, high = min(values), max(values)
    span = max(high - low, 0.02 * max(abs(low), abs(high))) or 1.0  # equal values get an axis too
    decade = 10 ** math.floor(math.log10(span / 5))
    step = next(m * decade for m in (1, 2, 5, 10) if m * decade >= span / 5.5)
    first, last = math.floor(low / step), max(math.ceil(high / step), math.floor(low / step) + 1)
    pad = (last - first) * step * 0.03  # so that a mark at an end is drawn whole
    return PixelScale(
        first * step - pad,
        last * step + pad,
        start,
        end,
        False,
        tuple(round(k * step, 12) for k in range(first, last + 1)),
    )


def _decades(low: float, high: float, start: float, end: float) -> PixelScale:
    """A logarithmic scale from a little below 10^low to a little above 10^high, with at least two decades as ticks."""
    pad = 0.05 * (high - low)
    low, high = low - pad, high + pad
    if math.floor(high) - math.ceil(low) < 1:
        low, high = math.floor(low), max(math.ceil(high), math.floor(low) + 1)
    first, last = math.ceil(low), math.floor(high)
    ticks = tuple(10.0**k for k in range(first, last + 1, 1 + (last - first) // 8))
    return PixelScale(10.0**low, 10.0**high, start, end, True, ticks)
