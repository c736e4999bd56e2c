"""The spreads of training seeds that means are compared with, and the tests that compare them.

With five seeds each candidate has its own spread, in Welch's test. Three or four say little of it: there it has the
largest of its own variance, the pooled one and the empirical-Bayes one, at the degrees of freedom of the last. The
levels that were measured stand in leaderboards/README.md.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from genbench.leaderboard.statistics.prior import Spread, moderated, prior, together
from genbench.leaderboard.statistics.procedure import LEAST, WELCH, Procedure, procedure

Groups = Mapping[str, Sequence[float]]  # positions of each candidate, one a seed


@dataclass(frozen=True)
class Spreads:
    """What the means of candidates on one axis are compared with.

    Args:
        procedure: what the spreads are for.
        known: by candidate that has enough seeds to be tested.
        shared: the pooled spread, the best guess for the others, which are not tested.
    """

    procedure: Procedure
    known: Mapping[str, Spread]
    shared: Spread

    def of(self, name: str) -> Spread:
        """The candidate's spread, or the best guess."""
        return self.known.get(name, self.shared)


def spreads(groups: Groups) -> Spreads | None:
    """The spreads on one axis; None where no candidate has three seeds."""
    own = {name: _spread(values) for name, values in groups.items() if len(values) >= LEAST}
    if not own:
        return None
    used = procedure(min(len(groups[name]) for name in own))
    shared = together(list(own.values()))
    if used is WELCH:
        return Spreads(used, own, shared)
    common = prior(list(own.values()))
    return Spreads(used, {name: _largest(spread, shared, common) for name, spread in own.items()}, shared)


def _spread(values: Sequence[float]) -> Spread:
    centre = mean(values)
    return Spread(math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1), len(values) - 1)


def _largest(own: Spread, shared: Spread, common: Spread) -> Spread:
    """The largest of three variances, at d₀ + d degrees of freedom, or as many as there are on all seeds together."""
    posterior = moderated(own, common)
    variance = max(own.variance, shared.variance, posterior.variance)
    return Spread(variance, min(posterior.freedom, shared.freedom))


def superiority(
    known: Spreads, groups: Groups, pairs: Sequence[tuple[str, str]], targets: Mapping[str, float]
) -> list[float]:
    """The one-sided p of a t test for each pair: that the mean of the first lies above the target of the second.

    Welch's degrees of freedom; with moderated variances, those of the candidate that has fewer.

    Args:
        targets: by candidate, its mean or what is ahead of that by a margin.
    Source: Welch 1947, https://doi.org/10.1093/biomet/34.1-2.28
    """
    import numpy as np  # here, so that a leaderboard is read without NumPy and SciPy
    from scipy.special import stdtr

    at = {name: place for place, name in enumerate(groups)}
    one, other = np.array([(at[first], at[second]) for first, second in pairs], int).reshape(-1, 2).T
    means = np.array([mean(values) for values in groups.values()])
    parts = np.array([known.of(name).variance / len(values) for name, values in groups.items()])
    freedom = np.array([known.of(name).freedom for name in groups], float)
    error, difference = np.sqrt(parts[one] + parts[other]), means[one] - np.array([targets[name] for name in at])[other]
    certain = np.where(difference > 0, np.inf, -np.inf)  # where no seed differs from another
    ratio = np.divide(difference, error, out=certain, where=error > 0)
    freedoms = np.minimum(freedom[one], freedom[other])
    if known.procedure is WELCH:
        shares = parts[one] ** 2 / freedom[one] + parts[other] ** 2 / freedom[other]
        freedoms = np.divide(error**4, shares, out=freedoms, where=shares > 0)
    return [float(p) for p in stdtr(freedoms, -ratio)]


def upper(known: Spreads, groups: Groups, name: str, confidence: float) -> float:
    """The one-sided upper bound of a candidate's mean position."""
    from scipy.special import stdtrit

    spread, values = known.of(name), groups[name]
    return mean(values) + float(stdtrit(spread.freedom, confidence)) * math.sqrt(spread.variance / len(values))


def mean(values: Sequence[float]) -> float:
    """The mean, rounded once."""
    return math.fsum(values) / len(values)


def holm(p: Sequence[float]) -> list[float]:
    """Holm's adjusted p values in the order of `p`: those at or below α are rejected at the family-wise level α.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure", https://www.jstor.org/stable/4615733
    """
    import numpy as np

    order = np.argsort(p, kind="stable")
    raised = np.arange(len(p), 0, -1) * np.asarray(p, float)[order]
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(raised))
    return [float(value) for value in adjusted]
