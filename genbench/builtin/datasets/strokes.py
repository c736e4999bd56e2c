"""Strokes: what is measured of a digit's image and said in words: which digit, how much ink, which way it leans."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
Labels = NDArray[np.int64]

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
INKS = ("thin", "bold")
SLANTS = ("leaning left", "upright", "leaning right")
ATTRIBUTES = (DIGITS, INKS, SLANTS)  # in the order of the columns of attributes
INK_BOUNDS = (310.0,)  # levels: the median of the training rows of `digits`
SLANT_BOUNDS = (-5.16, 0.74)  # degrees: their terciles
CAPTION = re.compile(f"a ({'|'.join(INKS)}) ({'|'.join(DIGITS)}) ({'|'.join(SLANTS)})")


def ink(x: NDArray[Any]) -> Reals:
    """The sum of all levels of images [N, 1, H, W], which are bright where there is ink: [N]."""
    total: Reals = x.reshape(len(x), -1).sum(1, dtype=np.float64)
    return total


def slant(x: NDArray[Any]) -> Reals:
    """How far a stroke's middle moves to the right for each row upwards, as an angle from the vertical: [N] degrees.

    It is the slope of the regression of columns on rows, each weighted by its ink: arctan(-μ₁₁ / μ₀₂) with the
    central second moments, rows counted downwards. Positive leans to the right; 0 where all ink is in one row, or there
    is none.

    Args:
        x: images [N, 1, H, W] of levels from 0.
    Source: Hu 1962, eq. 3 (central moments), https://doi.org/10.1109/TIT.1962.1057692
    """
    weight = x[:, 0].astype(np.float64)  # [N, H, W]
    rows, columns = (np.arange(float(side)) for side in weight.shape[1:])
    of_row, of_column = weight.sum(2), weight.sum(1)  # [N, H], [N, W]
    total = np.maximum(of_row.sum(1), 1e-12)
    down = rows - (of_row @ rows / total)[:, None]  # [N, H]
    across = columns - (of_column @ columns / total)[:, None]  # [N, W]
    mixed = np.einsum("nhw,nh,nw->n", weight, down, across)  # μ₁₁
    height = (of_row * down**2).sum(1)  # μ₀₂
    slope = np.divide(-mixed, height, out=np.zeros_like(height), where=height > 1e-9)
    angle: Reals = np.degrees(np.arctan(slope))
    return angle


def attributes(x: NDArray[Any], digit: Labels) -> Labels:
    """Places in ATTRIBUTES of images [N, 1, H, W] of digits [N]: [N, 3]."""
    inks, slants = np.digitize(ink(x), INK_BOUNDS, right=True), np.digitize(slant(x), SLANT_BOUNDS)
    return np.stack([digit, inks, slants], axis=1).astype(np.int64)


def caption(digit: int, of_ink: int, of_slant: int) -> str:
    """The caption of a digit by its places in ATTRIBUTES: "a bold seven leaning left"."""
    return f"a {INKS[of_ink]} {DIGITS[digit]} {SLANTS[of_slant]}"


def told(captions: Sequence[str]) -> Labels:
    """The attributes [N, 3] that captions name.

    Raises:
        ValueError: one that is of another form.
    """
    found = np.empty((len(captions), len(ATTRIBUTES)), np.int64)
    for row, text in zip(found, captions, strict=True):
        match = CAPTION.fullmatch(text)
        if match is None:
            raise ValueError(f"expected captions such as {caption(7, 1, 0)!r}, got {text!r}")
        row[:] = DIGITS.index(match[2]), INKS.index(match[1]), SLANTS.index(match[3])
    return found
