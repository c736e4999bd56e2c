"""The Fréchet distance between Gaussians, its resamples and its floor."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.geometry.cloud import Features, Reals
from genbench.geometry.moments import Moments, moments

Matrix = NDArray[np.floating[Any]]

COLUMNS = 256  # of a triangular matrix that are multiplied at a time, without the zeros above them


def frechet_distance(real: Moments, generated: Moments) -> float:
    r"""Squared Fréchet distance between two Gaussians, |μ₁-μ₂|² + tr(Σ₁ + Σ₂) - 2 Σ √eig(Σ₁Σ₂).

    With any R Rᵀ = Σ₁ the eigenvalues of Σ₁Σ₂ are those of the symmetric Rᵀ Σ₂ R.

    Args:
        real, generated: moments of the same dimension, in feature units.
    Returns:
        The distance in squared feature units; 0 for equal moments, up to 1e-8 of the trace.
    Raises:
        ValueError: the dimensions differ.
    Source: Heusel et al. 2017, eq. 6, https://arxiv.org/abs/1706.08500
    """
    if real.mean.shape != generated.mean.shape:
        raise ValueError(f"dimensions differ: {len(real.mean)} and {len(generated.mean)}")
    spectrum = _product_eigenvalues(real.covariance, generated.covariance)
    overlap = np.sqrt(np.maximum(spectrum, 0)).sum()
    shift = real.mean - generated.mean
    spread = np.trace(real.covariance) + np.trace(generated.covariance)
    return max(0.0, float(shift @ shift + spread - 2 * overlap))


def _product_eigenvalues(first: Matrix, second: Matrix) -> Matrix:
    """The eigenvalues of first · second, [d], for symmetric positive semi-definite matrices."""
    try:
        root = np.linalg.cholesky(first)
    except np.linalg.LinAlgError:  # a constant feature
        values, vectors = np.linalg.eigh(first)
        full = vectors * np.sqrt(np.maximum(values, 0))
        return np.linalg.eigvalsh(full.T @ second @ full)
    return np.linalg.eigvalsh(_congruent(root, second))  # of which it reads the lower triangle


def _congruent(root: Matrix, matrix: Matrix) -> Matrix:
    """The lower triangle of rootᵀ · matrix · root, [d, d], for a lower triangular root; above it stands anything."""
    product = np.zeros_like(matrix)
    for first in range(0, len(root), COLUMNS):
        columns = slice(first, first + COLUMNS)  # of the root, which has nothing above them
        product[first:, columns] = root[first:, first:].T @ (matrix[first:, first:] @ root[first:, columns])
    return product


def bootstrap(real: Features, generated: Features, resamples: int, rng: np.random.Generator) -> Reals:
    """Fréchet distances between resamples, with replacement, of both sets, [resamples] float64.

    Each holds a second copy of the bias that the estimate itself has, so its quantiles are no interval: subtract
    their mean, or a quantile, from twice the estimate, and take their standard deviation as its standard error.

    Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, ch. 10.
    """
    return np.array([frechet_distance(_resampled(real, rng), _resampled(generated, rng)) for _ in range(resamples)])


def _resampled(x: Features, rng: np.random.Generator) -> Moments:
    times = np.bincount(rng.integers(len(x), size=len(x)), minlength=len(x))
    (rows,) = np.nonzero(times)
    return moments(x, rows, times[rows].astype(np.float64))


@dataclass(frozen=True)
class Floor:
    """What real data score against real data.

    Args:
        distance: in squared feature units.
        count: samples in either set. The bias falls like 1/count, so a floor at half of the samples of a distance is
            about twice what real data would score in the place of the generated ones.
    """

    distance: float
    count: int


def halves(x: Features, rng: np.random.Generator) -> tuple[Moments, Moments]:
    """The moments of two random halves of x; of an odd number of rows the second holds one more."""
    order = rng.permutation(len(x))
    return moments(x, order[: len(x) // 2]), moments(x, order[len(x) // 2 :])
