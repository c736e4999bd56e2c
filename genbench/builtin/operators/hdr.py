"""hdr: an exposure that is too long, in which what is bright is clipped."""

import math

import torch
from torch import Tensor

from genbench.contracts.operator import Operator
from genbench.errors import Unsuitable
from genbench.records.space import Space

GAIN = 2  # of the exposure


class HighDynamicRange(Operator):
    """y = min(2 x, highest level), entry by entry. What is below half of the range is told, the rest is bounded by it.

    It is not linear, but the samples that agree with y are a box, and the nearest of them is found entry by entry.
    """

    name = "hdr"
    source = "Mardani et al. 2023, sec. 4 (high dynamic range), https://arxiv.org/abs/2305.04391"
    tells_entries = True

    def __init__(self, space: Space) -> None:
        if space.levels is None or space.levels < 2 * GAIN:
            raise Unsuitable(f"hdr takes {2 * GAIN} or more levels, the upper half of which it clips, got {space}")
        if space.has_tokens:
            raise Unsuitable(f"hdr takes levels that are quantities, and tokens are none, got {space}")
        self.space, self.shape = space, space.shape
        self._top = space.levels - 1

    @property
    def rounding(self) -> float:
        """One entry of weight 2, of those that are not clipped."""
        return GAIN / math.sqrt(12)

    def measure(self, x: Tensor) -> Tensor:
        """The exposure."""
        return (GAIN * x).clamp(max=self._top)

    def project(self, x: Tensor, y: Tensor) -> Tensor:
        """The nearest sample, entry by entry."""
        return torch.where(y < self._top, y / GAIN, x.clamp(min=self._top / GAIN))

    def hidden(self, y: Tensor) -> Tensor:
        """What is clipped."""
        return (y >= self._top).to(y)

    def bounds(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """The level itself, or from half of the range up."""
        told = y < self._top
        least, most = math.ceil(self._top / GAIN), self._top
        return torch.where(told, y / GAIN, least), torch.where(told, y / GAIN, most)
