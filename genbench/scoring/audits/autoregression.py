"""Autoregression: each entry a rounded Gaussian around a linear function of those before it; it sums to one exactly."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular
from scipy.special import log_ndtr

from genbench.files.sequences import cut, told

MAX_DIM = 4096  # entries of a sample beyond which no covariance is fitted
SHRINKAGE = 0.1  # towards the diagonal


@dataclass(frozen=True)
class LinearAutoregression:
    """q(x) = Π_i P(x_i = round(m_i + L_ii ε)), ε ~ N(0, 1), the outer levels taking the tails.

    The m_i are those of a Gaussian with mean μ and covariance L Lᵀ: with z = L⁻¹ (x - μ), m_i = x_i - L_ii z_i.

    Args:
        mean: μ [D] float64, in levels.
        lower: L [D, D] float64, lower triangular, in levels.
        levels: of an entry.
        end: the token after which a draw is cut; the probability of a sequence is that of all that are cut to it.
    """

    mean: NDArray[np.float64]
    lower: NDArray[np.float64]
    levels: int
    end: int | None = None

    def log_prob(self, x: NDArray[np.integer]) -> NDArray[np.float64]:
        """log q of integers [M, D]: [M] float64 nats."""
        rows = x.astype(np.float64)
        z = solve_triangular(self.lower, (rows - self.mean).T, lower=True).T  # [M, D]
        half = 0.5 / np.diag(self.lower)
        above = np.where(rows == self.levels - 1, np.inf, z + half)
        below = np.where(rows == 0, -np.inf, z - half)
        # Φ(a) - Φ(b) = Φ(-b) - Φ(-a): below zero, log Φ keeps its digits.
        high, low = np.where(below > 0, -below, above), np.where(below > 0, -above, below)
        log_high, log_low = log_ndtr(high), log_ndtr(low)
        log_q: NDArray[np.float64] = log_high + np.log1p(-np.exp(log_low - log_high))  # [M, D]
        total: NDArray[np.float64] = np.where(told(x, self.end), log_q, 0).sum(1)
        return total

    def draw(self, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """n samples of q, [n, D] integers."""
        scale = np.diag(self.lower)
        x, z = np.empty((n, len(scale)), np.int64), np.zeros((n, len(scale)))
        for i, noise in enumerate(rng.standard_normal((len(scale), n))):
            m = self.mean[i] + z[:, :i] @ self.lower[i, :i]
            x[:, i] = np.clip(np.rint(m + scale[i] * noise), 0, self.levels - 1)
            z[:, i] = (x[:, i] - m) / scale[i]
        return cut(x, self.end)


def fitted(rows: NDArray[np.integer], levels: int, end: int | None = None) -> LinearAutoregression | None:
    """The one with the mean and the shrunk covariance of rows [N, D], N ≥ 2; None above MAX_DIM entries a row."""
    if rows.shape[1] > MAX_DIM:
        return None
    x = rows.astype(np.float64)
    cov = np.atleast_2d(np.cov(x, rowvar=False))
    variance = np.diag(cov) + 1 / 12  # that of rounding: no entry is certain
    shrunk = (1 - SHRINKAGE) * cov + np.diag(variance - (1 - SHRINKAGE) * np.diag(cov))
    return LinearAutoregression(x.mean(0), cholesky(shrunk, lower=True), levels, end)
