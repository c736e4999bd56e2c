"""The logit of levels that noise has made continuous, for flows over all real numbers."""

import math

from torch import Tensor


class Logit:
    """y = logit(α + (1 - 2α) v / levels) of real v in [0, levels]: the walls of the cube move far out.

    Args:
        levels: of the integers x in v = x + u, with u in [0, 1).
        alpha: α, which keeps the logit away from 0 and 1; no more than 0.85 of a level, which it would blur.
    Source: Dinh, Sohl-Dickstein and Bengio 2016, section 4.1, https://arxiv.org/abs/1605.08803, where 2α is α, so
    that the walls do not lie alike on both sides
    """

    def __init__(self, levels: int, alpha: float) -> None:
        self.levels, self.alpha = levels, min(alpha, 0.85 / levels)

    def __call__(self, v: Tensor) -> tuple[Tensor, Tensor]:
        """v [N, C, H, W] in [0, levels] → y of the same shape, and log|∂y/∂v| [N]."""
        slope = (1 - 2 * self.alpha) / self.levels
        p = self.alpha + slope * v
        log_p, log_q = p.log(), (-p).log1p()
        return log_p - log_q, (math.log(slope) - log_p - log_q).flatten(1).sum(1)

    def inverse(self, y: Tensor) -> Tensor:
        """The v of which y is the logit, a little outside [0, levels] where y is far out."""
        return (y.sigmoid() - self.alpha) / (1 - 2 * self.alpha) * self.levels

    def integers(self, y: Tensor) -> Tensor:
        """The level x whose width [x, x + 1) holds v, int64 in [0, levels)."""
        return self.inverse(y).floor().clamp(0, self.levels - 1).long()

    def shown(self, y: Tensor) -> Tensor:
        """Real numbers in [0, levels - 1] for y: the middle of a level's width is the level itself."""
        return (self.inverse(y) - 0.5).clamp(0, self.levels - 1)
