"""Metric: a pure function from a candidate's evidence, and reference data, to a number."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from genbench.errors import Unavailable
from genbench.space import Space

if TYPE_CHECKING:
    from genbench.metrics.comparison import Comparison


class Axis(Enum):
    """What a score speaks of."""

    QUALITY = "quality"
    COVERAGE = "coverage"
    OVERALL = "overall"  # quality and coverage together
    NOVELTY = "novelty"
    DENSITY = "density"
    SPEED = "speed"
    COST = "cost"


class Direction(Enum):
    """Which way is better."""

    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True)
class Score:
    """One number, with an interval where the definition says that one is valid.

    Args:
        value: finite, in the metric's unit.
        low, high: ends of a 95 % interval of evaluation noise alone (not of training seeds), or None.
        details: further finite numbers that belong to this one (a floor, the bias-corrected value, quantiles).
    """

    value: float
    low: float | None = None
    high: float | None = None
    details: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """{"value", "low", "high", "details"}: what is not finite, apart from the value, is left out.

        Raises:
            Unavailable: the value is not finite.
        """
        if not math.isfinite(self.value):
            raise Unavailable(f"failed: the metric returned {self.value}")
        ends = [None if end is None or not math.isfinite(end) else float(end) for end in (self.low, self.high)]
        details = {name: float(value) for name, value in self.details.items() if math.isfinite(value)}
        return {"value": float(self.value), "low": ends[0], "high": ends[1], "details": details}


@dataclass(frozen=True)
class LogLikelihood:
    """What a Density said of the test set: nats [N] float64 of each sample, and of which kind they are."""

    nats: NDArray[np.float64]
    kind: str  # a value of Likelihood


@dataclass(frozen=True)
class Timing:
    """The parent's clock around the scored sampling run.

    Args:
        images: how many samples the run produced.
        seconds: from "go" to "done", less the null call.
        batches: [B] seconds of each batch.
        latencies: [L] seconds of each call with batch 1; empty where they were not taken.
        nfe: forward calls of the model's most-called parametrised submodule, per `sample` call; None: it has none.
        flops: floating-point operations per sample; None: not counted.
        memory: peak bytes above the baseline, on the device.
    """

    images: int
    seconds: float
    batches: tuple[float, ...]
    latencies: tuple[float, ...] = ()
    nfe: float | None = None
    flops: float | None = None
    memory: float | None = None


@dataclass(frozen=True)
class Evidence:
    """Everything that a metric may look at, for one candidate.

    Args:
        space: where the samples live.
        samples: [n, *shape] in the Space's storage dtype, validated.
        labels: [n] int64 that the harness drew, or None.
        timing: None for a folder of samples without a model behind it.
        likelihood: None where the model is no Density of this candidate's sampler.
        parameters: how many the model has; None without a model.
        fit_seconds: wall seconds of `fit`; None without a model.
        features: the feature comparison of the metric's extractor; None for metrics that use no features.
    """

    space: Space
    samples: NDArray[Any]
    labels: NDArray[np.int64] | None = None
    timing: Timing | None = None
    likelihood: LogLikelihood | None = None
    parameters: int | None = None
    fit_seconds: float | None = None
    features: "Comparison | None" = None

    @cached_property
    def comparison(self) -> "Comparison":
        """Features of real and generated samples; Unavailable where no extractor was given."""
        if self.features is None:
            raise Unavailable("needs an extractor")
        return self.features


class Metric(ABC):
    """A score's declaration and its function. A score's name is `name`, or `name@extractor` if it uses features.

    `blind_to` and `symmetric` are statements that `genbench.conformance.battery` holds a metric against: which of its
    known distortions the score does not see by its definition (precision does not see dropped modes), and whether
    exchanging real and generated features leaves it as it is.
    """

    name: ClassVar[str]
    title: ClassVar[str]  # a column head
    axis: ClassVar[Axis]
    direction: ClassVar[Direction]
    unit: ClassVar[str]  # "" for a pure number
    source: ClassVar[str]
    version: ClassVar[str]
    uses_features: ClassVar[bool] = False
    blind_to: ClassVar[frozenset[str]] = frozenset()  # names of `genbench.conformance.distortion.DISTORTIONS`
    symmetric: ClassVar[bool] = False

    @classmethod
    def declaration(cls) -> dict[str, str]:
        """What the metric says of itself, as every score of it carries it."""
        texts = {name: getattr(cls, name) for name in ("title", "unit", "version", "source")}
        return {**texts, "axis": cls.axis.value, "direction": cls.direction.value}

    @abstractmethod
    def score(self, evidence: Evidence) -> Score:
        """The candidate's score.

        Raises:
            Unavailable: this evidence cannot give it (no density, too few samples); shown as "n/a" with the reason.
        """
