"""`digits-tinted`: the colours are those of the law that its docstring tells, on the rows of `digits`."""

import colorsys

import numpy as np
import pytest

from genbench.builtin.datasets.digits import Digits
from genbench.builtin.datasets.tinted_digits import SATURATION, SPREAD, TintedDigits, tint
from genbench.contracts.dataset import SPLITS


@pytest.fixture(scope="module")
def pairs():
    """Of each split the tinted rows and the grey ones."""
    tinted, grey = TintedDigits().splits(), Digits().splits()
    return {name: (getattr(tinted, name), getattr(grey, name)) for name in SPLITS}


@pytest.mark.parametrize("hue", [0.0, 0.07, 1 / 6, 0.3, 0.5, 0.77, 0.999, -0.05, 1.2])
def test_a_tint_is_what_hsv_says(hue):
    expected = colorsys.hsv_to_rgb(hue % 1, SATURATION, 1.0)
    assert tint(np.array([hue]))[0] == pytest.approx(expected)


def test_rows_and_classes_are_those_of_digits_and_the_brightest_channel_is_the_digit(pairs):
    for tinted, grey in pairs.values():
        assert tinted.x.shape == (len(grey), 3, 8, 8)
        assert np.array_equal(tinted.y, grey.y)
        assert np.array_equal(tinted.x.max(1, keepdims=True), grey.x)


def test_the_hues_of_a_class_are_normal_about_a_tenth_of_a_turn_each(pairs):
    tinted, grey = pairs["train"]
    ink = np.stack([x.reshape(3, -1).sum(1) for x in tinted.x.astype(np.float64)]) / grey.x.reshape(len(grey), -1).sum(
        1, keepdims=True
    )
    hue = np.array([colorsys.rgb_to_hsv(*row)[0] for row in ink])
    off = (hue - grey.y / 10 + 0.5) % 1 - 0.5
    assert abs(off.mean()) < 3 * SPREAD / np.sqrt(len(off))
    assert off.std() == pytest.approx(SPREAD, rel=0.15)


def test_it_is_the_same_at_every_call():
    assert TintedDigits().splits().sha256 == TintedDigits().splits().sha256
