"""blur: each entry is averaged with those around it, and the outermost ones are not seen."""

import math

import torch
from torch import Tensor

from genbench.contracts.operator import LinearOperator
from genbench.errors import Unsuitable
from genbench.records.space import Space

SIDE = 3  # of the window, in entries


class Blur(LinearOperator):
    """The mean of each 3×3 window that lies within the image, in each channel: [C, H, W] → [C, H - 2, W - 2].

    Seen from within, a blur without noise could be undone exactly; what lies beyond the edge of the picture cannot. The
    window is a product of one for the rows and one for the columns, A = A_h ⊗ A_w, and so is A⁺ = A_h⁺ ⊗ A_w⁺.
    """

    name = "blur"
    source = "Wang, Yu and Zhang 2023, sec. 4 (deblurring), https://arxiv.org/abs/2212.00490"

    def __init__(self, space: Space) -> None:
        if not space.is_image or min(space.shape[1:]) < SIDE:
            raise Unsuitable(f"blur takes images of at least {SIDE}×{SIDE} entries, got {space}")
        self.space = space
        self.shape = (space.shape[0], *(side - SIDE + 1 for side in space.shape[1:]))
        self._rows, self._columns = (_means(side) for side in space.shape[1:])  # [H - 2, H], [W - 2, W] float64
        self._inverse_rows, self._inverse_columns = (torch.linalg.pinv(x) for x in (self._rows, self._columns))

    @property
    def rounding(self) -> float:
        """Nine entries of weight 1/9: √(1/9 / 12)."""
        return 0.0 if self.space.levels is None else 1 / (SIDE * math.sqrt(12))

    def measure(self, x: Tensor) -> Tensor:
        """A_h x A_wᵀ: means of the windows."""
        return self._rows.to(x) @ x @ self._columns.to(x).T

    def inverse(self, y: Tensor) -> Tensor:
        """A_h⁺ y A_w⁺ᵀ."""
        x: Tensor = self._inverse_rows.to(y) @ y @ self._inverse_columns.to(y).T
        return x

    def hidden(self, y: Tensor) -> Tensor:
        """1 - the diagonal of A⁺A, which is a product of two."""
        told = [(inverse @ own).diagonal() for own, inverse in self._pairs()]
        share = 1 - told[0][:, None] * told[1]  # [H, W]
        return share.to(y).expand(len(y), *self.space.shape)

    def _pairs(self) -> tuple[tuple[Tensor, Tensor], ...]:
        return (self._rows, self._inverse_rows), (self._columns, self._inverse_columns)


def _means(side: int) -> Tensor:
    """Means of three entries that follow one another, [side - 2, side] float64."""
    place = torch.arange(side)
    offset = place - torch.arange(side - SIDE + 1)[:, None]
    return ((offset >= 0) & (offset < SIDE)).double() / SIDE
