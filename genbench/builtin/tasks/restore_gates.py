"""What bars restorations: who knew the truth, and who looked answers up."""

import math
from collections import Counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from genbench.builtin.metrics.energy import energy_scores
from genbench.builtin.tasks.guesses import pasted
from genbench.contracts.dataset import SPLITS, Splits
from genbench.contracts.evidence import RowsOf
from genbench.contracts.operator import Operator
from genbench.contracts.task import Arrays, Exam
from genbench.geometry.hits import hits

UNGUESSED = 20.0  # nats of surprise of a question whose exact answer nobody guesses
EXACT = 0.05  # share of exact answers to such questions, above which the key was known
KNOWN = 0.4  # energy score, as a share of what a guess without a model is off by, below which the key was known
NEAREST = 0.01  # quantile of the truths' distances to known rows: draws that are as near are counted
CLEARLY = 0.85  # of the distance to the second nearest row, within which a draw is a copy of the nearest and no mean
COPIED = 0.1  # share of such draws, beyond that of the truths, above which rows were looked up
SAME = 1e-6  # of the largest distance: less is rounding
QUESTIONS = 20  # of fewer, shares and sums say nothing


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
    share = energy_share(answers, exam.key) if "guess" in exam.key and len(answers) >= QUESTIONS else math.inf
    if share < KNOWN:
        words = f"it knew the key: its energy score is {share:.2f} times what a guess without a model is off by"
        return {"key": f"{words}; {KNOWN:g} and more are ranked"}
    return {}


def energy_share(answers: NDArray[Any], key: Arrays) -> float:
    """The energy score of all draws [n, k, *shape] as a share of the key's guess's, which is its distance from x.

    Of the exact law it is 1/√2 where the guess is that law's mean, whatever is guessed at, in many dimensions.
    """
    x = key["x"].reshape(len(answers), -1).astype(np.float64)
    off = np.linalg.norm(key["guess"].reshape(x.shape) - x, axis=1).sum()
    own = energy_scores(answers.reshape(*answers.shape[:2], -1).astype(np.float64), x).sum()
    return float(own / off) if off else math.inf


def looked_up(exam: Exam, answers: NDArray[Any], rows: RowsOf, operator: Operator) -> dict[str, str]:
    """The gate `copies`, where the answers [n, k, *shape] are of one who looked them up.

    Of tokens each draw is held against the training rows, and beside them against held ones. Of the rest it is asked
    how many draws are as near to a row of any split as the nearest of the truths, in what was not told.
    """
    if "chance" in exam.key:
        found = hits(answers.reshape(-1, *answers.shape[2:]), rows("train"), rows("held"))
        words = f"it looks answers up: {found.share:.0%} of its answers are training rows"
        by_chance = f"where {found.expected:.0%} would be by chance, p = {found.p:.1g}"
        return {"copies": f"{words}, {by_chance}"} if found.flagged else {}
    if len(answers) < QUESTIONS:
        return {}
    asked = torch.from_numpy(exam.questions["y"]), torch.from_numpy(exam.key["x"])
    draws = pasted(torch.from_numpy(answers), asked, every_row(rows), operator)
    share, expected = copied_shares(draws, exam.key["nearest"])
    words = f"it looks answers up: in what was not told {share:.0%} of its answers are known rows, or as good as that,"
    return {"copies": f"{words} as {expected:.0%} of the truths are"} if share - expected > COPIED else {}


def every_row(rows: RowsOf) -> torch.Tensor:
    """The different rows of all splits, [N, *shape]."""
    known = np.concatenate([rows(split) for split in SPLITS])
    _, first = np.unique(known.reshape(len(known), -1), axis=0, return_index=True)
    return torch.from_numpy(known[np.sort(first)])


def copied_shares(draws: NDArray[np.float64], truths: NDArray[np.float64]) -> tuple[float, float]:
    """Share of the draws, and of the truths, that are as near to a known row as the nearest 1 % of the truths that are
    not rows themselves, and clearly nearer to it than to any other: the mean of several rows is near to all of them.

    Of the exact law both shares are the same but for chance.

    Args:
        draws, truths: distances to the two nearest rows by `pasted`, [n, k, 2] and [n, 1, 2].
    """
    near = truths[..., 0]
    known = near[np.isfinite(near)]
    rounding = SAME * known.max(initial=0.0)
    apart = known[known > rounding]
    within = max(rounding, float(np.quantile(apart, NEAREST, method="lower")) if len(apart) else 0.0)

    def share(x: NDArray[np.float64]) -> float:
        return float(((x[..., 0] <= within) & (x[..., 0] <= CLEARLY * x[..., 1])).mean())

    return share(draws), share(truths)
