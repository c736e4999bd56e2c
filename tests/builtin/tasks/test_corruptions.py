"""Corruptions: what each does to a sample, and what it leaves."""

import numpy as np
import pytest

from genbench.builtin.tasks.corruptions import CORRUPTIONS
from genbench.errors import Unsuitable
from genbench.records.space import Space

SPACE = Space((1, 6, 8), levels=17, classes=2)
X = np.random.default_rng(0).integers(0, 17, (400, 1, 6, 8)).astype(np.uint8)


def corrupted(name, x=X, space=SPACE, strength=0.1):
    return CORRUPTIONS[name](x, space, strength, np.random.default_rng(1))


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_what_comes_out_is_of_the_space_and_the_input_is_left(name):
    before = X.copy()
    found = corrupted(name)
    assert (found.dtype, found.shape) == (X.dtype, X.shape)
    assert found.max() <= 16
    np.testing.assert_array_equal(X, before)
    assert (name == "none") == np.array_equal(found, X)


def test_noise_has_the_deviation_that_was_asked_for():
    middle = np.full((4000, 1, 6, 8), 128, np.uint8)
    off = corrupted("noise", middle, Space((1, 6, 8), levels=256)) - 128.0
    assert off.mean() == pytest.approx(0, abs=0.5)
    assert off.std() == pytest.approx(25.5, rel=0.02)


def test_a_blur_keeps_what_is_even_and_spreads_a_point():
    even = np.full((1, 1, 6, 8), 9, np.uint8)
    np.testing.assert_array_equal(corrupted("blur", even), even)
    point = np.zeros((1, 1, 9, 9), np.float32)
    point[0, 0, 4, 4] = 1
    found = corrupted("blur", point, Space((1, 9, 9), levels=None), 1 / 9)  # a deviation of one pixel
    assert found.sum() == pytest.approx(1, abs=1e-3)
    assert found[0, 0, 4, 4] == pytest.approx(1 / (2 * np.pi), rel=0.01)
    assert found[0, 0, 4, 5] / found[0, 0, 4, 4] == pytest.approx(np.exp(-0.5), rel=0.01)


def test_a_shift_moves_all_by_the_same_way_and_goes_in_all_directions():
    point = np.zeros((400, 1, 6, 8), np.uint8)
    point[:, 0, 3, 4] = 5
    found = corrupted("shift", point, strength=2 / 6)
    where = [tuple(np.argwhere(image[0])[0] - (3, 4)) for image in found]
    assert found.sum() == 400 * 5
    assert set(where) == {(dy, dx) for dy in (-2, 0, 2) for dx in (-2, 0, 2)} - {(0, 0)}
    assert all(np.abs(np.array(corrupted("shift", point, strength=0.01) - point.astype(int))).sum((1, 2, 3)) == 10)


def test_edges_go_on_as_they_are():
    columns = np.broadcast_to(np.arange(8, dtype=np.uint8), (50, 1, 6, 8))
    moved = corrupted("shift", columns)
    assert {tuple(image[0, 0]) for image in moved} == {
        (0, 1, 2, 3, 4, 5, 6, 7),
        (1, 2, 3, 4, 5, 6, 7, 7),
        (0, 0, 1, 2, 3, 4, 5, 6),
    }


@pytest.mark.parametrize(
    ("name", "space", "words"),
    [
        ("noise", Space((1, 6, 8), levels=None), "noise is a share of the range of levels"),
        ("blur", Space((48,), levels=17), "blur needs images"),
        ("shift", Space((48,), levels=17), "shift needs images"),
    ],
)
def test_what_a_corruption_needs_is_said(name, space, words):
    with pytest.raises(Unsuitable, match=words):
        corrupted(name, X.reshape(-1, *space.shape), space)
