"""What bars restorations: who knew the truth, and who looked answers up."""

from collections import Counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from genbench.builtin.tasks.guesses import pasted
from genbench.contracts.dataset import SPLITS, Splits
from genbench.contracts.evidence import RowsOf
from genbench.contracts.operator import Operator
from genbench.contracts.task import Arrays, Exam
from genbench.geometry.hits import hits

UNGUESSED = 20.0  # nats of surprise of a question whose exact answer nobody guesses
EXACT = 0.05  # share of exact answers to such questions, above which the key was known
NEARER, KNOWN = 0.5, 0.25  # part of a guess's error; share of questions with less than that, above which it was known
NEAREST, COPIED = (
    0.01,
    0.1,
)  # quantile of the truths' distances to rows; share of draws as near, above which they are rows


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


def knew(exam: Exam, answers: NDArray[Any]) -> dict[str, str]:
    """The gate `key`, where the answers [n, k, *shape] are of one who knew the truth."""
    share, allowed = exact_answers(answers, exam.key)
    if share > allowed:
        words = f"it knew the key: {share:.0%} of its answers are the truth to the bit"
        return {"key": f"{words}, of questions where nobody guesses more than {allowed:.0%}"}
    share = near_share(answers, exam.key) if "guess" in exam.key else 0.0
    if share > KNOWN:
        words = (
            f"it knew the key: on {share:.0%} of the hard questions the mean of its draws is less than {NEARER:g} times"
        )
        return {"key": f"{words} as far from the truth as a guess without a model; at most {KNOWN:.0%} are ranked"}
    return {}


def near_share(answers: NDArray[Any], key: Arrays) -> float:
    """Share of the hard questions where the mean of the draws is much nearer to the truth than the key's guess."""
    x = key["x"].astype(np.float64)
    own, guessed = (_lengths(mean - x) for mean in (answers.mean(1), key["guess"]))
    hard = _hard(guessed)
    return float((own[hard] < NEARER * guessed[hard]).sum() / max(1, hard.sum()))


def _hard(distances: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which questions tell something: the farther half, [n]. What is hidden of the others may be as good as empty."""
    hard: NDArray[np.bool_] = (distances >= np.median(distances)) & (distances > 0)
    return hard


def _lengths(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """‖x‖ of each row [n, *shape], [n]."""
    lengths: NDArray[np.float64] = np.linalg.norm(x.reshape(len(x), -1), axis=1)
    return lengths


def looked_up(exam: Exam, answers: NDArray[Any], rows: RowsOf, operator: Operator) -> dict[str, str]:
    """The gate `copies`, where the answers [n, k, *shape] are of one who looked them up.

    Of tokens each draw is held against the training rows, and beside them against held ones. Of the rest it is asked
    how many draws are as near to a row of any split, into which what was told is pasted, as the nearest of the truths.
    """
    if "near" not in exam.key:
        found = hits(answers.reshape(-1, *answers.shape[2:]), rows("train"), rows("held"))
        words = f"it looks answers up: {found.share:.0%} of its answers are training rows"
        by_chance = f"where {found.expected:.0%} would be by chance, p = {found.p:.1g}"
        return {"copies": f"{words}, {by_chance}"} if found.flagged else {}
    known = torch.from_numpy(np.concatenate([rows(split) for split in SPLITS]))
    asked = torch.from_numpy(exam.questions["y"]), torch.from_numpy(exam.key["x"])
    share = pasted_share(pasted(torch.from_numpy(answers), asked, known, operator), exam.key["near"])
    words = f"it looks answers up: in what was not told {share:.0%} of its answers are as near to a known row"
    beside = f"as the nearest {NEAREST:.0%} of the truths are; at most {COPIED:.0%} are ranked"
    return {"copies": f"{words} {beside}"} if share > COPIED else {}


def pasted_share(draws: NDArray[np.float64], truths: NDArray[np.float64]) -> float:
    """Share of the draws of hard questions that are as near to a known row as the nearest 1 % of the truths.

    Args:
        draws, truths: distances by `pasted`, [n, k] and [n].
    """
    near = draws[_hard(truths)] <= np.quantile(truths, NEAREST, method="lower")
    return float(near.sum() / max(1, near.size))
