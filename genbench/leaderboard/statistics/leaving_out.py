"""Leaving out: what a verdict would be if one of the candidates were not there, for each of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from genbench.leaderboard.statistics.contest import Contest
from genbench.leaderboard.statistics.procedure import ALPHA, WELCH
from genbench.leaderboard.statistics.rulings import Outcome, Rivalry
from genbench.leaderboard.statistics.spreads import Scatter, Spreads

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def outcomes(contest: Contest, rivalry: Rivalry, margins: bool) -> dict[str, Outcome]:
    """By candidate, the outcome of the others alone.

    Its comparisons are taken out, and Holm's correction is over those that are left. Spreads of candidates' own stay as
    they are; moderated ones are moderated by the others.
    """
    import numpy as np  # here, so that a leaderboard is read without NumPy

    result, sides = {}, list(_sides(contest, rivalry, margins)) if contest.tested else []
    for place, name in enumerate(contest.names):
        if contest.tested and any(set(known.own) == {name} for known in contest.spreads.values()):
            result[name] = _anew(contest, rivalry, place, margins)
            continue
        out = (rivalry.pairs.better == place) | (rivalry.pairs.worse == place)
        p = np.where(out, np.inf, rivalry.p)
        if sides:
            _moderate(rivalry, sides, place, out, p)
            p[out] = np.inf
        result[name] = rivalry.outcome(p, place)
    return result


def _anew(contest: Contest, rivalry: Rivalry, without: int, margins: bool) -> Outcome:
    """The outcome without the one candidate that an axis can be tested by."""
    others = contest.only(name for place, name in enumerate(contest.names) if place != without)
    contenders = [others.names.index(contest.names[place]) for place in rivalry.left(without)]
    anew = Rivalry.of(others.comparisons(margins, rivals=True), contenders)
    return anew.outcome(anew.p)


@dataclass(frozen=True, eq=False)
class _Side:
    """The comparisons on one axis whose spreads are moderated.

    Args:
        own: [m], their places among the rivalry's.
        one, other: [m], places among the K candidates that are tested there.
        differences: [m], of the means, less what does not count.
        known: the spreads.
        counts: [K], seeds.
    """

    own: "NDArray[np.intp]"
    one: "NDArray[np.intp]"
    other: "NDArray[np.intp]"
    differences: "NDArray[np.float64]"
    known: Spreads
    counts: "NDArray[np.intp]"

    def scatter(self, without: str) -> Scatter:
        """How means scatter where all others moderate; that of the one left out as before."""
        import numpy as np

        left, at = self.known.without(without), list(self.known.own).index(without) if without in self.known.own else -1
        if left is None or at < 0:
            return Scatter(self.known.variances / self.counts, self.known.freedoms, welch=False)
        variances = np.insert(left.variances, at, self.known.variances[at])
        freedoms = np.insert(left.freedoms, at, self.known.freedoms[at])
        return Scatter(variances / self.counts, freedoms, left.procedure is WELCH)


def _sides(contest: Contest, rivalry: Rivalry, margins: bool) -> Iterator[_Side]:
    import numpy as np

    for place, (axis, known) in enumerate(contest.spreads.items()):
        if known.procedure is not WELCH:
            at = contest.places(known)
            own = np.flatnonzero((rivalry.pairs.axis == place) & np.isfinite(rivalry.p))
            pairs = rivalry.pairs.only(own)
            counts = np.array([len(contest.groups[axis][name]) for name in known.own])
            yield _Side(own, at[pairs.better], at[pairs.worse], contest.differences(pairs, margins), known, counts)


def _moderate(
    rivalry: Rivalry, sides: Sequence[_Side], without: int, out: "NDArray[np.bool_]", p: "NDArray[np.float64]"
) -> None:
    """Put what p [M] are without one candidate in the place of what they are with it, as far as they decide.

    None wins where the largest of contenders' smallest p is rejected: p that are larger than that are not looked for,
    but those of a contender that stands above all others.

    Args:
        out: [M], the comparisons of the one that is left out.
    """
    import numpy as np
    from scipy.special import stdtr, stdtrit

    scatters = [side.scatter(rivalry.names[without]) for side in sides]
    best = np.full(len(p), -np.inf)  # [M], differences over their standard errors
    count = int(np.isfinite(p).sum())
    for side, scatter in zip(sides, scatters, strict=True):
        best[side.own], p[side.own] = scatter.ratios(side.differences, side.one, side.other)[1], np.inf
    ratios, best[out] = best.copy(), -np.inf
    freedoms = np.concatenate([scatter.freedoms for scatter in scatters])
    least, most = (
        float(np.minimum(rivalry.strongest(p), 2 * chance)[rivalry.left(without)].max(initial=0.0))
        for chance in stdtr([[2 * freedoms.max()], [freedoms.min()]], rivalry.strongest(-best))  # Welch's are summed
    )
    possible = np.count_nonzero(p <= most) + np.count_nonzero(best >= -stdtrit(freedoms.max() * 2, most / 2) / 1.001)
    if least > ALPHA or least * (count - possible) > 1.001 * ALPHA:
        most = 0.0  # it is not rejected, whatever the others are
    exact = np.isin(rivalry.pairs.better, rivalry.above_all(without))
    for side, scatter in zip(sides, scatters, strict=True):
        looked = np.ones(len(side.own), bool) if scatter.welch else exact[side.own]
        if count and not scatter.welch:
            p[side.own] = scatter.decisive(ratios[side.own], side.one, side.other, count, min(ALPHA, most))
        chances = scatter.superiority(side.differences[looked], side.one[looked], side.other[looked])
        p[side.own[looked]] = np.minimum(1.0, 2 * chances)
