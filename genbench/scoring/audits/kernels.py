"""Kernels: a density on a Space's integers around given rows, whose probabilities sum to one exactly."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from genbench.files.sequences import cut, told

WIDTHS = (1 / 64, 1 / 24, 1 / 12)  # deviations, as shares of the levels; half a level at least
MAX_LEVELS = 2**16  # tables of the kernels have two entries a level


@dataclass(frozen=True)
class Kernels:
    """q(x) = mean over rows c and widths s of Π_d exp(-(x_d - c_d)² / 2s²) / Z(c_d), x_d in [0, levels).

    Each factor is normalised over the levels that there are, so that no mass lies outside.

    Args:
        rows: [N, D] integers, the centres.
        levels: of an entry, at most 2^16.
        end: the token after which a draw is cut; the probability of a sequence is that of all that are cut to it.
    """

    rows: NDArray[np.int64]
    levels: int
    end: int | None = None

    @cached_property
    def widths(self) -> list[float]:
        """The deviations in levels, each once."""
        return sorted({max(0.5, share * self.levels) for share in WIDTHS})

    def log_prob(self, x: NDArray[np.int64]) -> NDArray[np.float64]:
        """log q of integers [M, D]: [M] float64 nats."""
        c, x, m = self.rows.astype(np.float64), x.astype(np.float64), told(x, self.end).astype(np.float64)
        squares = (m * x**2).sum(1)[:, None] + m @ (c**2).T - 2 * (m * x) @ c.T  # [M, N], exact below 2^53
        each = [-squares / (2 * s * s) - m @ self._log_norms(s).T for s in self.widths]
        log_q: NDArray[np.float64] = logsumexp(np.stack(each), axis=(0, 2))
        return log_q - math.log(len(each) * len(c))

    def draw(self, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """n samples of q, [n, D] integers."""
        c = self.rows[rng.integers(len(self.rows), size=n)]
        chosen, u = rng.integers(len(self.widths), size=n), rng.random(c.shape)
        x = np.empty_like(c)
        for i, s in enumerate(self.widths):
            mine = chosen == i
            # The heights of all offsets on a line; those that lead from c into the levels are a stretch of it.
            total = np.concatenate([[0.0], np.cumsum(self._heights(s, np.arange(1 - self.levels, self.levels)))])
            low, high = total[self.levels - 1 - c[mine]], total[2 * self.levels - 1 - c[mine]]
            at = np.searchsorted(total, low + u[mine] * (high - low), side="right") - 1
            x[mine] = np.clip(at - (self.levels - 1) + c[mine], 0, self.levels - 1)
        return cut(x, self.end)

    def _log_norms(self, s: float) -> NDArray[np.float64]:
        """log Z(c_d) of each entry, [N, D]."""
        one_side = np.cumsum(self._heights(s, np.arange(self.levels)))  # of the offsets 0 … k
        norms = one_side[self.rows] + one_side[self.levels - 1 - self.rows] - 1
        log_norms: NDArray[np.float64] = np.log(norms)
        return log_norms

    @staticmethod
    def _heights(s: float, offsets: NDArray[np.int64]) -> NDArray[np.float64]:
        heights: NDArray[np.float64] = np.exp(-(offsets.astype(np.float64) ** 2) / (2 * s * s))
        return heights
