"""Check: a simple question about a score, with a known answer: laws that are drawn from, and what is demanded."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from genbench.conformance.sanity.criteria import Criterion
from genbench.geometry.cloud import Reals

COUNT = 1000  # vectors of a set, where a check does not vary it
DIMS = (1, 8, 64)
FIRST, LAST = -np.inf, np.inf  # the ends of a curve

Drawn = Callable[[np.random.Generator, float], Reals]


class Asked(Enum):
    """What of a score a criterion asks."""

    PURPOSE = "purpose"
    BOUNDS = "bounds"
    DATA = "data size"
    KNOBS = "generated size"
    INVARIANCE = "invariance"


@dataclass(frozen=True)
class Demand:
    """One criterion for scores of quality, and those for scores of coverage.

    Args:
        asked: what it is about.
        quality: None: nothing is asked of them.
        coverage: any of these; where there are two, the second is for scores that count a wide law as covering.
    """

    asked: Asked
    quality: Criterion | None
    coverage: Sequence[Criterion] = ()


@dataclass(frozen=True)
class Setting:
    """One curve: its settings, and what is drawn at each.

    Args:
        words: what sets it apart within its check.
        x: [P] ascending.
        real, generated: the sets at a setting.
        fixed: whether the real set is the same at all settings.
    """

    words: str
    x: Reals
    real: Drawn
    generated: Drawn
    fixed: bool = True


@dataclass(frozen=True)
class Check:
    """A simple question with a known answer.

    Args:
        name: of the check.
        settings: its curves.
        demands: of the curves, all of which have to meet them; by the words of a setting, or "" for all.
    """

    name: str
    settings: Sequence[Setting]
    demands: Sequence[tuple[str, Demand]]


def both(asked: Asked, criterion: Criterion) -> tuple[str, Demand]:
    """The same demand on either kind of score, in all settings."""
    return "", Demand(asked, criterion, (criterion,))


def each(asked: Asked, quality: Criterion | None, *coverage: Criterion) -> tuple[str, Demand]:
    """Another demand on either kind, in all settings."""
    return "", Demand(asked, quality, coverage)


def grid(first: float, last: float, points: int) -> Reals:
    """Evenly spaced settings, of which the middle one is exactly in the middle."""
    return np.round(np.linspace(first, last, points), 12)


def decades(first: float, last: float, points: int) -> Reals:
    """10 to the power of evenly spaced numbers."""
    return 10 ** grid(first, last, points)
