"""restore: complete samples of which only a part, a small version or a spoilt one is told."""

import math
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genbench.builtin.metrics.consistency import inconsistency
from genbench.builtin.notation.texts import texts
from genbench.builtin.operators import OPERATORS
from genbench.builtin.tasks.guesses import LARGEST, best_guess, pasted
from genbench.builtin.tasks.restore_gates import chances, every_row, knew, looked_up
from genbench.contracts.answers import Restorer
from genbench.contracts.dataset import Splits
from genbench.contracts.evidence import Measure, RowsOf
from genbench.contracts.operator import Operator
from genbench.contracts.settings import Choice, Range
from genbench.contracts.task import Arrays, Exam, Task
from genbench.errors import GenbenchError, Unsuitable
from genbench.files.picture import drawn
from genbench.records.record import Exhibit
from genbench.records.space import Space
from genbench.store.tensors import kept

STRIPS = 8  # questions on the board's picture
ALLOWED = 2.0  # inconsistency, as a multiple of what rounding alone does
FINEST = 1e-3  # inconsistency that float32 is allowed, as a share of the measurements' spread over the questions
EPSILON = 4 * float(np.finfo(np.float32).eps)  # and as a share of the largest measurement
FEWEST = 4  # draws: of two, two points far apart would pass for a wide law


def _open(x: NDArray[Any], operator: Operator) -> NDArray[Any]:
    """The rows that have not ended within what is told.

    Raises:
        Unsuitable: of no row anything is hidden.
    """
    hidden = operator.hidden(operator.measure(torch.from_numpy(x).float())).numpy() > 0
    end = operator.space.end
    rows: NDArray[Any] = x if end is None else x[~((x == end) & ~hidden).any(1)]
    if not hidden.any() or not len(rows):
        raise Unsuitable(f"{operator.name} hides nothing of any test row")
    return rows


class Restore(Task):
    """Draws of test rows x of which y = A(x) is told: such as could be x, agreeing with y, fast.

    The model is given y and the operator A, and draws several x for each y. Which draw of a question is the sample that
    feature scores see is drawn with the exam, and nobody knows it before.

    The gate `consistency` bars who answers something else than was measured: the RMS of A(x_i) - y, which the harness
    measures itself, may be twice what rounding to integers does, √(Σa² / 12), and nothing where entries are told as
    they are. `key` bars who knew the answers, and `copies` who looks them up (`restore_gates`, docs/restore.md).

    Args:
        operator: A, which is told.
        draws: k, of each question.
    """

    name = "restore"
    version = "2"
    source = "Kawar, Elad, Ermon and Song 2022, https://arxiv.org/abs/2201.11793"
    meaning = (
        "A candidate is told a measurement of a test sample and draws several samples that could have been measured "
        "so. A good answer is a draw and not a guess: it agrees with what was told, differs from the other draws "
        "where much is left open, and the truth could be one of them. That is what the energy score asks; the blurred "
        "mean of all that could be has a better PSNR than any honest draw, so that PSNR is shown and ranks nobody. "
        "What is hidden is drawn and not found: an answer that looks right need not be true. A row speaks of a model "
        "with its solver, and few solvers are exact."
    )
    needs = Restorer
    axes = ("fidelity", "realism", "speed")
    gates = ("consistency", "key", "copies")
    controls = ("truth", "nearest-train", "neighbour-blend", "neighbour-mean", "projected-noise", "pseudo-inverse")

    def __init__(
        self,
        *,
        operator: Annotated[str, Choice(*OPERATORS)] = "box",
        draws: Annotated[int, Range(FEWEST, 1024, log=True)] = 8,
    ) -> None:
        if draws < FEWEST:
            why = "since fewer tell a spread from two far points no more"
            raise GenbenchError(f"restore takes {FEWEST} or more draws of each question, {why}, got {draws}")
        self.operator, self.draws = OPERATORS[operator], draws

    def pose(self, splits: Splits, count: int, rng: np.random.Generator) -> Exam:
        """Questions y [count, *operator.shape] float32. The key has x [count, *shape], how much of each entry is
        hidden, how many `levels` there are (0: real numbers), and which draw is `shown`; of tokens the `chance` of each
        (`chances`), else the distances of x to the `nearest` other rows (`pasted`), and a `guess` of x (`best_guess`)
        unless a sample has more than 4,096 entries.

        The rows are distinct ones of the test split, none of which comes a second time before all have come. A
        sequence that has ended within what is told is no question.

        Raises:
            Unsuitable: nothing can be measured so in this Space, or y tells all of every row.
        """
        operator = self.operator(splits.space)
        test = _open(splits.test.x, operator)
        _, first = np.unique(test.reshape(len(test), -1), axis=0, return_index=True)
        rounds = [rng.permutation(np.sort(first)) for _ in range(math.ceil(count / len(first)))]
        x = test[np.concatenate(rounds)[:count]]
        measured = torch.from_numpy(x)
        y = operator.measure(measured.float())
        key = {
            "x": x,
            "hidden": operator.hidden(y).numpy(),
            "levels": np.array([splits.space.levels or 0]),
            "shown": rng.integers(self.draws, size=count),
        }
        if splits.space.has_tokens:
            return Exam({"y": y.numpy()}, key | {"chance": chances(y.numpy(), splits, operator)})
        known = every_row(lambda split: getattr(splits, split).x)
        key["nearest"] = pasted(measured[:, None], (y, measured), known, operator)
        if x[0].size <= LARGEST:
            key["guess"] = best_guess(y, measured.float(), torch.from_numpy(splits.train.x), operator).numpy()
        return Exam({"y": y.numpy()}, key)

    def ask(self, able: Restorer, questions: Mapping[str, Tensor], space: Space) -> Tensor:
        """[n, draws, *shape], int64, or float32 where entries are real numbers."""
        return able.restore(questions["y"], self.operator(space), self.draws)

    def checked(self, answers: NDArray[Any], questions: Arrays, space: Space) -> NDArray[Any]:
        """Samples of the Space [n, draws, *shape], so many for each question."""
        return kept(answers, (len(questions["y"]), self.draws, *space.shape), space, "the answers hold")

    def samples(self, answers: NDArray[Any], key: Arrays) -> NDArray[Any]:
        """Of each question the draw that is shown, [n, *shape]."""
        shown: NDArray[Any] = answers[np.arange(len(answers)), key["shown"]]
        return shown

    def measure(self, space: Space) -> Measure:
        """A, of samples [n, *shape] as they are stored: [n, *operator.shape] float64."""
        operator = self.operator(space)
        return lambda x: operator.measure(torch.from_numpy(x.astype(np.float64))).numpy()

    def barred(self, exam: Exam, answers: NDArray[Any], rows: RowsOf) -> Mapping[str, str]:
        """`consistency`, where answers do not agree with y; `key`, where the truth was known; `copies`, where rows
        were looked up.
        """
        x, y = exam.key["x"], exam.questions["y"]
        space = Space(x.shape[1:], levels=int(exam.key["levels"][0]) or None)
        operator = self.operator(space)
        off, rounding = inconsistency(answers, y, self.measure(space)), operator.rounding
        limit = ALLOWED * rounding + FINEST * float((y - y.mean(0)).std()) + EPSILON * float(np.abs(y).max())
        if operator.tells_entries and space.levels is not None:
            rounding = limit = 0.0
        found = {}
        if off > limit:
            words = f"its answers do not agree with what was measured: they are off by {off:.3g} (RMS)"
            can = f"and rounding to integers moves them by {rounding:.3g}" if limit else "and can have it as it is"
            found["consistency"] = f"{words}, {can}"
        return found | knew(exam, answers) | looked_up(exam, answers, rows, operator)

    def exhibits(self, questions: Arrays, answers: NDArray[Any], space: Space) -> Mapping[str, Exhibit]:
        """`strips`: the first questions, uncurated: what was measured, as A⁺y; the draws; their mean. Of symbols
        `lines`, the draws of a question one below the other, and of tunes `rolls`.
        """
        if space.symbols is not None:
            return texts(answers[:STRIPS].reshape(-1, *space.shape), space)
        if space.levels is None:
            return {}
        operator, y = self.operator(space), torch.from_numpy(questions["y"][:STRIPS])
        told = operator.project(torch.zeros(len(y), *space.shape), y).clamp(0, space.levels - 1).numpy()
        shown = answers[:STRIPS].astype(np.float64)
        rows = np.concatenate([told[:, None], shown, shown.mean(1, keepdims=True)], axis=1)
        picture = drawn(rows.reshape(-1, *space.shape), self.draws + 2, space.levels)
        return {} if picture is None else {"strips": picture}
