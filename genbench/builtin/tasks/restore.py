"""restore: complete samples of which only a part, a small version or a spoilt one is told."""

import math
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genbench.builtin.metrics.consistency import inconsistency
from genbench.builtin.operators import OPERATORS
from genbench.contracts.answers import Restorer
from genbench.contracts.dataset import Splits
from genbench.contracts.evidence import Measure, RowsOf
from genbench.contracts.operator import Operator
from genbench.contracts.settings import Choice, Range
from genbench.contracts.task import Arrays, Exam, Task
from genbench.errors import GenbenchError, Unsuitable
from genbench.files.picture import drawn
from genbench.files.sequences import lines
from genbench.geometry.hits import hits
from genbench.records.record import Exhibit
from genbench.records.space import Space
from genbench.store.tensors import kept

STRIPS = 8  # questions on the board's picture
ALLOWED = 2.0  # inconsistency, as a multiple of what rounding alone does
FINEST = 1e-3  # inconsistency that float32 is allowed, as a share of the measurements' RMS
FEWEST = 4  # draws: of two, two points far apart would pass for a wide law
UNGUESSED = 20.0  # nats of surprise of a question whose exact answer nobody guesses
EXACT = 0.05  # share of exact answers to such questions, above which the key was known


def surprise(x: NDArray[Any], hidden: NDArray[np.float32]) -> NDArray[np.float64]:
    """Nats that it takes to tell what is hidden of each row, if all one knew were how often an entry has which value.

    Args:
        x: [n, *shape].
        hidden: how much of each entry is open, [n, *shape] in [0, 1].
    Returns:
        Σ hidden · -ln(share of the rows that have the entry's value there), [n].
    """
    flat = x.reshape(len(x), -1)
    shares = np.empty(flat.shape)
    for i, column in enumerate(flat.T):
        _, which, counts = np.unique(column, return_inverse=True, return_counts=True)
        shares[:, i] = counts[which] / len(x)
    nats: NDArray[np.float64] = -(np.log(shares) * hidden.reshape(flat.shape)).sum(1)
    return nats


def exact_shares(answers: NDArray[Any], x: NDArray[Any]) -> NDArray[np.float64]:
    """Share of the answers to each question [n, k, *shape] that equal x [n, *shape] to the bit, [n]."""
    shares: NDArray[np.float64] = (answers == x[:, None]).all(axis=tuple(range(2, answers.ndim))).mean(1)
    return shares


def chances(y: NDArray[Any], splits: Splits, operator: Operator) -> NDArray[np.float64]:
    """The chance of whoever knows the rows of all splits by heart: one of so many that measure alike.

    Args:
        y: questions, [n, …].
    Returns:
        [n]; 0 where no other row measures so, and there is nothing to guess between.
    """
    counted: Counter[bytes] = Counter()
    for split in (splits.train, splits.valid, splits.test, splits.held):
        counted.update(row.tobytes() for row in operator.measure(torch.from_numpy(split.x).float()).numpy())
    rows = np.array([counted[row.tobytes()] for row in y])
    return np.where(rows > 1, 1 / rows, 0.0)


def exact_answers(answers: NDArray[Any], key: Arrays) -> tuple[float, float]:
    """The share of exact answers, of those questions where it is farthest above what it may be; and what it may be.

    Where several rows measure alike, it may be the chance of whoever knows them by heart, and a margin. Elsewhere it
    may be the margin, of the questions that are hard to guess: a model of the exact law guesses an answer with the
    probability that it has, and entries that hang together have a larger one than their own frequencies say.
    """
    shares, chance = exact_shares(answers, key["x"]), key.get("chance", np.zeros(len(answers)))
    hard = (chance == 0) & (surprise(key["x"], key["hidden"]) >= UNGUESSED)
    found = [
        (float(shares[asked].mean()), float(chance[asked].mean()) + EXACT)
        for asked in (hard, chance > 0)
        if asked.any()
    ]
    return max(found, key=lambda one: one[0] - one[1], default=(0.0, EXACT))


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


def _looked_up(answers: NDArray[Any], rows: RowsOf) -> dict[str, str]:
    """The gate `copies` of tokens: each draw is held against the training rows, and beside them against held ones."""
    found = hits(answers.reshape(-1, *answers.shape[2:]), rows("train"), rows("held"))
    if not found.flagged:
        return {}
    words = f"{found.share:.0%} of its answers are training rows, where {found.expected:.0%} would be by chance"
    return {"copies": f"it looks answers up: {words}, p = {found.p:.1g}"}


class Restore(Task):
    """Draws of test rows x of which y = A(x) is told: such as could be x, agreeing with y, fast.

    The model is given y and the operator A, and draws several x for each y; the first draw of each question is the
    sample that feature scores see. The gate `consistency` bars who answers something else than was measured: the RMS of
    A(x_i) - y, which the harness measures itself, may be twice what rounding to integers does, √(Σa² / 12), and nothing
    where entries are told as they are. The gate `key` bars who knew the answers: of the questions whose truth would
    take 20 nats or more to guess, each open entry by its own frequency among all truths, at most 5 % may be answered to
    the bit. Where little is hidden exact answers come honestly, and such questions are not counted. Of tokens several
    rows may measure alike: there the share may be what one gets who knows all rows by heart, and 5 % more. The gate
    `copies`, of tokens, bars who looks answers up: training rows are hit more often than rows of `held`, p < .001, by
    one answer of a hundred at least (`geometry.hits`); a model of the exact law hits either as often.

    Args:
        operator: A, which is told.
        draws: k, of each question.
    """

    name = "restore"
    version = "1"
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
    controls = ("truth", "nearest-train", "neighbour-mean", "projected-noise", "pseudo-inverse")

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
        """Questions y [count, *operator.shape] float32; the key has x [count, *shape], how much of each entry is
        hidden, and how many levels there are (0: real numbers); of tokens the `chance` of each too (`chances`).

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
        y = operator.measure(torch.from_numpy(x).float())
        hidden = operator.hidden(y)
        levels = np.array([splits.space.levels or 0])
        told = {"chance": chances(y.numpy(), splits, operator)} if splits.space.has_tokens else {}
        return Exam({"y": y.numpy()}, {"x": x, "hidden": hidden.numpy(), "levels": levels, **told})

    def ask(self, able: Restorer, questions: Mapping[str, Tensor], space: Space) -> Tensor:
        """[n, draws, *shape], int64, or float32 where entries are real numbers."""
        return able.restore(questions["y"], self.operator(space), self.draws)

    def checked(self, answers: NDArray[Any], questions: Arrays, space: Space) -> NDArray[Any]:
        """Samples of the Space [n, draws, *shape], so many for each question."""
        return kept(answers, (len(questions["y"]), self.draws, *space.shape), space, "the answers hold")

    def samples(self, answers: NDArray[Any]) -> NDArray[Any]:
        """The first draw of each question, [n, *shape]."""
        first: NDArray[Any] = answers[:, 0]
        return first

    def measure(self, space: Space) -> Measure:
        """A, of samples [n, *shape] as they are stored: [n, *operator.shape] float64."""
        operator = self.operator(space)
        return lambda x: operator.measure(torch.from_numpy(x.astype(np.float64))).numpy()

    def barred(self, exam: Exam, answers: NDArray[Any], rows: RowsOf) -> Mapping[str, str]:
        """`consistency`, where answers do not agree with y; `key`, where too many are the truth to the bit; `copies`,
        where training rows are answered.
        """
        x, y = exam.key["x"], exam.questions["y"]
        space = Space(x.shape[1:], levels=int(exam.key["levels"][0]) or None)
        operator = self.operator(space)
        off, rounding = inconsistency(answers, y, self.measure(space)), operator.rounding
        limit = ALLOWED * rounding + FINEST * float((y - y.mean(0)).std())
        if operator.tells_entries and space.levels is not None:
            rounding = limit = 0.0
        found = {}
        if off > limit:
            words = f"its answers do not agree with what was measured: they are off by {off:.3g} (RMS)"
            can = f"and rounding to integers moves them by {rounding:.3g}" if limit else "and can have it as it is"
            found["consistency"] = f"{words}, {can}"
        share, allowed = exact_answers(answers, exam.key)
        if share > allowed:
            words = f"it knew the key: {share:.0%} of its answers are the truth to the bit"
            found["key"] = f"{words}, of questions where nobody guesses more than {allowed:.0%}"
        of_tokens = "chance" in exam.key
        return found | (_looked_up(answers, rows) if of_tokens else {})

    def exhibits(self, questions: Arrays, answers: NDArray[Any], space: Space) -> Mapping[str, Exhibit]:
        """`strips`: the first questions, uncurated: what was measured, as A⁺y; the draws; their mean. Of symbols
        `lines`: the draws of a question, one below the other.
        """
        if space.symbols is not None:
            return {"lines": lines(answers[:STRIPS].reshape(-1, *space.shape), space.symbols, space.end)}
        if space.levels is None:
            return {}
        operator, y = self.operator(space), torch.from_numpy(questions["y"][:STRIPS])
        told = operator.project(torch.zeros(len(y), *space.shape), y).clamp(0, space.levels - 1).numpy()
        shown = answers[:STRIPS].astype(np.float64)
        rows = np.concatenate([told[:, None], shown, shown.mean(1, keepdims=True)], axis=1)
        picture = drawn(rows.reshape(-1, *space.shape), self.draws + 2, space.levels)
        return {} if picture is None else {"strips": picture}
