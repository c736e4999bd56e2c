"""Findings: what each audit of a density says, a pure function of nats that the model gave and of data it did not see.

Source of the bounds: Gibbs' and Markov's inequalities; of the e-values: Ramdas et al. 2023,
https://arxiv.org/abs/2210.01948
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from genbench.records.audits import AuditFinding, AuditStatus, finding
from genbench.records.kinds import Likelihood
from genbench.scoring.audits import alternatives

SUM_TOLERANCE = 1e-3  # of the sum over all states, where log_prob is no estimate
LARGEST_TOLERANCE = 0.05  # beyond it, the scatter of the estimates hides what the sum would show
STANDARD_ERRORS = 4  # one-sided, p = 3e-5
LOG_E_LIMIT = math.log(1000)  # by Markov an honest density comes here once in a thousand
SAMPLER_LIMIT = 7.0  # nats; e^7 = 1097
EXACTLY = (1e-2, 1e-4)  # nats, and share of the nats, by which rounding may move an exact density


def _found(name: str, passed: object, words: str, value: float, bound: float) -> AuditFinding:
    return finding(name, AuditStatus.PASSED if passed else AuditStatus.FAILED, words, value, bound)


@dataclass(frozen=True)
class Total:
    """The sum of exp(mean nats) over all states, from R evaluations under different seeds.

    Args:
        value: the sum.
        inflation: what the scatter of the estimates adds to it, Σ P (e^(s²/2R) - 1) for normal ones.
        error: STANDARD_ERRORS standard errors of the sum.
        spread: the largest difference between two evaluations of one state, beyond what rounding explains; nats.
    """

    value: float
    inflation: float
    error: float
    spread: float

    @property
    def tolerance(self) -> float:
        """How far above 1 the sum of an honest bound may come."""
        return SUM_TOLERANCE + self.inflation + self.error

    @property
    def settled(self) -> bool:
        """Whether more evaluations would not change what the sum says of a bound."""
        below, above = self.value + self.error <= 1, self.value > 1 + self.tolerance
        return below or above or self.tolerance <= LARGEST_TOLERANCE


def total(table: NDArray[np.float64]) -> Total:
    """The total of nats [R, S], R ≥ 2 evaluations of every state."""
    possible = np.where(np.isneginf(table), -1e9, table)  # a state without probability, not a fault
    mean, variance = possible.mean(0), possible.var(0, ddof=1) / len(table)  # of the mean
    p = np.exp(np.minimum(mean, 700))
    inflation = float((p * np.expm1(np.minimum(variance, 700) / 2)).sum())
    error = math.sqrt(float((p**2 * variance).sum()))
    return Total(float(p.sum()), inflation, STANDARD_ERRORS * error, _spread(possible))


def _spread(nats: NDArray[np.float64]) -> float:
    absolute, relative = EXACTLY
    between: NDArray[np.float64] = nats.max(0) - nats.min(0)
    return max(0.0, float((between - absolute - relative * np.abs(nats).max(0)).max()))


def exhaustive_sum(table: NDArray[np.float64], kind: Likelihood, where: str) -> AuditFinding:
    """Σ P over every state of a tiny space: 1 for an exact density, at most 1 for a bound.

    Args:
        table: [R, S] nats.
        where: the space, in words.
    """
    name, found = "exhaustive-sum", total(table)
    words = f"the {table.shape[1]} states of {where} sum to {found.value:.5g}"
    if kind is Likelihood.EXACT and found.spread:
        return finding(name, AuditStatus.FAILED, f"{repeated(found.spread)} ({where})", found.value, 1 + SUM_TOLERANCE)
    if kind is Likelihood.EXACT:
        return _found(name, abs(found.value - 1) <= SUM_TOLERANCE, words, found.value, 1 + SUM_TOLERANCE)
    if not found.settled:
        why = f"the estimates scatter too much for a sum over {where} (± {found.tolerance:.2g}); audit_settings should"
        return finding(name, AuditStatus.SKIPPED, f"{why} average over more draws", found.value, 1 + found.tolerance)
    return _found(name, found.value <= 1 + found.tolerance, words, found.value, 1 + found.tolerance)


def repeated(spread: float) -> str:
    """Why a density that changes from call to call is not exact."""
    return f"an exact density gives the same again, and this one moved by {spread:.3g} nats under another seed or batch"


def noise_floor(nats: NDArray[np.float64], dim: int, levels: int) -> AuditFinding:
    """Mean bits/dim on uniform noise [N]: at least log2(levels) for whatever sums to 1 or less (Gibbs)."""
    bound = math.log2(levels)
    if np.isneginf(nats).any():
        return finding("noise-floor", AuditStatus.PASSED, "uniform noise has no probability at all", None, bound)
    bits = -nats / (dim * math.log(2))
    value, error = float(bits.mean()), float(bits.std(ddof=1)) / math.sqrt(len(bits))
    words = f"uniform noise costs {value:.3f} ± {error:.2g} bits/dim, and log2(levels) is {bound:.3f}"
    return _found("noise-floor", value + STANDARD_ERRORS * error >= bound * (1 - 1e-5), words, value, bound)


def e_value(nats: NDArray[np.float64], log_q: NDArray[np.float64]) -> AuditFinding:
    """log of the mean P/q over x ~ q [N], q around held-out images: above log 1000 once in a thousand (Markov).

    Args:
        nats: [2, N], of the same samples under two seeds; where they differ, the scatter of their mean, which inflates
            the exponential of a random estimate by half its variance, is taken off.
        log_q: [N] of these samples.
    """
    known = nats[:, np.isfinite(nats).all(0)]
    variance = float(known.var(axis=0, ddof=1).mean()) / len(nats) if known.size else 0.0
    value = float(logsumexp(nats.mean(0) - log_q)) - math.log(nats.shape[1]) - variance / 2
    words = f"images around held-out ones have e^{value:.1f} times the mass that a normalised density can give them"
    return _found("e-value", value <= LOG_E_LIMIT, words, value, LOG_E_LIMIT)


def sampler_density(
    nats: NDArray[np.float64],
    x: NDArray[np.integer],
    levels: int,
    log_p: NDArray[np.float64],
    places: NDArray[np.int64],
) -> AuditFinding:
    """Do the samples follow the density? Split likelihood ratios on the real space and on a tiny one.

    Args:
        nats: [n] of the model's own samples x [n, D].
        log_p: [S] nats of every state of the tiny space; empty where no rung was fitted.
        places: [M] the states that the tiny model drew.
    """
    real = alternatives.log_e(nats[len(x) // 2 :], alternatives.of_samples(x, levels))
    found = {"its own samples": real}
    if len(places):
        normal = log_p - logsumexp(log_p)
        found["samples on the tiny space"] = alternatives.log_e(
            normal[places[len(places) // 2 :]], alternatives.of_table(normal, places)
        )
    value = float(logsumexp(list(found.values()))) - math.log(len(found))  # a mean of e-values is one
    worst = max(found, key=lambda name: found[name])
    words = f"a density fitted to {worst} explains them e^{found[worst]:.1f} times as well as the model's own"
    return _found("sampler-density", value <= SAMPLER_LIMIT, words, value, SAMPLER_LIMIT)


def ordering(
    test: NDArray[np.float64],
    x: NDArray[np.integer],
    own: NDArray[np.float64],
    twice: NDArray[np.float64],
    kind: Likelihood,
) -> AuditFinding:
    """Test bits/dim are at least the entropy of the test set, log2(N)/D if all rows differ; own samples stand beside.

    Args:
        test: [N] nats of the test set x [N, D].
        own: nats of some of the model's own samples.
        twice: [2, V] nats of the same images under two seeds, which an exact density gives twice.
    """
    name, per_bit = "ordering", x.shape[1] * math.log(2)
    _, counts = np.unique(x, axis=0, return_counts=True)
    bound = float(math.log(len(x)) - (counts * np.log(counts)).sum() / len(x)) / per_bit
    value = -float(test.mean()) / per_bit
    if kind is Likelihood.EXACT and twice.size and (spread := _spread(np.where(np.isneginf(twice), -1e9, twice))):
        return finding(name, AuditStatus.FAILED, f"{repeated(spread)} (perturbed held-out images)", value, bound)
    words = f"test images cost {value:.3f} bits/dim, own samples {-float(own.mean()) / per_bit:.3f}; "
    words += "ELBO ≤ IWAE-K: not applicable, no K is stated"
    return _found(name, value >= bound, words, value, bound)
