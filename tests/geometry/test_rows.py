"""Rows: repeats are found, and float64 is cut only where that loses nothing."""

import numpy as np
import pytest

from genbench.geometry.rows import cut_loses, distinct


@pytest.fixture
def x():
    return np.random.default_rng(0).standard_normal((400, 3))


def test_each_row_is_led_to_the_first_that_equals_it(x):
    mixed = np.concatenate([x[:3], x[1:2], x[:1], x[3:4]])
    first, which = distinct(mixed)
    np.testing.assert_array_equal(first, [0, 1, 2, 5])
    np.testing.assert_array_equal(which, [0, 1, 2, 1, 0, 3])


def test_both_zeros_are_the_same_number():
    first, _ = distinct(np.array([[0.0, 1.0], [-0.0, 1.0]]))
    np.testing.assert_array_equal(first, [0])


CUT = {
    "ordinary vectors": lambda x: x,
    "a small offset": lambda x: x + 50,
    "exponential": lambda x: -np.log(np.random.default_rng(1).random(x.shape)),
    "rare activations": lambda x: np.where(x > 2, x, 0),
    "float32 far away": lambda x: (x + 1e6).astype(np.float32).astype(np.float64),
    "integers": lambda x: np.round(100 * x) + 1e6,
    "a constant of float32": lambda x: np.concatenate([x, np.full((400, 1), 0.5)], 1),
}
KEPT = {
    "an offset of 1e4": lambda x: x + 1e4,
    "an offset of one feature": lambda x: x + np.array([0, 0, 1e7]),
    "modes far apart": lambda x: x + 1e6 * (np.arange(400) % 7)[:, None],
    "a tiny spread": lambda x: 1 + 1e-9 * x,
    "a constant that float32 does not hold": lambda x: np.concatenate([x, np.full((400, 1), 0.1)], 1),
}


@pytest.mark.parametrize("name", CUT)
def test_float64_is_cut_where_float32_tells_its_vectors_apart(x, name):
    assert not cut_loses(CUT[name](x))


@pytest.mark.parametrize("name", KEPT)
def test_float64_is_kept_where_float32_would_lose_its_differences(x, name):
    assert cut_loses(KEPT[name](x))
