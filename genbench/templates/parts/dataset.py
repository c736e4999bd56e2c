"""Bars: grey images of a few bright rows and columns under noise. What made them is known, and what a model misses."""

import numpy as np
from numpy.typing import NDArray

import genbench

SIDE, LEVELS = 8, 17
CHANCE = 1 / SIDE  # of each bar
ROWS = {"train": 1000, "valid": 200, "test": 400, "held": 400}


def bars(rows: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """[rows, 1, SIDE, SIDE]: each row and each column is bright by a chance of its own, whatever the others are."""
    lines = rng.random((rows, 2, SIDE)) < CHANCE
    bright = lines[:, 0, :, None] | lines[:, 1, None, :]  # [rows, SIDE, SIDE]
    x = 12.0 * bright + rng.normal(2, 1, size=bright.shape)
    return x.round().clip(0, LEVELS - 1).astype(np.uint8)[:, None]


class NewPlugin(genbench.Dataset):
    """Two thousand 8×8 images of bars, 17 levels; drawn anew, and the same, at every call."""

    name = "new-plugin"
    source = "Földiák 1990, https://doi.org/10.1007/BF02331346"
    license = "CC0-1.0"

    def splits(self) -> genbench.Splits:
        rng = np.random.default_rng(0)
        parts = {name: genbench.Examples(bars(rows, rng)) for name, rows in ROWS.items()}
        return genbench.Splits(genbench.Space((1, SIDE, SIDE), LEVELS), **parts)


@genbench.hookimpl
def genbench_datasets() -> list[type[genbench.Dataset]]:
    """The datasets of this distribution."""
    return [NewPlugin]
