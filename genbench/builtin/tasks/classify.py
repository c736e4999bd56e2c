"""classify: how probable is each class, given a sample?"""

import math
from collections.abc import Mapping
from typing import Annotated, Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import logsumexp
from scipy.stats import rankdata
from torch import Tensor

from genbench.builtin.metrics.brier import squared_errors
from genbench.builtin.metrics.class_answers import HELD, TEST, VALID, answered
from genbench.builtin.tasks.corruptions import CORRUPTIONS
from genbench.contracts.answers import Classifier
from genbench.contracts.dataset import Splits
from genbench.contracts.evidence import RowsOf
from genbench.contracts.settings import Choice, Range
from genbench.contracts.task import Arrays, Exam, Task
from genbench.errors import InvalidEvidence, Unsuitable
from genbench.files.picture import drawn
from genbench.records.space import Space

OFF = 1e-4  # nats that a row's logarithms may sum to instead of 0: what float32 leaves of ten thousand classes
ORDERS, P, LEAST = 9_999, 0.001, 0.01  # of the gate: orders that are tried, its level, the least gap of means
SHOWN = 8  # samples of a class on the board's picture
ROWS = 20  # classes on it


class Classify(Task):
    """p(y|x) of test rows: the true class probable, its probability to be believed, fast.

    A question is three samples in an order that nobody is told: a test row and a row of the split held, corrupted
    alike, and a valid row as it is. The test rows are scored. By the valid rows one temperature is chosen for the
    scores "after temperature". The rows held, of which no plugin has seen any before, tell whoever has a table of the
    test set: to all others both are rows of one law. The gate `table` bars a candidate whose squared errors (the Brier
    score's) are lower on test than on held, in their mean by .01 or in their ranks, by more than chance: p ≤ .001 for
    both tests together, by random orders of all rows.

    Args:
        corruption: what is done to rows of test and held: nothing, Gaussian noise, a Gaussian blur, or a shift.
        strength: of it: the noise's deviation as a share of the range of levels, the blur's, or the length of the
            shift, as a share of the shorter side. "none" does not look at it.
    """

    name = "classify"
    version = "1"
    source = (
        "Li et al. 2023 (generative models as classifiers), https://arxiv.org/abs/2303.16203; "
        "Ovadia et al. 2019 (under corruption, after a temperature), https://arxiv.org/abs/1906.02530"
    )
    meaning = (
        "A candidate says how probable each class is for test samples that it has not seen: a generative model by "
        "what it gives to p(x|y) or by how well it removes noise when it is told y. Accuracy says how often the most "
        "probable class is the true one, the Brier score whether the probabilities can be believed. A good row says "
        "that a model knows what tells classes apart. It does not say that its samples are good, nor the other way "
        "round: most of a likelihood is about details that no class depends on."
    )
    needs = Classifier
    axes = ("accuracy", "calibration", "speed")
    gates = ("table",)
    controls = ("true-class", "test-table", "logistic-regression", "nearest-row", "class-frequencies")

    def __init__(
        self,
        *,
        corruption: Annotated[str, Choice(*CORRUPTIONS)] = "none",
        strength: Annotated[float, Range(0.01, 1.0)] = 0.1,
    ) -> None:
        self.corrupt, self.strength = CORRUPTIONS[corruption], strength

    def pose(self, splits: Splits, count: int, rng: np.random.Generator) -> Exam:
        """`x` [count, 3, *shape]; the key has the `label` and the `split` of each, [count, 3].

        No row of test or held comes twice; valid rows come again where they are fewer.

        Raises:
            Unsuitable: there are no classes, or fewer rows of test or of held than questions.
        """
        if splits.space.classes is None:
            raise Unsuitable("needs classes to tell apart")
        few = min(len(splits.test), len(splits.held))
        if few < count:
            raise Unsuitable(f"asks about each row of test and held once, and of one there are {few}, not {count}")
        x: list[NDArray[Any]] = []
        label: list[NDArray[Any]] = []
        for split, corrupt in ((splits.test, True), (splits.held, True), (splits.valid, False)):
            rounds = [rng.permutation(len(split)) for _ in range(math.ceil(count / len(split)))]
            rows = split.rows(np.concatenate(rounds)[:count])
            x.append(self.corrupt(rows.x, splits.space, self.strength, rng) if corrupt else rows.x)
            label.append(cast("NDArray[np.int64]", rows.y))
        order = rng.permuted(np.tile([TEST, HELD, VALID], (count, 1)), axis=1)  # [count, 3]
        where = order, np.arange(count)[:, None]
        return Exam({"x": np.stack(x)[where]}, {"label": np.stack(label)[where], "split": order})

    def ask(self, able: Classifier, questions: Mapping[str, Tensor], space: Space) -> Tensor:
        """Normalised logarithms, float32 [n, 3, classes].

        Raises:
            InvalidEvidence: the model's are of another form.
        """
        x = questions["x"]
        weights = able.posterior((x.float() if space.levels is None else x.long()).flatten(0, 1))
        expected = (x.shape[0] * x.shape[1], space.classes)
        if not isinstance(weights, Tensor) or not weights.is_floating_point() or tuple(weights.shape) != expected:
            got = f"{weights.dtype} {tuple(weights.shape)}" if isinstance(weights, Tensor) else type(weights).__name__
            raise InvalidEvidence(f"posterior() returned {got}, expected floating-point {expected}, a row for each row")
        return weights.to(torch.float64).log_softmax(1).float().view(*x.shape[:2], -1)

    def checked(self, answers: NDArray[Any], questions: Arrays, space: Space) -> NDArray[Any]:
        """Logarithms of the classes' probabilities, float32 [n, 3, classes]; -inf is a class that is ruled out."""
        expected = (*questions["x"].shape[:2], space.classes)
        if answers.dtype != np.float32 or answers.shape != expected:
            raise InvalidEvidence(f"the answers hold {answers.dtype} {answers.shape}, expected float32 {expected}")
        if np.isnan(answers).any() or np.isposinf(answers).any():
            raise InvalidEvidence("the answers hold logarithms of probabilities that are NaN or +infinite")
        off = np.abs(logsumexp(answers.astype(np.float64), axis=-1))
        if not off.max() <= OFF:
            raise InvalidEvidence(f"the answers hold probabilities that sum to 1 but for {off.max():.3g} nats")
        return answers

    def barred(self, exam: Exam, answers: NDArray[Any], rows: RowsOf) -> Mapping[str, str]:
        """`table`, where test rows are told better than rows that nobody can have seen."""
        test, held = (squared_errors(answered(exam.key, answers, split)) for split in (TEST, HELD))
        ranks = rankdata(np.concatenate([test, held]))
        p = p_of_lower(ranks[: len(test)], ranks[len(test) :])
        if held.mean() - test.mean() >= LEAST:
            p = min(p, p_of_lower(test, held))
        if 2 * p > P:
            return {}
        words = "it tells the classes of test rows better than those of rows that no plugin has seen"
        scores = f"a Brier score of {test.mean():.3f} and {held.mean():.3f}"
        return {"table": f"{words}: {scores}, p = {2 * p:.1g} by chance"}

    def exhibits(self, questions: Arrays, answers: NDArray[Any], space: Space) -> Mapping[str, str]:
        """`called`: a row for each class, the first samples that were called so, uncurated: errors stand out."""
        x = questions["x"].reshape(-1, *space.shape)
        called = answers.reshape(len(x), -1).argmax(1)
        rows = np.zeros((min(answers.shape[-1], ROWS), SHOWN, *space.shape), x.dtype)
        for label, row in enumerate(rows):
            found = x[called == label][:SHOWN]
            row[: len(found)] = found
        picture = drawn(rows.reshape(-1, *space.shape), SHOWN, space.levels)
        return {} if picture is None else {"called": picture}


def p_of_lower(low: NDArray[np.float64], high: NDArray[np.float64]) -> float:
    """How often the mean of `low` [n] is as far below that of `high` [m] where all rows are exchangeable.

    The share of random orders of all rows, and of the one that was found, in which the first n sum to no more.

    Source: Phipson and Smyth 2010, https://doi.org/10.2202/1544-6115.1585
    """
    rng, rows, most = np.random.default_rng(0), np.concatenate([low, high]), float(low.sum()) + 1e-9
    found = sum(float(rng.permutation(rows)[: len(low)].sum()) <= most for _ in range(ORDERS))
    return (1 + found) / (1 + ORDERS)
