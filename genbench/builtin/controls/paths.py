"""Controls of `interpolate`: two ways from one sample to another that have learnt nothing.

No control is the ceiling of that board: real data hold no path between two of their samples.
"""

import torch
from torch import Tensor

from genbench.contracts.answers import Interpolator
from genbench.contracts.model import Learner
from genbench.contracts.training import TrainingData
from genbench.records.kinds import ControlKind, Family
from genbench.records.space import Space


class Blend(Learner, Interpolator):
    """x_i = (1 - λ) a + λ b with λ = i / (n - 1), entry by entry and rounded: a short path through what is not real."""

    name = "blend"
    family = Family.CONTROL
    control = ControlKind.FLOOR
    source = "Ho, Jain and Abbeel 2020, fig. 8, the pixel-space interpolation, https://arxiv.org/abs/2006.11239"

    def __init__(self, space: Space) -> None:
        super().__init__()
        self._integers = space.levels is not None

    def fit(self, data: TrainingData) -> None:
        """There is nothing to learn."""

    def between(self, a: Tensor, b: Tensor, n: int) -> Tensor:
        """[N, n, *shape] of the dtype of a and b."""
        path = torch.stack([(a.double() * (n - 1 - i) + b.double() * i) / (n - 1) for i in range(n)], dim=1)
        return path.round().long() if self._integers else path.float()


class Jump(Learner, Interpolator):
    """Shows a in the first half and b in the second: perfect ends, real samples all along, and no path.

    An odd number of them has one more of a. Only what looks at the steps sees that there is a single one.
    """

    name = "jump"
    family = Family.CONTROL
    control = ControlKind.PROBE
    source = "the two samples themselves"

    def __init__(self, space: Space) -> None:
        super().__init__()

    def fit(self, data: TrainingData) -> None:
        """There is nothing to learn."""

    def between(self, a: Tensor, b: Tensor, n: int) -> Tensor:
        """[N, n, *shape] of the dtype of a and b."""
        return torch.stack([a] * (n - n // 2) + [b] * (n // 2), dim=1)
