"""colour: a colour image is shown in grey."""

import math

from torch import Tensor

from genbench.contracts.operator import LinearOperator
from genbench.errors import Unsuitable
from genbench.records.space import Space

CHANNELS = 3


class Colour(LinearOperator):
    """The mean of the three channels, [3, H, W] → [1, H, W]. A⁺ gives it to each of them."""

    name = "colour"
    source = "Wang, Yu and Zhang 2023, sec. 3.1 (colorization), https://arxiv.org/abs/2212.00490"

    def __init__(self, space: Space) -> None:
        if not space.is_image or space.shape[0] != CHANNELS:
            raise Unsuitable(f"colour takes images of three channels, got {space}")
        self.space = space
        self.shape = (1, *space.shape[1:])

    @property
    def rounding(self) -> float:
        """Three entries of weight 1/3: √(1/3 / 12)."""
        return 0.0 if self.space.levels is None else 1 / math.sqrt(12 * CHANNELS)

    def measure(self, x: Tensor) -> Tensor:
        """The mean of the channels."""
        return x.mean(1, keepdim=True)

    def inverse(self, y: Tensor) -> Tensor:
        """The same in each channel."""
        return y.expand(-1, CHANNELS, -1, -1)

    def hidden(self, y: Tensor) -> Tensor:
        """Two of three dimensions of each pixel."""
        return y.new_full((len(y), *self.space.shape), 1 - 1 / CHANNELS)
