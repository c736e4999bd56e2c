"""sr2, sr4: an image of half or a quarter of the height and width, to be enlarged (super-resolution)."""

import math
from abc import ABC
from typing import ClassVar

from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from genbench.contracts.operator import LinearOperator
from genbench.errors import Unsuitable
from genbench.records.space import Space


class SuperResolution(LinearOperator, ABC):
    """The mean of each block of f × f entries of a channel. A⁺ repeats it in all of the block."""

    factor: ClassVar[int]  #: f

    def __init__(self, space: Space) -> None:
        if not space.is_image or any(side % self.factor for side in space.shape[1:]):
            raise Unsuitable(f"{self.name} takes images with sides that {self.factor} divides, got {space}")
        self.space = space
        self.shape = (space.shape[0], *(side // self.factor for side in space.shape[1:]))

    @property
    def rounding(self) -> float:
        """f² entries of weight 1/f²: √(1/f² / 12)."""
        return 0.0 if self.space.levels is None else 1 / (self.factor * math.sqrt(12))

    def measure(self, x: Tensor) -> Tensor:
        """The means of the blocks."""
        return avg_pool2d(x, self.factor)

    def inverse(self, y: Tensor) -> Tensor:
        """Each mean in all of its block."""
        return interpolate(y, scale_factor=self.factor, mode="nearest")

    def hidden(self, y: Tensor) -> Tensor:
        """f² - 1 of f² dimensions of each block."""
        return y.new_full((len(y), *self.space.shape), 1 - 1 / self.factor**2)


class Twice(SuperResolution):
    """Means of 2×2 entries."""

    name = "sr2"
    source = "Wang, Yu and Zhang 2023, sec. 3.1 (super-resolution), https://arxiv.org/abs/2212.00490"
    factor = 2


class FourTimes(SuperResolution):
    """Means of 4×4 entries."""

    name = "sr4"
    source = "Wang, Yu and Zhang 2023, sec. 3.1 (super-resolution), https://arxiv.org/abs/2212.00490"
    factor = 4
