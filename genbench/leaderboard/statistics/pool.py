"""The spread of training seeds, pooled over candidates: with three seeds each, no candidate's own says much.

A candidate that scatters more than the pool is compared with its own spread. ▸ The chance of any false separation on a
simulated board of equal candidates with three seeds, at the family-wise level .05: .02 where all scatter alike, .07
where they differ as on the digits board, .10 and .17 where one scatters three and eight times as much as the others
(plain pooling: .02, .08, .12 and .29); with five seeds .02, .06, .08 and .05.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Groups = Mapping[str, Sequence[float]]  # positions of each candidate, one a seed
ODD = 0.001  # how unlikely a spread has to be, among all of them, to be left out of the pool


@dataclass(frozen=True)
class Spread:
    """A variance of single positions, and its degrees of freedom."""

    variance: float
    freedom: float


@dataclass(frozen=True)
class Pool:
    """The pooled spread, the spread of each candidate that has one, and who is not in the pool."""

    shared: Spread
    own: Mapping[str, Spread]
    apart: frozenset[str]

    def of(self, name: str) -> Spread:
        """What the candidate is compared with: the pooled spread, or its own where that is larger."""
        own = self.own.get(name, self.shared)
        if name in self.apart:
            return own
        return Spread(max(own.variance, self.shared.variance), self.shared.freedom)


def pooled(groups: Groups) -> Pool | None:
    """The pooled spread; None where no candidate has two seeds.

    A candidate whose spread is too large for the pool at 0.1 % (a collapsed seed) would hide every other difference: it
    is left out, and compared with its own spread at its own degrees of freedom. That is Cochran's test for one outlying
    variance, by F and Bonferroni, repeated until it finds none.

    Source: Cochran 1941, https://doi.org/10.1111/j.1469-1809.1941.tb02271.x; ISO 5725-2:2019, sec. 8.3.4
    """
    own = {name: _spread(values) for name, values in groups.items() if len(values) > 1}
    inside = dict(own)
    if not inside:
        return None
    while (name := _odd(inside)) is not None:
        del inside[name]
    return Pool(_together(inside), own, frozenset(own) - frozenset(inside))


def _spread(values: Sequence[float]) -> Spread:
    mean = math.fsum(values) / len(values)
    return Spread(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1), len(values) - 1)


def _together(spreads: Mapping[str, Spread]) -> Spread:
    freedom = sum(spread.freedom for spread in spreads.values())
    return Spread(math.fsum(spread.variance * spread.freedom for spread in spreads.values()) / freedom, freedom)


def _odd(spreads: Mapping[str, Spread]) -> str | None:
    """The candidate with the largest spread where that is unlikely among the others; three are the least."""
    from scipy.special import fdtrc  # here, so that a leaderboard is read without SciPy

    name = max(spreads, key=lambda name: spreads[name].variance)
    others = _together({other: spread for other, spread in spreads.items() if other != name} or spreads)
    if len(spreads) < 3 or not others.variance:
        return None
    chance = fdtrc(spreads[name].freedom, others.freedom, spreads[name].variance / others.variance)
    return name if chance * len(spreads) < ODD else None


def superiority(pool: Pool, groups: Groups, one: str, other: str, target: float | None = None) -> float:
    """The one-sided p of Student's t test that the mean of `one` lies above `target`, by default the mean of `other`.

    Two candidates of the pool have its degrees of freedom; where one is apart, Welch's.

    Args:
        target: another position for the mean of `other`, such as one that is ahead of it by a margin.
    Source: Welch 1947, https://doi.org/10.1093/biomet/34.1-2.28
    """
    from scipy.special import stdtr

    a, b = groups[one], groups[other]
    spread, n, m = (pool.of(one), pool.of(other)), len(a), len(b)
    parts = [spread[0].variance / n, spread[1].variance / m]
    difference = mean(a) - (mean(b) if target is None else target)
    if not sum(parts) or math.isinf(difference):
        return 0.0 if difference > 0 else 1.0
    freedom = pool.shared.freedom
    if {one, other} & pool.apart:
        freedom = sum(parts) ** 2 / sum(part**2 / own.freedom for part, own in zip(parts, spread, strict=True))
    return float(stdtr(freedom, -difference / math.sqrt(sum(parts))))


def mean(values: Sequence[float]) -> float:
    """The mean, rounded once."""
    return math.fsum(values) / len(values)


def holm(p: Sequence[float]) -> list[float]:
    """Holm's adjusted p values in the order of `p`: those at or below α are rejected at the family-wise level α.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure", https://www.jstor.org/stable/4615733
    """
    adjusted, highest = [0.0] * len(p), 0.0
    for done, place in enumerate(sorted(range(len(p)), key=lambda place: p[place])):
        highest = max(highest, min(1.0, (len(p) - done) * p[place]))
        adjusted[place] = highest
    return adjusted
