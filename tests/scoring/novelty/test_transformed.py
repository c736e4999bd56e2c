"""Transformed: what was moved, turned, flipped or inverted is found again, and what was not is not."""

import numpy as np
import pytest
from scipy import ndimage

from genbench.scoring.novelty.transformed import SIDE, grey, likeness, transformed, unit

rng = np.random.default_rng(0)
SMOOTH = ndimage.gaussian_filter(rng.random((40, 1, 28, 28)), (0, 0, 2, 2))
SMOOTH = ((SMOOTH - SMOOTH.min()) / np.ptp(SMOOTH) * 255).astype(np.uint8)
KNOWN, FRESH = SMOOTH[:20], SMOOTH[20:]


@pytest.mark.parametrize(
    ("change", "least"),
    [
        (lambda x: x, 1),
        (lambda x: 255 - x, 1),
        (lambda x: x[..., ::-1], 1),
        (lambda x: x[..., ::-1, :], 1),
        (lambda x: np.rot90(x, 1, (2, 3)), 1),
        (lambda x: (0.5 * x + 20).astype(np.uint8), 0.999),
        (lambda x: np.roll(x, 2, -1), 0.9),
        (lambda x: ndimage.rotate(x, 8, (2, 3), reshape=False, order=1, mode="nearest"), 0.97),
    ],
)
def test_a_row_is_known_again_after_a_small_transformation(change, least):
    assert likeness(change(KNOWN), KNOWN).min() >= least - 1e-5


def test_a_fresh_image_is_like_none():
    assert likeness(FRESH, KNOWN).max() < 0.8


def test_a_constant_image_is_like_none():
    assert likeness(np.full((1, 1, 28, 28), 9, np.uint8), KNOWN).tolist() == [0]


def test_the_first_transformations_hold_the_image_itself_and_none_is_there_twice():
    images = grey(KNOWN)
    moved = [x.tobytes() for x in transformed(images)]
    assert len(set(moved)) == len(moved) == 36
    assert images.tobytes() in moved


@pytest.mark.parametrize("side", [8, 14, 28, 32])
def test_vectors_have_no_mean_and_the_length_one_on_at_most_14_pixels_a_side(side):
    found = unit(rng.random((3, side, side)).astype(np.float32))
    assert found.shape == (3, min(side, SIDE) ** 2)
    np.testing.assert_allclose(found.mean(1), 0, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-6)


def test_pixels_at_a_border_count_by_their_shares():
    image = np.arange(21 * 21, dtype=np.float32).reshape(1, 21, 21)
    found = unit(image).reshape(14, 14)
    # Three pixels make two: a plane has equal steps from every second to the next but one.
    for step in (found[2:] - found[:-2], found[:, 2:] - found[:, :-2]):
        np.testing.assert_allclose(step, step[0, 0], rtol=1e-3)


def test_colours_are_seen_by_their_mean():
    colours = np.repeat(KNOWN, 3, axis=1)
    np.testing.assert_allclose(likeness(colours, colours), 1, rtol=1e-5)
    assert grey(colours).shape == (20, 28, 28)
