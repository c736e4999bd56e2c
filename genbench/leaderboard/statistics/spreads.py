"""The spreads of training seeds that means are compared with, and the tests that compare them.

With five seeds each candidate has its own spread, in Welch's test. Three or four say little of it: there it has the
largest of its own variance, the pooled one and the empirical-Bayes one, at the degrees of freedom of the last. The
levels that were measured stand in leaderboards/README.md.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from genbench.leaderboard.statistics.prior import Spread, moderated, prior, together
from genbench.leaderboard.statistics.procedure import ALPHA, LEAST, WELCH, Procedure, procedure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Groups = Mapping[str, Sequence[float]]  # positions of each candidate, one a seed


@dataclass(frozen=True, eq=False)
class Spreads:
    """What the means of candidates on one axis are compared with.

    Args:
        procedure: what the spreads are for.
        own: by candidate that has enough seeds to be tested, K of them, the spread of its own seeds.
        variances, freedoms: [K], what each is compared with.
        shared: the pooled spread, the best guess for the others, which are not tested.
    """

    procedure: Procedure
    own: Mapping[str, Spread]
    variances: "NDArray[np.float64]"
    freedoms: "NDArray[np.float64]"
    shared: Spread

    @cached_property
    def known(self) -> Mapping[str, Spread]:
        """By candidate that is tested, what it is compared with."""
        pairs = zip(self.variances.tolist(), self.freedoms.tolist(), strict=True)
        return {name: Spread(*pair) for name, pair in zip(self.own, pairs, strict=True)}

    def of(self, name: str) -> Spread:
        """The candidate's spread, or the best guess."""
        return self.known.get(name, self.shared)

    def without(self, name: str) -> "Spreads | None":
        """The spreads if one candidate were not there; None where no other has enough seeds."""
        others = {other: spread for other, spread in self.own.items() if other != name}
        return _spreads(others) if others else None


def spreads(groups: Groups) -> Spreads | None:
    """The spreads on one axis; None where no candidate has three seeds."""
    own = {name: _spread(values) for name, values in groups.items() if len(values) >= LEAST}
    return _spreads(own) if own else None


def _spreads(own: Mapping[str, Spread]) -> Spreads:
    import numpy as np  # here, so that a leaderboard is read without NumPy and SciPy

    each = list(own.values())
    variances, freedoms = np.array([(spread.variance, spread.freedom) for spread in each], float).T
    used, shared = procedure(1 + int(freedoms.min())), together(each)
    if used is not WELCH:
        variances, freedoms = _largest(variances, freedoms, shared, prior(each))
    return Spreads(used, own, variances, freedoms, shared)


def _spread(values: Sequence[float]) -> Spread:
    centre = mean(values)
    return Spread(math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1), len(values) - 1)


def _largest(
    variances: "NDArray[np.float64]", freedoms: "NDArray[np.float64]", shared: Spread, common: Spread
) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """The largest of three variances, at d₀ + d degrees of freedom, or as many as there are on all seeds together."""
    import numpy as np

    posterior, freedom = moderated(variances, freedoms, common)
    largest = np.maximum(np.maximum(variances, shared.variance), posterior)
    return largest, np.minimum(freedom, shared.freedom)


@dataclass(frozen=True, eq=False)
class Scatter:
    """How candidates' means scatter.

    Args:
        squares: [K], the variance of each one's mean.
        freedoms: [K], the degrees of freedom of its spread.
        welch: each has a spread of its own.
    """

    squares: "NDArray[np.float64]"
    freedoms: "NDArray[np.float64]"
    welch: bool

    def superiority(
        self, differences: "NDArray[np.float64]", one: "NDArray[np.intp]", other: "NDArray[np.intp]"
    ) -> "NDArray[np.float64]":
        """The one-sided p [M] of a t test for each pair: that a difference [M] of means is above 0.

        Welch's degrees of freedom; with moderated variances, those of the candidate that has fewer.

        Args:
            one, other: [M], the pairs, as places among the candidates.
        Source: Welch 1947, https://doi.org/10.1093/biomet/34.1-2.28
        """
        import numpy as np
        from scipy.special import stdtr

        squares, freedom = self.squares, self.freedoms
        freedoms = np.minimum(freedom[one], freedom[other])
        error, ratios = self.ratios(differences, one, other)
        if self.welch:
            shares = squares[one] ** 2 / freedom[one] + squares[other] ** 2 / freedom[other]
            freedoms = np.divide(error**4, shares, out=freedoms, where=shares > 0)
        return np.asarray(stdtr(freedoms, -ratios))

    def ratios(
        self, differences: "NDArray[np.float64]", one: "NDArray[np.intp]", other: "NDArray[np.intp]"
    ) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
        """The standard errors of differences, and these over them; infinite where no seed differs from another."""
        import numpy as np

        error = np.sqrt(self.squares[one] + self.squares[other])
        certain = np.where(differences > 0, np.inf, -np.inf)
        return error, np.divide(differences, error, out=certain, where=error > 0)

    def decisive(
        self,
        ratios: "NDArray[np.float64]",
        one: "NDArray[np.intp]",
        other: "NDArray[np.intp]",
        count: int,
        most: float,
    ) -> "NDArray[np.float64]":
        """Two-sided p [M] of moderated spreads, exact from α / `count` to `most`; 0 below, and 1 above.

        Which is which quantiles tell, with a thousandth to spare: far more than the rounding of either function.

        Args:
            ratios: [M], of the differences and their standard errors.
        """
        import numpy as np
        from scipy.special import stdtr, stdtrit

        far = -1.001 * stdtrit(self.freedoms.min(), ALPHA / count / 2)
        near = -stdtrit(self.freedoms.max(), most / 2) / 1.001
        found = np.where(ratios > far, 0.0, 1.0)
        open_ = np.flatnonzero((ratios >= near) & (ratios <= far))
        freedoms = np.minimum(self.freedoms[one[open_]], self.freedoms[other[open_]])
        found[open_] = np.minimum(1.0, 2 * stdtr(freedoms, -ratios[open_]))
        return found


def upper(known: Spreads, groups: Groups, name: str, confidence: float) -> float:
    """The one-sided upper bound of a candidate's mean position."""
    from scipy.special import stdtrit

    spread, values = known.of(name), groups[name]
    return mean(values) + float(stdtrit(spread.freedom, confidence)) * math.sqrt(spread.variance / len(values))


def mean(values: Sequence[float]) -> float:
    """The mean, rounded once."""
    return math.fsum(values) / len(values)


def holm(p: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Holm's adjusted p values in the order of `p` [M]: those at or below α are rejected at the family-wise level α.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure", https://www.jstor.org/stable/4615733
    """
    import numpy as np

    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(np.arange(len(p), 0, -1) * p[order]))
    return adjusted


def rejected(p: "NDArray[np.float64]", own: float) -> bool:
    """Whether Holm's correction over the finite `p` [M] rejects one of them at α.

    What is at most α over their number is rejected wherever it stands: of those that are no larger than `own`, only the
    others have to be put in order.
    """
    import numpy as np

    if own > ALPHA:
        return False
    low, count = p[p <= own], int(np.isfinite(p).sum())
    sure = low * count <= ALPHA
    left = count - int(sure.sum())  # tests, once those are rejected that are sure
    between = np.sort(low[~sure])
    return bool((np.arange(left, left - len(between), -1) * between <= ALPHA).all())
