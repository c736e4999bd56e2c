"""The sliced Wasserstein distance: how far two sets of features are from each other, seen along random lines."""

import numpy as np
from numpy.typing import NDArray

import genbench

LINES = 256  # directions that the mean goes over
QUANTILES = 512  # at which two sets are compared along each


def sliced_wasserstein(x: NDArray[np.floating], y: NDArray[np.floating]) -> float:
    """√(E_θ W₂²(θᵀx, θᵀy)) of vectors [N, d] and [M, d], θ uniform on the sphere; in feature units, 0 for equal sets.

    In one dimension the optimal plan joins equal quantiles, so that W₂² is the mean square of their differences.
    """
    theta = np.random.default_rng(0).normal(size=(x.shape[1], LINES))  # the same lines for everybody
    theta /= np.linalg.norm(theta, axis=0)
    levels = (np.arange(QUANTILES) + 0.5) / QUANTILES
    along_x, along_y = (np.quantile(v.astype(np.float64) @ theta, levels, axis=0) for v in (x, y))
    return float(np.sqrt(np.mean((along_x - along_y) ** 2)))


class NewPlugin(genbench.Metric):
    """The sliced Wasserstein distance between the real test data and the samples, in features."""

    name = "new-plugin"
    title = "NewPlugin"
    axis = genbench.Axis.OVERALL
    direction = genbench.Direction.LOWER
    scale = genbench.Scale.DISTANCE
    unit = ""
    source = "Bonneel et al. 2015, https://doi.org/10.1007/s10851-014-0506-3"
    version = "1"
    uses_features = True
    symmetric = True

    def score(self, evidence: genbench.Evidence) -> genbench.Score:
        real, generated = evidence.comparison.real, evidence.comparison.generated
        return genbench.Score(sliced_wasserstein(real, generated))


@genbench.hookimpl
def genbench_metrics() -> list[type[genbench.Metric]]:
    """The metrics of this distribution."""
    return [NewPlugin]
