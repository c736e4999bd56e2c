"""The Fréchet distance, its bias and its error."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.errors import Unavailable
from genbench.metric import Axis, Direction, Evidence, Metric, Score
from genbench.metrics.cloud import Reals, Vectors
from genbench.metrics.comparison import Comparison
from genbench.metrics.moments import Moments, moments
from genbench.seeds import seed_for

RESAMPLES = (20, 100)  # the fewest worth having, and the most that are taken
SPLITS = (1, 4)  # random half splits of the real data, likewise
BUDGET = 2e11  # floating-point operations that the resamples, and the half splits, may each take: a few seconds


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


def _product_eigenvalues(first: Reals, second: Reals) -> NDArray[np.floating[Any]]:
    """The eigenvalues of first · second, [d], for symmetric positive semi-definite matrices."""
    from scipy.linalg import eigh

    try:
        return np.asarray(eigh(second, first, type=3, eigvals_only=True, check_finite=False, driver="gv"))
    except np.linalg.LinAlgError:  # a constant feature: the first has no Cholesky factor, which LAPACK takes for R
        values, vectors = np.linalg.eigh(first)
        root = vectors * np.sqrt(np.maximum(values, 0))
        return np.linalg.eigvalsh(root.T @ second @ root)


def bootstrap(real: Vectors, generated: Vectors, resamples: int, rng: np.random.Generator) -> Reals:
    """Fréchet distances between resamples, with replacement, of both sets, [resamples] float64.

    Each holds a second copy of the bias that the estimate itself has, so its quantiles are no interval: subtract
    their mean from twice the estimate, and take their standard deviation as its standard error.

    Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap, ch. 10.
    """
    return np.array([frechet_distance(_resampled(real, rng), _resampled(generated, rng)) for _ in range(resamples)])


def _resampled(x: Vectors, rng: np.random.Generator) -> Moments:
    times = np.bincount(rng.integers(len(x), size=len(x)), minlength=len(x))
    return moments(x[times > 0], times[times > 0].astype(np.float64))


def half_split_distance(x: Vectors, splits: int, rng: np.random.Generator) -> float:
    """The mean Fréchet distance between two random halves of x: real against real, with N/2 samples each.

    The bias falls like 1/N, so this is about twice what fresh real data of full size would score.
    """
    half = len(x) // 2
    orders = [rng.permutation(len(x)) for _ in range(splits)]
    pairs = [(moments(x[order[:half]]), moments(x[order[half : 2 * half]])) for order in orders]
    return float(np.mean([frechet_distance(*pair) for pair in pairs]))


class FrechetDistance(Metric):
    """The Fréchet distance to the real test data; called FID only with the features of `inception-v3-compat`.

    The interval covers the expectation of the distance at this number of samples, which is above that of infinitely
    many. Details: `bias_corrected` (2 FD - mean of `resamples` bootstrap distances), `standard_error`, `real_floor`
    (between random halves of the real data, half as many samples each), `against_train`. The bootstrap is left out,
    and `resamples` is 0, where N and d are too large for it.
    """

    name = "fd"
    title = "FD"
    axis = Axis.OVERALL
    direction = Direction.LOWER
    unit = ""
    source = "Heusel et al. 2017, https://arxiv.org/abs/1706.08500"
    version = "1"
    uses_features = True

    def score(self, evidence: Evidence) -> Score:
        """FD against the real test data."""
        comparison = evidence.comparison
        n = min(len(comparison.real), len(comparison.generated))
        if n <= comparison.dim:
            raise Unavailable(
                f"a covariance of {comparison.dim} features needs more than {comparison.dim} samples, got {n}: "
                "draw more samples or take an extractor with fewer features"
            )
        value = frechet_distance(comparison.moments_real, comparison.moments_generated)
        details = _against_train(comparison) | _real_floor(comparison)
        distances = _bootstrap(comparison)
        details["resamples"] = float(len(distances))
        if not len(distances):
            return Score(value, details=details)
        error = float(distances.std(ddof=1))
        details |= {"bias_corrected": 2 * value - float(distances.mean()), "standard_error": error}
        return Score(value, max(0.0, value - 1.96 * error), value + 1.96 * error, details)


def _against_train(comparison: Comparison) -> dict[str, float]:
    if comparison.train is None or len(comparison.train) <= comparison.dim:
        return {}
    return {"against_train": frechet_distance(comparison.moments_train, comparison.moments_generated)}


def _real_floor(comparison: Comparison) -> dict[str, float]:
    half = len(comparison.real) // 2
    if half <= comparison.dim:
        return {}
    splits = _affordable(*SPLITS, half, comparison.dim) or SPLITS[0]
    rng = np.random.default_rng(seed_for("fd", "half splits"))
    return {"real_floor": half_split_distance(comparison.real, splits, rng)}


def _bootstrap(comparison: Comparison) -> Reals:
    n = math.ceil((len(comparison.real) + len(comparison.generated)) / 2)
    resamples = _affordable(*RESAMPLES, n, comparison.dim)
    rng = np.random.default_rng(seed_for("fd", "bootstrap"))
    return bootstrap(comparison.real, comparison.generated, resamples, rng)


def _affordable(fewest: int, most: int, n: int, dim: int) -> int:
    """How many distances between sets of n vectors the budget holds, at most `most`; 0 where fewer than `fewest`."""
    count = min(most, int(BUDGET / (4 * n * dim**2 + 20 * dim**3)))
    return count if count >= fewest else 0
