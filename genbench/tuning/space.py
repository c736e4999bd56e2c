"""The space that is searched: the settings that a model declares with a Range or a Choice, and draws from it."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from genbench.contracts.settings import Range, Setting, Value
from genbench.seeds import seed_for

DIGITS = 3  # significant ones of a drawn number: a reference stays readable


@dataclass(frozen=True)
class Numbers:
    """An interval of numbers.

    Args:
        low, high: its ends, low < high; whole where `whole`.
        log: whether equal ratios get equal chances.
    """

    name: str
    low: float
    high: float
    log: bool
    whole: bool

    def __str__(self) -> str:
        ends = f"{self.low:g} to {self.high:g}"
        return f"{ends}, log scale" if self.log else ends

    def drawn(self, share: float) -> Value:
        """The value at a share in [0, 1) of the interval; whole numbers have equal chances, on a log scale about so."""
        low, high = (self.low - 0.5, self.high + 0.5) if self.whole else (self.low, self.high)
        if self.log:
            value = math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
        else:
            value = low + share * (high - low)
        if self.whole:
            return int(min(max(round(value), self.low), self.high))
        return min(max(float(f"{value:.{DIGITS}g}"), float(self.low)), float(self.high))


@dataclass(frozen=True)
class Options:
    """Values of equal chances."""

    name: str
    values: tuple[Value, ...]

    def __str__(self) -> str:
        return ", ".join(map(str, self.values))

    def drawn(self, share: float) -> Value:
        """The value at a share in [0, 1)."""
        return self.values[int(share * len(self.values))]


Dimension = Numbers | Options


def searched(settings: Sequence[Setting], given: Collection[str] = (), factor: float | None = None) -> list[Dimension]:
    """The dimensions that a model's settings span.

    Args:
        settings: that it declares.
        given: names of those that are set, which stay as they are.
        factor: of its default to which a setting of a Range without negative numbers is searched, and on a logarithmic
            scale from which; None: all of its Range.
    """
    found = (_dimension(setting, factor) for setting in settings if setting.name not in given)
    return [dimension for dimension in found if dimension is not None]


def _dimension(setting: Setting, factor: float | None) -> Dimension | None:
    if setting.choices is not None:
        fitting = setting.range is None or setting.type == "bool"
        own = [v for v in setting.choices if fitting or setting.range.low <= v <= setting.range.high]  # type: ignore[union-attr, operator]  # numbers
        return Options(setting.name, tuple(own)) if len(own) > 1 else None
    return None if setting.range is None else _numbers(setting, setting.range, factor)


def _numbers(setting: Setting, span: Range, factor: float | None) -> Numbers | None:
    whole, default = setting.type == "int", float(setting.default)
    low, high, log = float(span.low), float(span.high), span.log and span.low > 0
    if factor is not None and low >= 0 and default > 0:
        low, high = max(low, default / factor) if log else low, min(high, default * factor)
    if whole:
        low, high = math.ceil(low), math.floor(high)
    return Numbers(setting.name, low, high, log, whole) if low < high else None


def share_of(seed: int, model: str, number: int, setting: str) -> float:
    """A number in [0, 1) for one setting of one trial, which depends on its names alone and on no other trial.

    Args:
        seed: of the search.
        model: as it was named.
        number: of the trial.
    """
    return float(np.random.default_rng(seed_for("tuning", seed, model, number, setting)).random())
