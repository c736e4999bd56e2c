"""Moments: the mean and the covariance of feature vectors, in float64."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from genbench.geometry.cloud import Features, Indices, Reals
from genbench.geometry.workers import workers

ROWS_AT_ONCE = 2500  # rows that a worker holds in float64 at a time: 40 MB at 2048 features


@dataclass(frozen=True)
class Moments:
    """What a Gaussian needs to know of N feature vectors.

    Args:
        count: N; 0 where somebody else took them and does not tell.
        mean: [d] float64, in feature units.
        covariance: [d, d] float64, in squared feature units, divided by N - 1.
    """

    count: int
    mean: Reals
    covariance: Reals


def moments(x: Features, rows: Indices | None = None, times: Reals | None = None) -> Moments:
    """The moments of rows of x, each counted as often as `times` says.

    Args:
        x: [N, d] float32 or float64.
        rows: [n] which rows; None: every one, once.
        times: [n] float64, how often each counts, at least 2 in all; None: each once.
    Raises:
        ValueError: fewer than two rows.
    """
    size = len(x) if rows is None else len(rows)
    chunks = [slice(start, start + ROWS_AT_ONCE) for start in range(0, size, ROWS_AT_ONCE)]
    count = size if times is None else round(times.sum())
    if count < 2:
        raise ValueError(f"a covariance takes at least 2 rows, got {count}")
    mean = np.zeros(x.shape[1])
    for chunk in chunks:
        taken = x[chunk] if rows is None else x[rows[chunk]]
        mean += taken.sum(axis=0, dtype=np.float64) if times is None else times[chunk] @ taken
    mean /= count

    def scatter(chunk: slice) -> Reals:
        centred = (x[chunk] if rows is None else x[rows[chunk]]) - mean  # [r, d] float64
        if times is not None:
            centred *= np.sqrt(times[chunk, None])
        products: Reals = centred.T @ centred
        return products

    covariance = _summed(scatter, chunks)
    covariance /= count - 1
    return Moments(count, mean, covariance)


def _summed(scatter: Callable[[slice], Reals], chunks: Sequence[slice]) -> Reals:
    """The sum over chunks, always in their order, so that it does not depend on the number of threads."""
    if len(chunks) == 1:
        return scatter(chunks[0])
    with workers() as (pool, count):
        pending = deque(pool.submit(scatter, chunk) for chunk in chunks[:count])
        total = pending.popleft().result()
        for chunk in chunks[count:]:
            pending.append(pool.submit(scatter, chunk))
            total += pending.popleft().result()
        for part in pending:
            total += part.result()
    return total


def pooled(first: Moments, second: Moments) -> Moments:
    """The moments of two sets together.

    Source: Chan, Golub, LeVeque 1983, eq. 2.1, https://doi.org/10.1080/00031305.1983.10483115
    """
    n, m = first.count, second.count
    shift = second.mean - first.mean
    covariance = np.outer(n * m / (n + m) / (n + m - 1) * shift, shift)
    covariance += (n - 1) / (n + m - 1) * first.covariance
    covariance += (m - 1) / (n + m - 1) * second.covariance
    return Moments(n + m, first.mean + m / (n + m) * shift, covariance)
