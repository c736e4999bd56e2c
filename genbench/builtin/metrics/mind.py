"""The Monge inception distance: how far two sets are from each other along random lines, by sorting."""

from collections.abc import Iterator

import numpy as np

from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.geometry.cloud import Features, Reals, Vectors
from genbench.records.kinds import Axis, Direction, Scale
from genbench.seeds import seed_for

DIRECTIONS = 1000
ENTRIES = 2**22  # projections of one set that are held at a time: 16 MB


def directions(count: int, dim: int) -> Vectors:
    """Unit vectors drawn evenly from the sphere, [count, dim] float32, always the same."""
    drawn = np.random.default_rng(seed_for("mind", "directions", dim)).standard_normal((count, dim))
    units: Vectors = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return units


def sliced_distances(x: Features, y: Features, along: Vectors, entries: int = ENTRIES) -> Reals:
    """Squared 2-Wasserstein distances of the projections, mean (sort(u·X) - sort(u·Y))² for each u, [M] float64.

    Args:
        x, y: [N, d] float32 or float64 both; a common shift of both sets changes nothing.
        along: [M, d] float32 unit vectors.
        entries: projections of one set that are held at a time.
    Raises:
        ValueError: the sets differ in size.
    """
    if x.shape != y.shape:
        raise ValueError(f"sets differ in shape: {list(x.shape)} and {list(y.shape)}")
    centre = x.mean(axis=0, dtype=np.float64).astype(x.dtype)  # keeps float32 products small
    near_x, near_y = (x - centre).astype(np.float32), (y - centre).astype(np.float32)
    return np.concatenate([_distances(near_x, near_y, some) for some in _blocks(along, entries // len(x))])


def _distances(x: Vectors, y: Vectors, along: Vectors) -> Reals:
    gap = np.sort(along @ x.T, axis=1) - np.sort(along @ y.T, axis=1)  # [m, N]
    distances: Reals = np.einsum("mn,mn->m", gap, gap, dtype=np.float64) / len(x)
    return distances


def _blocks(along: Vectors, size: int) -> Iterator[Vectors]:
    for start in range(0, len(along), max(1, size)):
        yield along[start : start + max(1, size)]


class MongeInceptionDistance(Metric):
    """3d times the mean squared 2-Wasserstein distance between projections onto 1000 fixed random lines.

    It needs no covariance, so also fewer samples than features will do; like FD it is above 0 for fresh real data.
    Costs two products and two sorts of N × 1000 numbers. Detail: `directions_error`, the standard error over the lines.
    """

    name = "mind"
    title = "MIND"
    axis = Axis.OVERALL
    direction = Direction.LOWER
    unit = ""
    source = "Berthet et al. 2026, https://arxiv.org/abs/2605.06797"
    version = "1"
    scale = Scale.DISTANCE
    uses_features = True
    further = True
    guard = "fd"
    symmetric = True

    def score(self, evidence: Evidence) -> Score:
        """MIND against the real test data, at least 0.

        Raises:
            Unavailable: there are not as many generated as real samples.
        """
        comparison = evidence.comparison
        n, m = len(comparison.real), len(comparison.generated)
        if n != m:
            raise Unavailable(
                f"needs as many generated as real samples, got {m} and {n}: set the suite's count to the test split's"
            )
        along = directions(DIRECTIONS, comparison.dim)
        each = 3 * comparison.dim * sliced_distances(comparison.real, comparison.generated, along)
        error = float(each.std(ddof=1)) / DIRECTIONS**0.5
        return Score(float(each.mean()), details={"directions_error": error})
