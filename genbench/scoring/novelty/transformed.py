"""Transformed: how much an image looks like one of a set after a small shift, a turn, a flip, or with grey inverted."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.geometry.cloud import Reals, Vectors

SIDE = 14  # entries of a side on which images are compared, at most
SHIFTS = 2  # pixels, each way along both sides
ANGLES = (4.0, -4.0, 8.0, -8.0, 12.0, -12.0, 90.0, 180.0, 270.0)  # degrees
MOST = 1000  # samples that are looked at
CHUNK = 2048  # rows of the set at a time


def likeness(x: NDArray[Any], known: NDArray[Any]) -> Reals:
    """The largest correlation of each image, transformed, with any row of a set, whatever its sign.

    Args:
        x, known: [N, C, H, W] and [M, C, H, W] images, in levels.
    Returns:
        [N] float64 in [0, 1]; 0 for a constant image.
    """
    rows = unit(grey(known))
    best = np.zeros(len(x))
    for moved in transformed(grey(x)):
        found = unit(moved)
        for start in range(0, len(rows), CHUNK):
            correlations = found @ rows[start : start + CHUNK].T
            np.maximum(best, np.maximum(correlations.max(1), -correlations.min(1)), out=best)
    return best


def transformed(images: Vectors) -> Iterator[Vectors]:
    """Images [N, H, W] in every transformation that counts as small; the first is none."""
    from scipy import ndimage  # here, so that features are scored without SciPy

    for down in range(-SHIFTS, SHIFTS + 1):
        for right in range(-SHIFTS, SHIFTS + 1):
            yield shifted(images, down, right)
    yield images[:, ::-1]
    yield images[:, :, ::-1]
    for angle in ANGLES:
        yield ndimage.rotate(images, angle, axes=(1, 2), reshape=False, order=1, mode="nearest")


def shifted(images: Vectors, down: int, right: int) -> Vectors:
    """Images [N, H, W] moved by whole pixels; the border goes on as it was."""
    height, width = images.shape[1:]
    rows = np.clip(np.arange(height) - down, 0, height - 1)
    columns = np.clip(np.arange(width) - right, 0, width - 1)
    return images[:, rows[:, None], columns]


def grey(images: NDArray[Any]) -> Vectors:
    """Images [N, C, H, W] → their channels' mean [N, H, W] float32."""
    mean: Vectors = images.mean(1, dtype=np.float32)
    return mean


def unit(images: Vectors) -> Vectors:
    """Images [N, H, W] on at most SIDE × SIDE entries, as vectors without mean and of length 1; constant ones are 0."""
    flat = _reduced(_reduced(images, 1), 2).reshape(len(images), -1)
    flat = flat - flat.mean(1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    units: Vectors = np.divide(flat, length, out=np.zeros_like(flat), where=length > 1e-6)
    return units


def _reduced(images: Vectors, axis: int) -> Vectors:
    """Means of pixels along a side, so that at most SIDE are left; one at a border counts by its shares."""
    side = images.shape[axis]
    if side <= SIDE:
        return images
    edges = np.arange(SIDE + 1) * side / SIDE
    last, first = np.minimum(edges[1:, None], np.arange(1, side + 1)), np.maximum(edges[:-1, None], np.arange(side))
    weights = (np.clip(last - first, 0, 1) * SIDE / side).astype(np.float32)  # [SIDE, side], each row sums to 1
    return np.moveaxis(np.moveaxis(images, axis, -1) @ weights.T, -1, axis)
