"""Evidence: what a candidate produced, validated, and what a metric compares it with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.errors import Unavailable
from genbench.geometry.comparison import Comparison
from genbench.records.kinds import Likelihood
from genbench.records.space import Space
from genbench.records.timing import Timing

Embed = Callable[[NDArray[Any]], NDArray[np.float32]]  # samples [N, *shape] → features [N, d]
Measure = Callable[[NDArray[Any]], NDArray[np.float64]]  # samples [N, *shape] → what a question tells of them, [N, …]
RowsOf = Callable[[str], NDArray[Any]]  # the name of a split → its rows [N, *shape], as they are stored


@dataclass(frozen=True)
class LogLikelihood:
    """What a Density said of the test set: nats [N] float64 of each sample, and of which kind they are.

    Args:
        tokens: [N] of each sample, the end counted where there is one; None: nobody counted them.
    """

    nats: NDArray[np.float64]
    kind: Likelihood
    tokens: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class EntryNats:
    """What a model said, entry by entry, of test rows of which it was told each entry only after it had answered.

    Args:
        rows: [V, D], drawn from the test split whatever the questions are made of.
        nats: [V, D] float64, log p of each entry given those before it, in the order of the flattened row.
    """

    rows: NDArray[Any]
    nats: NDArray[np.float64]


@dataclass(frozen=True)
class Evidence:
    """Everything that a metric may look at, for one candidate.

    Args:
        space: where the samples live.
        samples: [n, *shape] in the Space's storage dtype, validated; of a task, one sample an answer.
        labels: [n] int64 that the harness drew, or None.
        timing: None for a folder of samples without a model behind it.
        likelihood: None where the model is no Density of this candidate's sampler.
        parameters: how many the model has; None without a model.
        fit_seconds: wall seconds of `fit`; None without a model.
        features: the feature comparison of the metric's extractor; None for metrics that use no features.
        measure: what the task's questions would tell of any samples; None where they tell nothing of the key.
        rows: gives all rows [N, *shape] of a split, "train", "valid", "test" or "held"; None without a dataset.
        held: gives the same of the split held, which stands in the place of the samples: what fresh real data get; None
            where no such split is known. Asked for by the metrics that need it, since its features may be dear.
        task: the name of the task that was answered; "" where nothing was asked.
        questions: what the candidate was asked, arrays [n, …]; None where it only drew samples.
        answers: [n, …], as the task asks for them; None likewise.
        key: what the harness alone knows of the questions, arrays [n, …]; None likewise.
        embed: the features of any samples by the metric's extractor; None where none is there, or features were given.
        drawn: what the first batches of the timed run drew, scored or not, [n, *shape]; None where nobody kept it.
        entry_nats: what its model said of each entry of some test rows, where a solver makes the answers of the law of
            each entry; None elsewhere, and where the model was not asked.
    """

    space: Space
    samples: NDArray[Any]
    labels: NDArray[np.int64] | None = None
    timing: Timing | None = None
    likelihood: LogLikelihood | None = None
    parameters: int | None = None
    fit_seconds: float | None = None
    features: Comparison | None = None
    task: str = ""
    questions: Mapping[str, NDArray[Any]] | None = None
    answers: NDArray[Any] | None = None
    key: Mapping[str, NDArray[Any]] | None = None
    embed: Embed | None = None
    drawn: NDArray[Any] | None = None
    rows: RowsOf | None = None
    held: Callable[[], Comparison] | None = None
    measure: Measure | None = None
    entry_nats: EntryNats | None = None

    @property
    def comparison(self) -> Comparison:
        """Features of real and generated samples.

        Raises:
            Unavailable: no extractor was given.
        """
        if self.features is None:
            raise Unavailable("needs an extractor")
        return self.features

    @property
    def ceiling(self) -> Comparison:
        """Features of real and held samples, to the same real ones.

        Raises:
            Unavailable: no split held is known.
        """
        if self.held is None:
            raise Unavailable("needs a dataset with a split held, whose score it is divided by")
        return self.held()
