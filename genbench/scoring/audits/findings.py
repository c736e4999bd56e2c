"""Findings: what each audit of a density says, a pure function of nats that the model gave and of data it did not see.

Source of the bounds: Gibbs' and Markov's inequalities; of the e-values: Ramdas et al. 2023,
https://arxiv.org/abs/2210.01948
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp
from scipy.stats import fisher_exact, mannwhitneyu

from genbench.records.audits import AuditFinding, AuditStatus, finding
from genbench.records.kinds import Likelihood
from genbench.scoring.audits.answers import Twice

SUM_TOLERANCE = 1e-3  # of the sum over all states, where log_prob is no estimate
LARGEST_TOLERANCE = 0.05  # beyond it, the scatter of the estimates hides what the sum would show
STANDARD_ERRORS = 4  # one-sided, p = 3e-5
LOG_E_LIMIT = math.log(1000)  # by Markov an honest density comes here once in a thousand
SAMPLER_LIMIT = 7.0  # nats; e^7 = 1097
SAME_LIMIT = 1e-4  # p of a row that moves more beside other rows than beside the same ones
SPIKE_LIMIT = 10.0  # nats that one entry may move; honest densities stay below 6.4, tables of rows reach 80
TOO_FEW = "too few rows were asked for twice"
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


def noise_floor(nats: NDArray[np.float64], told: NDArray[np.int64], levels: int) -> AuditFinding:
    """Mean bits/dim on uniform noise [N]: at least log2(levels) for whatever sums to 1 or less (Gibbs).

    Args:
        told: [N] entries of each row that the noise was drawn of: all D, or of a sequence those up to its end, whose
            probability is then levels^-told.
    """
    bound = math.log2(levels)
    if np.isneginf(nats).any():
        return finding("noise-floor", AuditStatus.PASSED, "uniform noise has no probability at all", None, bound)
    mean = float(told.mean())
    bits = bound + (-nats / math.log(2) - told * bound) / mean  # of which the mean is that of bits over that of entries
    value, error = float(bits.mean()), float(bits.std(ddof=1)) / math.sqrt(len(bits))
    words = f"uniform noise costs {value:.3f} ± {error:.2g} bits/dim, and log2(levels) is {bound:.3f}"
    return _found("noise-floor", value + STANDARD_ERRORS * error >= bound * (1 - 1e-5), words, value, bound)


def e_value(known: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> AuditFinding:
    """log of the mean P/q over x ~ q, for densities q near real images: above log 1000 once in a thousand (Markov).

    Args:
        known: of each q, nats [2, N] of N draws from it, asked for twice, and log q [N] of these. Where the answers
            differ, the scatter of their mean, which inflates the exponential of a random estimate by half its
            variance, is taken off, up to the limit itself. The mean over several q is an e-value as well.
    """
    values = [_log_e(nats, log_q) for nats, log_q in known]
    value = float(logsumexp(values)) - math.log(len(values))
    words = f"images around real ones have e^{value:.1f} times the mass that a normalised density can give them"
    return _found("e-value", value <= LOG_E_LIMIT, words, value, LOG_E_LIMIT)


def _log_e(nats: NDArray[np.float64], log_q: NDArray[np.float64]) -> float:
    finite = nats[:, np.isfinite(nats).all(0)]
    variance = float(finite.var(axis=0, ddof=1).mean()) / len(nats) if finite.size else 0.0
    inflation = min(variance / 2, LOG_E_LIMIT)  # a plugin could scatter as much as it pleases
    return float(logsumexp(nats.mean(0) - log_q)) - math.log(nats.shape[1]) - inflation


def sampler_density(ratios: Mapping[str, float]) -> AuditFinding:
    """Do the samples follow the density? Split likelihood ratios on the real space and on a tiny one.

    Args:
        ratios: what was drawn → log e of `alternatives.log_e`.
    """
    value = float(logsumexp(list(ratios.values()))) - math.log(len(ratios))  # a mean of e-values is one
    worst = max(ratios, key=lambda name: ratios[name])
    words = f"a density fitted to {worst} explains them e^{ratios[worst]:.1f} times as well as the model's own"
    return _found("sampler-density", value <= SAMPLER_LIMIT, words, value, SAMPLER_LIMIT)


def ordering(
    test: NDArray[np.float64], x: NDArray[np.integer], valid: NDArray[np.float64], own: NDArray[np.float64]
) -> AuditFinding:
    """Test bits/dim are at least the entropy of the test rows, log2(N)/D if all differ; others stand beside.

    Args:
        test: [N] nats of the test rows x [N, D].
        valid, own: nats of some valid rows and of some of the model's own samples, which are told and not judged.
    """
    per_bit = x.shape[1] * math.log(2)
    _, counts = np.unique(x, axis=0, return_counts=True)
    bound = float(math.log(len(x)) - (counts * np.log(counts)).sum() / len(x)) / per_bit
    value = -float(test.mean()) / per_bit
    beside = [
        f"{name} {-float(nats.mean()) / per_bit:.3f}"
        for name, nats in (("valid", valid), ("own samples", own))
        if len(nats)
    ]
    words = ", ".join([f"test images cost {value:.3f} bits/dim", *beside]) + "; "
    words += "ELBO ≤ IWAE-K: not applicable, no K is stated"
    return _found("ordering", value >= bound, words, value, bound)


def same_answer(nats: NDArray[np.float64]) -> AuditFinding:
    """An exact density is the same to rounding, whatever stands beside a row.

    Args:
        nats: [2, T] of rows that were asked for twice.
    """
    if not nats.size:
        return finding("same-answer", AuditStatus.SKIPPED, TOO_FEW)
    spread = _spread(np.where(np.isneginf(nats), -1e9, nats))  # without probability twice is the same answer
    words = repeated(spread) if spread else f"{nats.shape[1]} rows were asked for twice and had the same density"
    return _found("same-answer", not spread, words, spread, 0.0)


def same_scatter(alike: Twice, elsewhere: Twice) -> AuditFinding:
    """A row moves no more beside other rows than the scatter of a bound moves it beside the same ones.

    Rows of the same two batches may move together, as where the model draws one time or one mask a call: they count
    once, by their median.

    Args:
        alike: rows that were asked for twice beside the same rows.
        elsewhere: beside others.
    """
    apart = _apart(alike), _apart(elsewhere)
    own, other = _medians(apart[0], alike.batches), _medians(apart[1], elsewhere.batches)
    if not len(own) or not len(other):
        return finding("same-answer", AuditStatus.SKIPPED, TOO_FEW)
    p = float(mannwhitneyu(other, own, alternative="greater").pvalue) if other.max() > 0 else 1.0
    if not apart[0].any():  # no scatter beside the same rows: so many of the others must not have moved at all
        moved, still = [int((rows > 0).sum()) for rows in apart], [int((rows == 0).sum()) for rows in apart]
        p = min(p, float(fisher_exact([moved, still], alternative="less").pvalue))
    words = f"a row moves by {np.median(other):.3g} nats beside others, by {np.median(own):.3g} beside the same"
    return _found("same-answer", p >= SAME_LIMIT, f"{words} (p = {p:.2g})", p, SAME_LIMIT)


def _apart(twice: Twice) -> NDArray[np.float64]:
    """[T] how far both answers are apart, beyond what rounding explains; nats."""
    absolute, relative = EXACTLY
    pairs = np.where(np.isneginf(twice.nats), -1e9, twice.nats)
    apart: NDArray[np.float64] = np.abs(pairs[0] - pairs[1]) - absolute - relative * np.abs(pairs).max(0)
    return np.maximum(apart, 0.0)


def _medians(apart: NDArray[np.float64], batches: NDArray[np.int64]) -> NDArray[np.float64]:
    """The median of each pair of batches."""
    _, which = np.unique(batches, axis=1, return_inverse=True)
    return np.array([np.median(apart[which == i]) for i in range(which.max() + 1)] if len(apart) else [])


def as_declared(nats: NDArray[np.float64], declared: NDArray[np.float64], dim: int) -> AuditFinding:
    """What the harness normalised entry by entry is what `log_prob` says of the same rows, to rounding.

    Args:
        nats: [V] of test rows, from the model's law of each entry.
        declared: [V] nats of the same rows.
        dim: entries of a row.
    """
    both = np.where(np.isneginf([nats, declared]), -1e9, [nats, declared])
    bits = -both.mean(1) / (dim * math.log(2))
    words = f"entry by entry {len(nats)} test rows cost {bits[0]:.3f} bits/dim, and log_prob() declares {bits[1]:.3f}"
    return _found("verified", _spread(both) == 0, words, float(bits[0]), float(bits[1]))


def no_spikes(
    moved: NDArray[np.float64], own: NDArray[np.float64], test: NDArray[np.float64], dim: int
) -> AuditFinding:
    """Moving one entry of a real image by one level costs few nats; what own samples cost beside test is told.

    The second is no bar: honest bounds after a brief training reach 1.4 bits/dim.

    Tokens of a sequence are no quantities: the next one is as far as any other, and so the test is not made of them.

    Args:
        moved: [2, S] nats of test rows, and of the same with one entry moved by one level.
        own, test: nats of the model's own samples, and of test rows.
        dim: entries of a row.
    """
    if not moved.shape[1]:
        return finding("no-spikes", AuditStatus.SKIPPED, "too few test rows for one to be moved")
    finite = np.where(np.isneginf(moved), -1e9, moved)
    drop = abs(float(np.median(finite[0] - finite[1])))
    excess = (float(test.mean()) - float(own.mean())) / (dim * math.log(2))
    words = f"one entry moved by one level changes the density of a test image by {drop:.2g} nats (median); "
    words += f"own samples cost {excess:+.2f} bits/dim beside test images"
    return _found("no-spikes", drop <= SPIKE_LIMIT, words, drop, SPIKE_LIMIT)
