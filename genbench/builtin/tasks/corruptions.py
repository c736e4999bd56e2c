"""Corruptions: changes of a sample that leave its class as it is."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.errors import Unsuitable
from genbench.records.space import Space

Rows = NDArray[Any]
Corrupt = Callable[[Rows, Space, float, np.random.Generator], Rows]

DIRECTIONS = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)]


def none(x: Rows, space: Space, strength: float, rng: np.random.Generator) -> Rows:
    """The rows as they are."""
    return x


def noise(x: Rows, space: Space, strength: float, rng: np.random.Generator) -> Rows:
    """Gaussian noise, whose deviation is `strength` of the range of levels, rounded and kept in range.

    Raises:
        Unsuitable: there are no levels, and so no range.
    """
    if space.levels is None:
        raise Unsuitable(f"noise is a share of the range of levels, got {space}")
    top = space.levels - 1
    noisy: Rows = (x + strength * top * rng.standard_normal(x.shape)).round()
    return noisy.clip(0, top).astype(x.dtype)


def blur(x: Rows, space: Space, strength: float, rng: np.random.Generator) -> Rows:
    """A Gaussian blur, whose deviation is `strength` of the shorter side, rounded; edges go on as they are.

    Raises:
        Unsuitable: these are no images.
    """
    from scipy.ndimage import gaussian_filter

    deviation = strength * _side(space, "blur")
    soft: Rows = gaussian_filter(x.astype(np.float64), (0, 0, deviation, deviation), mode="nearest")
    return (soft if space.levels is None else soft.round()).astype(x.dtype)


def shift(x: Rows, space: Space, strength: float, rng: np.random.Generator) -> Rows:
    """A move by `strength` of the shorter side, a pixel at least, in one of eight directions; edges go on.

    Raises:
        Unsuitable: these are no images.
    """
    step = max(1, round(strength * _side(space, "shift")))
    height, width = space.shape[1:]
    wide = np.pad(x, ((0, 0), (0, 0), (step, step), (step, step)), mode="edge")
    moved, which = np.empty_like(x), rng.integers(len(DIRECTIONS), size=len(x))
    for i, (dy, dx) in enumerate(DIRECTIONS):
        rows, top, left = which == i, step * (1 + dy), step * (1 + dx)
        moved[rows] = wide[rows, :, top : top + height, left : left + width]
    return moved


def _side(space: Space, what: str) -> int:
    if not space.is_image:
        raise Unsuitable(f"{what} needs images, got {space}")
    return min(space.shape[1:])


CORRUPTIONS: Mapping[str, Corrupt] = {"none": none, "noise": noise, "blur": blur, "shift": shift}
