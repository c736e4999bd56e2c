"""Contest: every candidate against every other on every axis, from the positions that its training seeds gave."""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from genbench.leaderboard.statistics.procedure import ALPHA, WELCH, Procedure
from genbench.leaderboard.statistics.scales import Ruler
from genbench.leaderboard.statistics.spreads import Groups, Spreads, holm, mean, spreads, superiority

ROUNDING = 1e-12  # of positions: .57 - .52 is a margin of .05
Pair = tuple[str, str, str]  # axis, the candidate with the higher mean, the other


@dataclass(frozen=True)
class Contrast:
    """Two candidates on one axis, the one with the higher mean first.

    Args:
        p: two-sided, of no difference (or of none beyond a tie or the margin); None where it was not tested.
        adjusted: the same after Holm's correction over all tested pairs on all axes.
        gap: the difference in margins of the axis; infinite where there is no margin to speak of.
        ahead: the better one is better at α, one-sided and uncorrected; on a board without tests, by the margin.
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
    candidates have nothing else in common, and presets of one fit are compared as if they had not.

    Args:
        axes: by name.
        seeds: by candidate, a row for each seed with a position on each axis in their order, larger is better; None
            where there is none.
        fits: by candidate, what was fitted: presets of one fit are not each other's rivals. One that is not here has
            its own.
    """

    axes: Mapping[str, Ruler]
    seeds: Mapping[str, Sequence[Sequence[float | None]]]
    fits: Mapping[str, str] = field(default_factory=dict)

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
    def means(self) -> Mapping[str, Mapping[str, float]]:
        """By axis and candidate, the mean position."""
        return {axis: {name: mean(own) for name, own in groups.items()} for axis, groups in self.groups.items()}

    @cached_property
    def _ahead(self) -> Mapping[str, Mapping[str, float]]:
        """By axis and candidate, where one stands that is ahead of it by the margin."""
        rulers = self.axes
        return {axis: {name: rulers[axis].ahead(at) for name, at in own.items()} for axis, own in self.means.items()}

    @cached_property
    def _untied(self) -> Mapping[str, Mapping[str, float]]:
        """By axis and candidate, where one stands that is no longer tied with it."""
        rulers = self.axes
        return {axis: {name: rulers[axis].untied(at) for name, at in own.items()} for axis, own in self.means.items()}

    @cached_property
    def spreads(self) -> Mapping[str, Spreads]:
        """The spreads by axis; none where no candidate has three seeds."""
        return {axis: known for axis, groups in self.groups.items() if (known := spreads(groups))}

    @property
    def tested(self) -> bool:
        """Whether seeds tell a spread on every axis; else only margins are left."""
        return bool(self.axes) and len(self.spreads) == len(self.axes)

    @property
    def procedure(self) -> Procedure | None:
        """By what candidates are separated, the most cautious of the axes'; None where nothing is tested."""
        used = [known.procedure for known in self.spreads.values()]
        return next((own for own in used if own is not WELCH), used[0]) if self.tested else None

    @property
    def fewest(self) -> int:
        """The seeds of the candidate that has the fewest; 0 without candidates."""
        return min(map(len, self.seeds.values()), default=0)

    def only(self, names: Iterable[str]) -> "Contest":
        """The contest of these candidates."""
        kept = set(names)
        return replace(self, seeds={name: rows for name, rows in self.seeds.items() if name in kept})

    def rivals(self, one: str, other: str) -> bool:
        """Whether two candidates come from different fits."""
        return one != other and self.fits.get(one, one) != self.fits.get(other, other)

    def order(self, axis: str) -> list[str]:
        """The candidates on an axis, the highest mean first."""
        return sorted(self.means[axis], key=lambda name: (-self.means[axis][name], name))

    def ranks(self, axis: str) -> dict[str, int]:
        """The rank of each candidate on an axis, 1 is the best; those of equal means share theirs."""
        means = [self.means[axis][name] for name in self.order(axis)]
        first = {position: rank for rank, position in reversed(list(enumerate(means, 1)))}
        return {name: first[self.means[axis][name]] for name in self.order(axis)}

    def contrasts(self, margins: bool, rivals: bool = False) -> list[Contrast]:
        """Every pair on every axis.

        Args:
            margins: ask whether the difference exceeds the axis's margin, not whether there is one. Where no spread
                is known the means are compared, and only this can be asked.
            rivals: only pairs of different fits, and Holm's correction over these alone.
        """
        pairs = [(axis, *pair) for axis in self.axes for pair in itertools.combinations(self.order(axis), 2)]
        pairs = [pair for pair in pairs if not rivals or self.rivals(pair[1], pair[2])]
        if not self.tested:
            return [self._by_means(*pair) for pair in pairs]
        chances = self._chances(pairs, margins)
        adjusted = dict(zip(chances, holm(list(chances.values())), strict=True))
        return [self._tested(pair, chances.get(pair), adjusted.get(pair)) for pair in pairs]

    def _tested(self, pair: Pair, p: float | None, adjusted: float | None) -> Contrast:
        ahead, separated = p is not None and p / 2 <= ALPHA, adjusted is not None and adjusted <= ALPHA
        return Contrast(*pair, p, adjusted, self._gap(*pair), ahead, separated)

    def _chances(self, pairs: Iterable[Pair], margins: bool) -> dict[Pair, float]:
        """The two-sided p of each pair of which both have enough seeds."""
        found: dict[Pair, float] = {}
        by_axis: dict[str, list[Pair]] = {axis: [] for axis in self.axes}
        for pair in pairs:
            by_axis[pair[0]].append(pair)
        targets = self._ahead if margins else self._untied
        for axis, own in by_axis.items():
            known = self.spreads[axis]
            asked = [pair for pair in own if pair[1] in known.known and pair[2] in known.known]
            chances = superiority(known, self.groups[axis], [pair[1:] for pair in asked], targets[axis])
            found |= {pair: min(1.0, 2 * p) for pair, p in zip(asked, chances, strict=True)}
        return found

    def _by_means(self, axis: str, better: str, worse: str) -> Contrast:
        high, low, wanted = self.means[axis][better], self.means[axis][worse], self._ahead[axis][worse]
        ahead = high > low and high >= wanted - ROUNDING
        return Contrast(axis, better, worse, None, None, self._gap(axis, better, worse), ahead, ahead)

    def _gap(self, axis: str, better: str, worse: str) -> float:
        high, low = self.means[axis][better], self.means[axis][worse]
        margin = self._ahead[axis][worse] - low
        if margin:
            return (high - low) / margin
        return math.inf if high > low else 0.0

    def tiers(self, axis: str, contrasts: Sequence[Contrast]) -> dict[str, int]:
        """The tier of each candidate that has enough seeds, from 1: one ends where all above are apart from all below.

        Presets of one fit are told apart too.
        """
        order = [name for name in self.order(axis) if name in self.spreads[axis].known]
        apart = {(c.better, c.worse) for c in contrasts if c.axis == axis and c.separated}
        found: dict[str, int] = {}
        tier = 1
        for place, name in enumerate(order):
            ends = all(pair in apart for pair in itertools.product(order[:place], order[place:]))
            tier += 1 if place and ends else 0
            found[name] = tier
        return found
