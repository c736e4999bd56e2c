"""Moments: the mean and the covariance of feature vectors, in float64."""

from dataclasses import dataclass

import numpy as np

from genbench.metrics.cloud import Reals, Vectors

ROWS_AT_ONCE = 4096  # rows that are held in float64 at a time


@dataclass(frozen=True)
class Moments:
    """What a Gaussian needs to know of N feature vectors.

    Args:
        count: N.
        mean: [d] float64, in feature units.
        covariance: [d, d] float64, in squared feature units, divided by N - 1.
    """

    count: int
    mean: Reals
    covariance: Reals


def moments(x: Vectors, weights: Reals | None = None) -> Moments:
    """The moments of x, each row counted `weights` times.

    Args:
        x: [N, d] float32 or float64.
        weights: [N] float64, non-negative counts that sum to at least 2; None: every row once.
    Raises:
        ValueError: fewer than two rows.
    """
    count = len(x) if weights is None else round(weights.sum())
    if count < 2:
        raise ValueError(f"a covariance takes at least 2 rows, got {count}")
    mean = x.mean(axis=0, dtype=np.float64) if weights is None else weights @ x / count
    scatter = np.zeros((x.shape[1], x.shape[1]))
    for start in range(0, len(x), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        centred = x[rows] - mean  # [r, d] float64
        if weights is not None:
            centred *= np.sqrt(weights[rows, None])
        scatter += centred.T @ centred
    return Moments(count, mean, scatter / (count - 1))
