"""Scales: levels, the interval [-1, 1] that denoisers work in, and the noise levels that a solver goes through."""

import torch
from torch import Tensor

from genbench.errors import Unsuitable
from genbench.records.space import Space


def highest(space: Space) -> int:
    """The highest level of a Space whose levels can be scaled to [-1, 1].

    Raises:
        Unsuitable: it has real numbers, or a single level.
    """
    if space.levels is None or space.levels < 2:
        raise Unsuitable(f"a denoiser's samples are scaled from 2 or more levels to [-1, 1], got {space}")
    return space.levels - 1


def scaled(x: Tensor, space: Space) -> Tensor:
    """int64 in [0, levels) → float32 in [-1, 1]."""
    return 2 * x.float() / highest(space) - 1


def unscaled(x: Tensor, space: Space) -> Tensor:
    """float32 in about [-1, 1] → the nearest levels, int64."""
    return settled((x + 1) / 2 * highest(space), space)


def settled(x: Tensor, space: Space) -> Tensor:
    """float32 in levels → the nearest of them, int64; as it is where the Space has none."""
    return x if space.levels is None else x.round().clamp(0, space.levels - 1).long()


def ladder(sigmas: Tensor, steps: int) -> Tensor:
    """`steps` of the ascending noise levels [T], evenly spaced in their order from the highest down to the lowest.

    Ascending as well; all of them where there are no more, and the highest alone for one step.
    """
    places = torch.linspace(len(sigmas) - 1, 0, min(steps, len(sigmas)), dtype=torch.float64)
    return sigmas[places.round().long().flip(0).to(sigmas.device)]


def mixing(n: int) -> list[float]:
    """The shares λ of b in n evenly spaced samples from a to b: 0 … 1."""
    return [i / (n - 1) for i in range(n)]
