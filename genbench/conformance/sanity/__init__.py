"""Sanity: what scores of quality and coverage say of simple laws, where everybody knows what they should say.

for result in results([MyMetric]):
    ...  # result.check, result.asked, result.passed
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from genbench.conformance.sanity.check import Asked, Check, Demand, Setting
from genbench.conformance.sanity.checks import checks
from genbench.conformance.sanity.criteria import Curve
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric
from genbench.errors import Unavailable
from genbench.geometry.cloud import Reals, Vectors
from genbench.geometry.comparison import Comparison
from genbench.geometry.reference import Reference
from genbench.records.kinds import Axis
from genbench.records.space import Space
from genbench.seeds import seed_for

Metrics = Sequence[type[Metric]]


@dataclass(frozen=True)
class Extent:
    """How thoroughly the checks are made.

    Args:
        points: of a curve, odd.
        largest: vectors of the largest sets.
        repeats: draws that a point is the mean of.
    """

    points: int
    largest: int
    repeats: int


LIGHT = Extent(points=5, largest=2000, repeats=1)  # under a minute
PUBLISHED = Extent(points=7, largest=2000, repeats=3)  # of the table in the documentation


@dataclass(frozen=True)
class Result:
    """Whether a metric passed what one check asks.

    Args:
        metric: its name.
        passed: None: it refuses what it would be asked.
    """

    metric: str
    check: str
    asked: Asked
    passed: bool | None


def judged(metric: type[Metric]) -> bool:
    """Whether the checks say anything of a metric: one of quality or coverage that looks at features alone."""
    return metric.axis in (Axis.QUALITY, Axis.COVERAGE) and metric.uses_features and not metric.reads


def results(metrics: Metrics, extent: Extent = LIGHT) -> Iterator[Result]:
    """What each of the metrics that can be judged makes of each check."""
    some = [metric for metric in metrics if judged(metric)]
    for check in checks(extent.points, extent.largest):
        curves = [_curves(check.name, setting, some, extent.repeats) for setting in check.settings]
        for place, metric in enumerate(some):
            for asked in dict.fromkeys(demand.asked for _, demand in check.demands):
                passed = _passed(check, asked, metric.axis, [of[place] for of in curves])
                yield Result(metric.name, check.name, asked, passed)


def _passed(check: Check, asked: Asked, axis: Axis, curves: Sequence[Curve | None]) -> bool | None:
    if None in curves:
        return None
    pairs = [
        (demand, curve)
        for words, demand in check.demands
        for setting, curve in zip(check.settings, curves, strict=True)
        if demand.asked is asked and words in ("", setting.words) and curve is not None
    ]
    # A score of coverage may count a wide law as covering or not, but the same in all settings.
    return any(all(_meets(demand, axis, wide, curve) for demand, curve in pairs) for wide in (False, True))


def _meets(demand: Demand, axis: Axis, wide: bool, curve: Curve) -> bool:
    if axis is Axis.QUALITY:
        return demand.quality is None or demand.quality(curve)
    return not demand.coverage or demand.coverage[-1 if wide else 0](curve)


def _curves(check: str, setting: Setting, metrics: Metrics, repeats: int) -> list[Curve | None]:
    """The curve of each metric; None where it refuses."""
    values = np.full((repeats, len(setting.x), len(metrics)), np.nan)
    for repeat in range(repeats):
        real: Reference | None = None
        for point, x in enumerate(setting.x):
            rng = np.random.default_rng(seed_for("sanity", check, setting.words, float(x), repeat))
            if real is None or not setting.fixed:
                real = Reference(_vectors(setting.real(rng, x)))
            values[repeat, point] = _values(real, _vectors(setting.generated(rng, x)), metrics)
    means: Reals = values.mean(axis=0)  # [P, metrics]
    return [None if np.isnan(y).any() else Curve(setting.x, y) for y in means.T]


def _vectors(x: Reals) -> Vectors:
    return x.astype(np.float32)


def _values(real: Reference, generated: Vectors, metrics: Metrics) -> list[float]:
    """The metrics' values; NaN where one refuses."""
    given = Evidence(Space((real.dim,), levels=None), generated, features=Comparison(real, generated))
    found = []
    for metric in metrics:
        try:
            found.append(metric().score(given).value)
        except Unavailable:
            found.append(float("nan"))
    return found
