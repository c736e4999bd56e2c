"""Contest: every candidate against every other on every axis, from the positions that its training seeds gave."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from genbench.leaderboard.statistics.comparisons import Comparisons, Contrast, Pairs
from genbench.leaderboard.statistics.procedure import ALPHA, WELCH, Procedure
from genbench.leaderboard.statistics.scales import Ruler
from genbench.leaderboard.statistics.spreads import Groups, Scatter, Spreads, holm, mean, spreads

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ROUNDING = 1e-12  # of positions: .57 - .52 is a margin of .05


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
    def names(self) -> tuple[str, ...]:
        """The candidates; their places in arrays."""
        return tuple(self.seeds)

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
    def _mean(self) -> "NDArray[np.float64]":
        """[axes, N], the mean positions; NaN where a candidate has none."""
        return self._table(self.means)

    @cached_property
    def _ahead(self) -> "NDArray[np.float64]":
        """[axes, N], where one stands that is ahead of a candidate by the margin."""
        rulers = self.axes
        means = self.means.items()
        return self._table({axis: {name: rulers[axis].ahead(at) for name, at in own.items()} for axis, own in means})

    @cached_property
    def _untied(self) -> "NDArray[np.float64]":
        """[axes, N], where one stands that is no longer tied with a candidate."""
        rulers = self.axes
        means = self.means.items()
        return self._table({axis: {name: rulers[axis].untied(at) for name, at in own.items()} for axis, own in means})

    def _table(self, values: Mapping[str, Mapping[str, float]]) -> "NDArray[np.float64]":
        import numpy as np  # here, so that a leaderboard is read without NumPy

        rows = [[own.get(name, np.nan) for name in self.names] for own in values.values()]
        return np.array(rows, float).reshape(len(rows), len(self.names))

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
        means = self.means[axis]
        return sorted(means, key=lambda name: (-means[name], name))

    def ranks(self, axis: str) -> dict[str, int]:
        """The rank of each candidate on an axis, 1 is the best; those of equal means share theirs."""
        order, means = self.order(axis), self.means[axis]
        first = {means[name]: rank for rank, name in reversed(list(enumerate(order, 1)))}
        return {name: first[means[name]] for name in order}

    def pairs(self, rivals: bool = False) -> Pairs:
        """Every pair on every axis; `rivals`: only pairs of different fits."""
        import numpy as np

        at, fits = {name: place for place, name in enumerate(self.names)}, dict[str, int]()
        fit = np.array([fits.setdefault(self.fits.get(name, name), len(fits)) for name in self.names], int)
        parts = [np.empty((3, 0), int)]
        for place, axis in enumerate(self.axes):
            order = np.array([at[name] for name in self.order(axis)], int)
            upper, lower = np.triu_indices(len(order), 1)
            parts.append(np.stack([np.full(len(upper), place), order[upper], order[lower]]))
        found = Pairs(*np.concatenate(parts, axis=1))
        return found.only(fit[found.better] != fit[found.worse]) if rivals else found

    def comparisons(self, margins: bool, rivals: bool = False) -> Comparisons:
        """What every pair on every axis says.

        Args:
            margins: ask whether the difference exceeds the axis's margin, not whether there is one. Where no spread
                is known the means are compared, and only this can be asked.
            rivals: only pairs of different fits, and Holm's correction over these alone.
        """
        import numpy as np

        pairs = self.pairs(rivals)
        p, adjusted = np.full(len(pairs), np.nan), np.full(len(pairs), np.nan)
        if self.tested:
            p = self._chances(pairs, margins)
            known = ~np.isnan(p)
            adjusted[known] = holm(p[known])
            ahead, separated = p / 2 <= ALPHA, adjusted <= ALPHA
        else:
            high, low = self._mean[pairs.axis, pairs.better], self._mean[pairs.axis, pairs.worse]
            ahead = separated = (high > low) & (high >= self._ahead[pairs.axis, pairs.worse] - ROUNDING)
        return Comparisons(tuple(self.axes), self.names, pairs, p, adjusted, self._gaps(pairs), ahead, separated)

    def contrasts(self, margins: bool, rivals: bool = False) -> list[Contrast]:
        """The same, a value for each pair."""
        import numpy as np

        found = self.comparisons(margins, rivals)
        return found.contrasts(np.arange(len(found.pairs)))

    def _chances(self, pairs: Pairs, margins: bool) -> "NDArray[np.float64]":
        """[M], the two-sided p of each pair of which both have enough seeds; NaN of the others."""
        import numpy as np

        found = np.full(len(pairs), np.nan)
        differences = self.differences(pairs, margins)
        for place, axis in enumerate(self.axes):
            at = self.places(self.spreads[axis])
            asked = (pairs.axis == place) & (at[pairs.better] >= 0) & (at[pairs.worse] >= 0)
            one, other = at[pairs.better[asked]], at[pairs.worse[asked]]
            chances = self.scatter(axis, self.spreads[axis]).superiority(differences[asked], one, other)
            found[asked] = np.minimum(1.0, 2 * chances)
        return found

    def differences(self, pairs: Pairs, margins: bool) -> "NDArray[np.float64]":
        """[M], by how much the better one lies above what is tied with the worse one, or ahead of it by the margin."""
        target = self._ahead if margins else self._untied
        return self._mean[pairs.axis, pairs.better] - target[pairs.axis, pairs.worse]

    def places(self, known: Spreads) -> "NDArray[np.intp]":
        """[N], the place of each candidate among those that are tested; -1 of the others."""
        import numpy as np

        at = {name: place for place, name in enumerate(known.own)}
        return np.array([at.get(name, -1) for name in self.names], int)

    def scatter(self, axis: str, known: Spreads) -> Scatter:
        """How the means of those that are tested scatter on an axis."""
        return known.scatter(self.groups[axis])

    def _gaps(self, pairs: Pairs) -> "NDArray[np.float64]":
        """[M], the differences in margins of the axes."""
        import numpy as np

        low = self._mean[pairs.axis, pairs.worse]
        difference, margin = self._mean[pairs.axis, pairs.better] - low, self._ahead[pairs.axis, pairs.worse] - low
        endless = np.where(difference > 0, np.inf, 0.0)
        return np.divide(difference, margin, out=endless, where=margin != 0)

    def tiers(self, axis: str, found: Comparisons) -> dict[str, int]:
        """The tier of each candidate that has enough seeds, from 1: nobody is apart from the first of the own one.

        Presets of one fit are told apart too.
        """
        order = [name for name in self.order(axis) if name in self.spreads[axis].own]
        at = {name: place for place, name in enumerate(self.names)}
        places = [at[name] for name in order]
        return dict(zip(order, tiers(found.apart(axis)[places][:, places]), strict=True))


def tiers(apart: "NDArray[np.bool_]") -> list[int]:
    """The tiers of candidates in their order, from 1: one begins with whoever is apart from the first of the last one.

    Neighbours that nothing separates do not chain the best to the worst.

    Args:
        apart: [K, K], whether the row's candidate is apart from the column's, which stands below it.
    """
    found, first = list[int](), 0
    for place in range(len(apart)):
        begins = not found or bool(apart[first, place])
        first = place if begins else first
        found.append((found[-1] if found else 0) + begins)
    return found
