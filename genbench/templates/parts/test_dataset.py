"""The dataset: the same at each call, and of the law that it states."""

import numpy as np

from genbench.templates.parts.dataset import CHANCE, ROWS, NewPlugin, bars


def test_it_is_the_same_at_every_call_and_as_large_as_it_says() -> None:
    splits = NewPlugin().splits()
    assert splits.sha256 == NewPlugin().splits().sha256
    assert {name: len(getattr(splits, name)) for name in ROWS} == ROWS


def test_a_pixel_is_bright_as_often_as_one_of_its_two_bars() -> None:
    bright = bars(4000, np.random.default_rng(1)) > 8
    # Standard error of 4,000 images of dependent pixels: below 0.01.
    assert abs(bright.mean() - (1 - (1 - CHANCE) ** 2)) < 0.02
