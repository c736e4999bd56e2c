"""What the spreads of all candidates say of one: an empirical-Bayes prior of variances."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Spread:
    """A variance of single positions, and its degrees of freedom, which may be infinite."""

    variance: float
    freedom: float


def together(spreads: Sequence[Spread]) -> Spread:
    """The pooled variance, each weighed by its degrees of freedom, at the sum of these."""
    freedom = math.fsum(spread.freedom for spread in spreads)
    return Spread(math.fsum(spread.variance * spread.freedom for spread in spreads) / freedom, freedom)


def moderated(
    variances: "NDArray[np.float64]", freedoms: "NDArray[np.float64]", prior: Spread
) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """The posterior variances of candidates, (d₀ s₀² + d s²) / (d₀ + d), and their d₀ + d degrees of freedom.

    Args:
        variances, freedoms: [K], each one's own.
    Source: Smyth 2004, eq. 2, https://doi.org/10.2202/1544-6115.1027
    """
    import numpy as np  # here, so that a leaderboard is read without NumPy

    if math.isinf(prior.freedom):
        return np.full_like(variances, prior.variance), np.full_like(freedoms, prior.freedom)
    freedom = prior.freedom + freedoms
    return (prior.freedom * prior.variance + freedoms * variances) / freedom, freedom


def prior(spreads: Sequence[Spread]) -> Spread:
    r"""s₀² and d₀ of the scaled inverse χ² that the true variances are drawn from, by the moments of ln s².

    With e = ln s² - ψ(d/2) + ln(d/2) of each candidate, ψ′(d₀/2) is the variance of the e less the mean ψ′(d/2), and
    ln s₀² is the mean of the e plus ψ(d₀/2) - ln(d₀/2). Where the e vary no more than chance makes them,
    d₀ is infinite and s₀² the pooled variance. A spread of 0 has no logarithm and says nothing.

    Returns:
        The prior; at 0 degrees of freedom where fewer than two spreads say anything.
    Source: Smyth 2004, sec. 6.2, https://doi.org/10.2202/1544-6115.1027
    """
    from scipy.special import digamma, polygamma  # here, so that a leaderboard is read without SciPy

    known = [spread for spread in spreads if spread.variance > 0]
    if len(known) < 2:
        return Spread(0.0, 0.0)
    halves = [spread.freedom / 2 for spread in known]
    psi = {h: (float(digamma(h)), math.log(h), float(polygamma(1, h))) for h in set(halves)}
    e = [math.log(own.variance) - psi[h][0] + psi[h][1] for own, h in zip(known, halves, strict=True)]
    centre = math.fsum(e) / len(e)
    excess = math.fsum((value - centre) ** 2 for value in e) / (len(e) - 1)
    excess -= math.fsum(psi[half][2] for half in halves) / len(halves)
    if excess <= 0:
        return Spread(together(known).variance, math.inf)
    half = trigamma_inverse(excess)
    return Spread(math.exp(centre + float(digamma(half)) - math.log(half)), 2 * half)


def trigamma_inverse(value: float) -> float:
    """The y > 0 with ψ′(y) = `value` > 0, by Newton's steps on 1/ψ′, which is convex and nearly linear.

    Source: Smyth 2004, appendix, https://doi.org/10.2202/1544-6115.1027
    """
    from scipy.special import polygamma

    y = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(polygamma(1, y))
        step = trigamma * (1 - trigamma / value) / float(polygamma(2, y))
        y += step
        if abs(step) < 1e-12 * y:
            break
    return y
