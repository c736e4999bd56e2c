"""Contest: every candidate against every other on every axis, from the positions that its training seeds gave."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from genbench.leaderboard.statistics.pool import Groups, Pool, holm, mean, pooled, superiority
from genbench.leaderboard.statistics.scales import Ruler

ALPHA = 0.05
ROUNDING = 1e-12  # of positions: .57 - .52 is a margin of .05


@dataclass(frozen=True)
class Contrast:
    """Two candidates on one axis, the one with the higher mean first.

    Args:
        p: two-sided, of no difference (or of none beyond the margin); None where no spread is known.
        adjusted: the same after Holm's correction over all pairs on all axes.
        gap: the difference in margins of the axis; infinite where there is no margin to speak of.
        ahead: the better one is better at α, one-sided and uncorrected; without a spread, by the margin.
        separated: the same after the correction.
    """

    axis: str
    better: str
    worse: str
    p: float | None
    adjusted: float | None
    gap: float
    ahead: bool
    separated: bool


@dataclass(frozen=True)
class Contest:
    """Candidates on axes.

    Pairs share the reference data, whose noise is common to both and not in the difference; seeds of different
    candidates have nothing else in common, and samplers of one model are compared as if they had not.

    Args:
        axes: by name.
        seeds: by candidate, a row for each seed with a position on each axis in their order, larger is better; None
            where there is none.
    """

    axes: Mapping[str, Ruler]
    seeds: Mapping[str, Sequence[Sequence[float | None]]]

    @cached_property
    def groups(self) -> Mapping[str, Groups]:
        """By axis and candidate, the positions of its seeds; candidates without any are left out."""
        found: dict[str, dict[str, list[float]]] = {axis: {} for axis in self.axes}
        for name, rows in self.seeds.items():
            for axis, positions in zip(self.axes, zip(*rows, strict=True), strict=False):
                if known := [position for position in positions if position is not None]:
                    found[axis][name] = known
        return found

    @cached_property
    def pools(self) -> Mapping[str, Pool]:
        """The spreads by axis; none where no candidate has two seeds."""
        return {axis: pool for axis, groups in self.groups.items() if (pool := pooled(groups))}

    @property
    def tested(self) -> bool:
        """Whether seeds tell a spread on every axis; else only margins are left."""
        return bool(self.axes) and len(self.pools) == len(self.axes)

    def order(self, axis: str) -> list[str]:
        """The candidates on an axis, the highest mean first."""
        groups = self.groups[axis]
        return sorted(groups, key=lambda name: (-mean(groups[name]), name))

    def contrasts(self, margins: bool) -> list[Contrast]:
        """Every pair on every axis.

        Args:
            margins: ask whether the difference exceeds the axis's margin, not whether there is one. Where no spread
                is known the means are compared, and only this can be asked.
        """
        pairs = [(axis, *pair) for axis in self.axes for pair in itertools.combinations(self.order(axis), 2)]
        if not self.tested:
            return [self._by_means(*pair) for pair in pairs]
        p = [min(1.0, 2 * self._p(*pair, margins)) for pair in pairs]
        return [
            Contrast(*pair, chance, adjusted, self._gap(*pair), chance / 2 <= ALPHA, adjusted <= ALPHA)
            for pair, chance, adjusted in zip(pairs, p, holm(p), strict=True)
        ]

    def _p(self, axis: str, better: str, worse: str, margins: bool) -> float:
        groups = self.groups[axis]
        if self.axes[axis].tied(mean(groups[better]), mean(groups[worse])):
            return 1.0
        target = self.axes[axis].ahead(mean(groups[worse])) if margins else None
        return superiority(self.pools[axis], groups, better, worse, target)

    def _by_means(self, axis: str, better: str, worse: str) -> Contrast:
        high, low = (mean(self.groups[axis][name]) for name in (better, worse))
        ahead = high > low and high >= self.axes[axis].ahead(low) - ROUNDING
        return Contrast(axis, better, worse, None, None, self._gap(axis, better, worse), ahead, ahead)

    def _gap(self, axis: str, better: str, worse: str) -> float:
        high, low = (mean(self.groups[axis][name]) for name in (better, worse))
        margin = self.axes[axis].ahead(low) - low
        if margin:
            return (high - low) / margin
        return math.inf if high > low else 0.0

    def tiers(self, axis: str, contrasts: Sequence[Contrast]) -> dict[str, int]:
        """The tier of each candidate on an axis, from 1: a tier ends where all above are separated from all below."""
        order = self.order(axis)
        apart = {(c.better, c.worse) for c in contrasts if c.axis == axis and c.separated}
        found: dict[str, int] = {}
        tier = 1
        for place, name in enumerate(order):
            ends = all(pair in apart for pair in itertools.product(order[:place], order[place:]))
            tier += 1 if place and ends else 0
            found[name] = tier
        return found
