"""Doubles: another seed's samples are found where they were changed a little; samples of two seeds are not alike."""

import numpy as np
import pytest

from genbench.builtin.datasets.digits import Digits
from genbench.submission.doubles import SHARED, _near

X = Digits().splits().train.x.reshape(-1, 64).astype(np.float64)
RNG = np.random.default_rng(0)


def flat(x: np.ndarray) -> np.ndarray:
    return x.reshape(len(x), -1).astype(np.float64)


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x,
        lambda x: np.clip(x + RNG.integers(-1, 2, x.shape), 0, 16),
        lambda x: x[RNG.permutation(len(x))],
        lambda x: np.concatenate([x[: len(x) * 7 // 10], X[-len(x) * 3 // 10 :]])[RNG.permutation(len(x))],
        lambda x: np.round(0.97 * x),
    ],
    ids=["none", "noise of a level", "another order", "a third exchanged", "darker"],
)
def test_changed_samples_are_found(change) -> None:
    rows = X[:290]
    assert _near(rows, change(rows)) >= SHARED


def test_draws_of_one_law_are_not_alike() -> None:
    assert _near(X[:290], X[290:580]) < 0.1
    noise = RNG.integers(0, 17, (2, 300, 64)).astype(np.float64)
    assert _near(*noise) == 0.0
    assert _near(X[:1], X[:1]) == 0.0
