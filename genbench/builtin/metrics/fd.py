"""The Fréchet distance as a score, with its bias, its error and its floor."""

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.geometry.comparison import Comparison
from genbench.geometry.frechet import bootstrap, frechet_distance
from genbench.geometry.workers import workers
from genbench.records.kinds import Axis, Direction, Scale
from genbench.seeds import seed_for

RESAMPLES = (20, 100)  # the fewest worth having, and the most that are taken
BUDGET = 2e11  # floating-point operations that the resamples may take: a few seconds


class FrechetDistance(Metric):
    """The Fréchet distance to the real test data; called FID only with the features of `inception-v3-compat`.

    The interval covers the expectation of the distance at this number of samples, which is above that of infinitely
    many. Details:

    - `bias_corrected`: 2 FD - mean of `resamples` bootstrap distances;
    - `population_low`, `population_high`: an interval of the distance between infinitely many samples, 2 FD less the
      resamples' quantiles, which covers it about 90 times in 100; the quantiles themselves never do;
    - `standard_error`: the resamples' standard deviation;
    - `real_floor`: real data against real data, with `real_floor_count` samples in either set;
    - `against_train`: to the training data.

    Where N and d are too large for the fewest resamples, `resamples` is 0, and `resample_gflop`, what these would
    take, stands beside `budget_gflop`, what they may. Where only mean and covariance of the real data are known, there
    is the distance alone.
    """

    name = "fd"
    title = "FD"
    axis = Axis.OVERALL
    direction = Direction.LOWER
    unit = ""
    source = "Heusel et al. 2017, https://arxiv.org/abs/1706.08500"
    version = "1"
    scale = Scale.DISTANCE
    uses_features = True
    shown: ClassVar[Mapping[str, str]] = {
        "floor": "real_floor",
        "n =": "real_floor_count",
        "bias corrected": "bias_corrected",
        "against train": "against_train",
    }
    titles: ClassVar[Mapping[str, str]] = {"inception-v3-compat": "FID"}
    guard = "fd"
    symmetric = True

    def score(self, evidence: Evidence) -> Score:
        """FD against the real test data."""
        comparison = evidence.comparison
        if not comparison.reference.has_vectors:
            return _to_moments(comparison)
        refuse_fewer_than(comparison.dim + 1, min(len(comparison.real), len(comparison.generated)), comparison.dim)
        real, generated = comparison.moments_real, comparison.moments_generated
        with workers() as (pool, _):  # a spectrum gains little from threads: several at once gain more
            further = [pool.submit(part, comparison) for part in (_against_train, _floor)]
            value = pool.submit(frechet_distance, real, generated).result()
        details = further[0].result() | further[1].result()
        resamples, cost = _affordable(comparison)
        details["resamples"] = float(resamples)
        if not resamples:
            return Score(value, details=details | cost)
        rng = np.random.default_rng(seed_for("fd", "bootstrap"))
        distances = bootstrap(comparison.real, comparison.generated, resamples, rng)
        error = float(distances.std(ddof=1))
        high, low = 2 * value - np.quantile(distances, (0.025, 0.975))
        details |= {"population_low": float(low), "population_high": float(high), "standard_error": error}
        details["bias_corrected"] = 2 * value - float(distances.mean())
        return Score(value, max(0.0, value - 1.96 * error), value + 1.96 * error, details)


def refuse_fewer_than(least: int, n: int, dim: int) -> None:
    """Raise Unavailable where n samples are fewer than `least`, d + 1 or more, with the way out."""
    if n < least:
        raise Unavailable(
            f"a covariance of {dim} features needs more than {least - 1} samples, got {n}: "
            "draw more samples or take an extractor with fewer features"
        )


def _to_moments(comparison: Comparison) -> Score:
    """To a mean and a covariance that are all that is known: without what takes vectors, interval and floor."""
    refuse_fewer_than(comparison.dim + 1, len(comparison.generated), comparison.dim)
    return Score(frechet_distance(comparison.moments_real, comparison.moments_generated))


def _against_train(comparison: Comparison) -> dict[str, float]:
    if comparison.train is None or len(comparison.train) <= comparison.dim:
        return {}
    return {"against_train": frechet_distance(comparison.moments_train, comparison.moments_generated)}


def _floor(comparison: Comparison) -> dict[str, float]:
    floor = comparison.reference.floor
    return {"real_floor": floor.distance, "real_floor_count": float(floor.count)} if floor else {}


def _affordable(comparison: Comparison) -> tuple[int, dict[str, float]]:
    """How many resamples the budget holds, 0 where fewer than the fewest, and what these cost."""
    n, dim = math.ceil((len(comparison.real) + len(comparison.generated)) / 2), comparison.dim
    each = 4 * n * dim**2 + 20 * dim**3  # two covariances and a spectrum
    fewest, most = RESAMPLES
    count = min(most, int(BUDGET / each))
    cost = {"resample_gflop": fewest * each / 1e9, "budget_gflop": BUDGET / 1e9}
    return (count if count >= fewest else 0), cost
