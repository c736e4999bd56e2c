"""Which of two is real? A sample, and the same entries in another order: a density should know."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

import genbench

Arrays = Mapping[str, NDArray[Any]]


class NewPlugin(genbench.Task):
    """Pairs of a test row and of the same row with its entries shuffled; the answer is the nats of both.

    Both have the same entries, so that whoever knows their histogram alone is right every other time.
    """

    name = "new-plugin"
    version = "1"
    source = "Nalisnick et al. 2019, https://arxiv.org/abs/1810.09136"
    meaning = (
        "A good answer says that a model knows how entries hang together, and not only which values are frequent. It "
        "says nothing of samples: a density can tell noise from data and draw neither."
    )
    needs = genbench.Density
    axes = ("detection", "speed", "size")
    controls = ("independent-pixels", "noise")

    def pose(self, splits: genbench.Splits, count: int, rng: np.random.Generator) -> genbench.Exam:
        """`pair` [count, 2, *shape]; the key `real` [count] says which of the two is."""
        if splits.space.levels is None:
            raise genbench.Unsuitable("asks about integers; this Space holds real numbers")
        rows = splits.test.x[rng.integers(len(splits.test), size=count)]
        shuffled = rng.permuted(rows.reshape(count, -1), axis=1).reshape(rows.shape)
        real = rng.integers(2, size=count)
        first = (real == 0).reshape(-1, *[1] * (rows.ndim - 1))
        pair = np.stack([np.where(first, rows, shuffled), np.where(first, shuffled, rows)], axis=1)
        return genbench.Exam({"pair": pair}, {"real": real})

    def ask(self, able: genbench.Density, questions: Mapping[str, Tensor], space: genbench.Space) -> Tensor:
        """The nats of each, [n, 2]."""
        pair = questions["pair"].long()
        return able.log_prob(pair.flatten(0, 1)).view(len(pair), 2)

    def checked(self, answers: NDArray[Any], questions: Arrays, space: genbench.Space) -> NDArray[Any]:
        """Two numbers for each question, float64."""
        expected = (len(questions["pair"]), 2)
        if answers.dtype.kind != "f" or answers.shape != expected or np.isnan(answers).any():
            got = f"{answers.dtype} {answers.shape}"
            raise genbench.InvalidEvidence(f"the answers are {got}, expected floating-point {expected} without NaN")
        return answers.astype(np.float64)


class NewPluginAccuracy(genbench.Metric):
    """The share of pairs whose real sample has more nats; half of one where both have as many."""

    name = "new-plugin-accuracy"
    title = "Accuracy"
    axis = genbench.Axis.FIDELITY
    direction = genbench.Direction.HIGHER
    scale = genbench.Scale.SHARE
    unit = ""
    source = NewPlugin.source
    version = "1"
    reads = frozenset({"real"})

    def score(self, evidence: genbench.Evidence) -> genbench.Score:
        if evidence.key is None or evidence.answers is None or "real" not in evidence.key:
            raise genbench.Unavailable("needs the answers to an exam that says which sample is real")
        rows, real = np.arange(len(evidence.answers)), evidence.key["real"]
        own, other = evidence.answers[rows, real], evidence.answers[rows, 1 - real]
        return genbench.Score(float(((own > other) + 0.5 * (own == other)).mean()))


@genbench.hookimpl
def genbench_tasks() -> list[type[genbench.Task]]:
    """The tasks of this distribution."""
    return [NewPlugin]


@genbench.hookimpl
def genbench_metrics() -> list[type[genbench.Metric]]:
    """What marks their answers."""
    return [NewPluginAccuracy]
