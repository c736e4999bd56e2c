"""The response of a metric to known distortions: its values as they grow, beside what chance makes."""

import math
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.records.kinds import Direction
from genbench.scoring.battery.distortion import COSTS, DISTORTIONS, due, evidence, fresh

CALM = 4  # further undistorted draws, beside those that the distortions start from


class Broken(Exception):
    """A metric did what none may do; the words say what."""


@dataclass(frozen=True)
class Response:
    """A metric's values as a distortion grows.

    Args:
        path: without the distortion, and at growing strength.
        calm: the values of all undistorted draws; their spread is what chance makes.
        sign: 1 where lower is better, else -1.
    """

    path: tuple[float, ...]
    calm: tuple[float, ...]
    sign: int

    @property
    def slack(self) -> float:
        """The spread that chance alone makes."""
        return max(self.calm) - min(self.calm)

    @property
    def change(self) -> float:
        """From none to the strongest distortion: above 0 where it gets worse."""
        return self.sign * (self.path[-1] - self.path[0])

    @property
    def worsens(self) -> bool:
        """Whether the strongest distortion is worse than chance explains, and than every undistorted draw."""
        return self.change > self.slack and all(self.sign * (self.path[-1] - value) > 0 for value in self.calm)

    @property
    def improves(self) -> bool:
        """Whether the strongest distortion is better than chance explains."""
        return self.change < -self.slack

    @property
    def monotone(self) -> bool:
        """Whether no step is better than the one before by more than chance makes."""
        return bool((self.sign * np.diff(self.path) >= -self.slack).all())

    def __str__(self) -> str:
        first, *grown = (f"{value:.4g}" for value in self.path)
        return f"{first} without it, then {', '.join(grown)}"


@lru_cache(maxsize=1)
def responses(metric: type[Metric]) -> Mapping[str, Response]:
    """The metric's values under each distortion that its axis is due to see.

    Raises:
        Broken, Unavailable: the metric gives no number.
    """
    paths = {name: tuple(value(metric, given) for given in _grown(name)) for name in due(metric.axis)}
    starts = (path[0] for path in paths.values())
    calm = (*starts, *(value(metric, evidence(fresh("calm", draw))) for draw in range(CALM)))
    sign = 1 if metric.direction is Direction.LOWER else -1
    return {name: Response(path, calm, sign) for name, path in paths.items()}


def _grown(name: str) -> Iterator[Evidence]:
    if name == "expense":
        return (evidence(fresh("calm", 0), expense=factor) for factor in COSTS)
    return (evidence(DISTORTIONS[name].samples(strength)) for strength in (0.0, *DISTORTIONS[name].strengths))


def value(metric: type[Metric], given: Evidence) -> float:
    """The metric's value.

    Raises:
        Broken: it is no finite number, or the metric fails.
        Unavailable: the metric refuses, in words.
    """
    return scored(metric, given).value


def scored(metric: type[Metric], given: Evidence) -> Score:
    """The metric's score, checked as `value` says."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            score = metric().score(given)
    except Unavailable as error:
        if len(str(error)) < 8:
            raise Broken("raises Unavailable without words: say what is missing, and the way out") from error
        raise
    except Exception as error:
        raise Broken(
            f"ends with {type(error).__name__}: {error}; raise genbench.Unavailable with the reason"
        ) from error
    if not isinstance(score, Score):
        raise Broken(f"returns {type(score).__name__}, expected genbench.Score")
    named = {"value": score.value, "low": score.low, "high": score.high, **score.details}
    for name, number in named.items():
        if number is not None and not math.isfinite(number):
            raise Broken(f"returns {number} as {name}; leave it out, or raise genbench.Unavailable with the reason")
    return score
