"""The Fréchet distance extrapolated to infinitely many samples."""

import numpy as np

from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.geometry.cloud import Features, Indices, Reals
from genbench.geometry.comparison import Comparison
from genbench.geometry.frechet import frechet_distance
from genbench.geometry.moments import moments
from genbench.geometry.workers import workers
from genbench.records.kinds import Axis, Direction
from genbench.seeds import seed_for

POINTS = 15
SMALLEST = 5000  # samples of the smallest subset, where there are at least twice as many
FEWEST = 60  # samples that give fifteen sizes which differ by more than rounding
PER_FEATURE = 4  # samples a feature: the smallest subset has half of them, and below that the bias is no line in 1/n


def sizes(count: int) -> Indices:
    """Fifteen subset sizes, evenly spaced in 1/n, from 5,000 (or half of fewer than 10,000) up to `count`."""
    smallest = min(SMALLEST, count // 2)
    return np.rint(1 / np.linspace(1 / smallest, 1 / count, POINTS)).astype(np.intp)


def intercept(counts: Indices, distances: Reals) -> tuple[float, float]:
    """Where the least-squares line through (1/n, distance) meets 1/n = 0, and its slope."""
    slope, at_zero = np.polyfit(1 / counts, distances, 1)
    return float(at_zero), float(slope)


class FrechetInfinity(Metric):
    """The Fréchet distance between infinitely many samples, by a straight line in 1/n; below 0 by chance.

    Both sets are cut to n random samples, for fifteen n. The line leaves out what falls faster than 1/n, so that it
    serves where n is well above the number of features. Details: `slope`, in distance times samples, and `smallest`,
    the smallest n.
    """

    name = "fd-infinity"
    title = "FD∞"
    axis = Axis.OVERALL
    direction = Direction.LOWER
    unit = ""
    source = "Chong and Forsyth 2020, https://arxiv.org/abs/1911.07023"
    version = "1"
    uses_features = True
    further = True
    guard = "fd"
    symmetric = True

    def score(self, evidence: Evidence) -> Score:
        """The extrapolated FD against the real test data."""
        comparison = evidence.comparison
        count = _count(comparison)
        real, generated = _shuffled(comparison.real), _shuffled(comparison.generated)

        def distance(n: int) -> float:
            return frechet_distance(moments(comparison.real, real[:n]), moments(comparison.generated, generated[:n]))

        with workers() as (pool, _):
            distances = list(pool.map(distance, sizes(count)))
        value, slope = intercept(sizes(count), np.array(distances))
        return Score(value, details={"slope": slope, "smallest": float(sizes(count)[0])})


def _count(comparison: Comparison) -> int:
    """Samples of the smaller set, if they suffice."""
    count = min(len(comparison.real), len(comparison.generated))
    least = max(FEWEST, PER_FEATURE * comparison.dim)
    if count < least:
        raise Unavailable(
            f"a line in 1/n needs at least {least} samples of {comparison.dim} features, got {count}: "
            "draw more samples or take an extractor with fewer features"
        )
    return count


def _shuffled(x: Features) -> Indices:
    """The rows of x in an order that looks random, and does not depend on the order in which they came."""
    ranks = np.lexsort((x[:, 0], x.sum(axis=1, dtype=np.float64)))
    order: Indices = ranks[np.random.default_rng(seed_for("fd-infinity", len(x))).permutation(len(x))]
    return order
