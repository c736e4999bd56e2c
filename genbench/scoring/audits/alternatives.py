"""Alternatives: densities fitted to half of a model's samples, which the other half may fit better than its own does.

If the samples follow P, then E Π q(x)/P(x) = 1 over the second half for any normalised q of the first: a large product
is an e-value against P (the split likelihood ratio). The mean of several such products is one as well.
Source: Wasserman, Ramdas, Balakrishnan 2020, https://arxiv.org/abs/1912.11436
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from genbench.scoring.audits import autoregression
from genbench.scoring.audits.kernels import Kernels

PRIOR = (1.0, 16.0, 256.0, 4096.0)  # samples that the model's own table counts for in a histogram


def log_e(nats: NDArray[np.float64], alternatives: list[NDArray[np.float64]]) -> float:
    """log of the mean over alternatives of Π q(x)/P(x).

    Args:
        nats: [M] log P of the second half.
        alternatives: [M] log q of the same rows for each q.
    """
    if np.isneginf(nats).any():
        return math.inf  # a sample that P rules out
    products = [float((log_q - nats).sum()) for log_q in alternatives]
    return float(logsumexp(products)) - math.log(len(products))


def of_samples(x: NDArray[np.integer], levels: int) -> list[NDArray[np.float64]]:
    """log q [M - M // 2] of the second half of x [M, D] under each q fitted to the first."""
    first, second = np.split(x.astype(np.int64), [len(x) // 2])
    found = [_independent(first, second, levels), Kernels(first, levels).log_prob(second)]
    regressed = autoregression.fitted(first, levels) if len(first) > 1 else None
    return [*found, *([regressed.log_prob(second)] if regressed is not None else [])]


def of_table(log_p: NDArray[np.float64], places: NDArray[np.int64]) -> list[NDArray[np.float64]]:
    """log q of the second half of the drawn states under each q fitted to the first, where all of P is known.

    The q are P itself with another temperature, and histograms that lean on P.

    Args:
        log_p: [S] nats of every state, summing to one.
        places: [M] the states drawn.
    """
    first, second = np.split(places, [len(places) // 2])
    counts, p = np.bincount(first, minlength=len(log_p)), np.exp(log_p)
    found = [_tempered(log_p, first)[second]]
    with np.errstate(divide="ignore"):  # a state that P rules out and that was not drawn has no mass here either
        found += [np.log((counts + prior * p) / (len(first) + prior))[second] for prior in PRIOR]
    return found


def _tempered(log_p: NDArray[np.float64], drawn: NDArray[np.int64]) -> NDArray[np.float64]:
    """P^β / Σ P^β with the β of the largest likelihood, [S]."""
    possible = np.isfinite(log_p)
    mean = log_p[drawn].mean()
    if not np.isfinite(mean):
        return np.full_like(log_p, -math.log(len(log_p)))
    beta = minimize_scalar(lambda b: logsumexp(b * log_p[possible]) - b * mean, bounds=(0, 8), method="bounded").x
    tempered: NDArray[np.float64] = beta * log_p - logsumexp(beta * log_p[possible])
    return tempered


def _independent(first: NDArray[np.int64], second: NDArray[np.int64], levels: int) -> NDArray[np.float64]:
    """A histogram of each entry with half a count added to every level (Krichevsky and Trofimov 1981)."""
    counts = np.empty(second.shape)  # [M, D]: how often the first rows have the same value there
    for d, column in enumerate(np.sort(first, axis=0).T):
        low, high = (np.searchsorted(column, second[:, d], side) for side in ("left", "right"))
        counts[:, d] = high - low
    log_q: NDArray[np.float64] = np.log((counts + 0.5) / (len(first) + 0.5 * levels)).sum(1)
    return log_q
