"""Evidence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.errors import Unavailable
from genbench.geometry.comparison import Comparison
from genbench.records.space import Space


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
        task: the suite's name of the task that was answered; "" where nothing was asked.
        questions: the exam's, by name; arrays whose first axis is the question. None where nothing was asked.
        answers: [n, …] as the task checked them; None where nothing was asked.
        key: what only the harness knows of the questions, by name.
        embed: features [N, d] of any samples [N, *shape] by the metric's extractor; None as `features`.
    """

    space: Space
    samples: NDArray[Any]
    labels: NDArray[np.int64] | None = None
    timing: Timing | None = None
    likelihood: LogLikelihood | None = None
    parameters: int | None = None
    fit_seconds: float | None = None
    features: "Comparison | None" = None
    task: str = ""
    questions: Mapping[str, NDArray[Any]] | None = None
    answers: NDArray[Any] | None = None
    key: Mapping[str, NDArray[Any]] | None = None
    embed: Callable[[NDArray[Any]], NDArray[np.float32]] | None = None

    @cached_property
    def comparison(self) -> "Comparison":
        """Features of real and generated samples; Unavailable where no extractor was given."""
        if self.features is None:
            raise Unavailable("needs an extractor")
        return self.features
