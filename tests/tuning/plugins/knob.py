"""Two models whose samples are near the data where their settings say so, and that fail in a part of the space."""

from typing import Annotated

import torch
from torch import Tensor

import genbench


class Knob(genbench.Model):
    """Independent draws around the mean image; how wide, and of which kind, is set."""

    name = "knob"
    family = genbench.Family.BASELINE
    source = "made for the tests"

    def __init__(
        self,
        space: genbench.Space,
        *,
        width: Annotated[float, genbench.Range(0.01, 100, log=True)] = 20.0,
        kind: Annotated[str, genbench.Choice("normal", "flat", "broken")] = "normal",
    ) -> None:
        super().__init__()
        self.space, self.width, self.kind = space, width, kind
        self.register_buffer("mean", torch.zeros(space.shape))

    def fit(self, data: genbench.TrainingData) -> None:
        if self.kind == "broken":
            raise ValueError("this kind cannot be fitted")
        self.mean.copy_(data.train.x[:].float().mean(0))

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        shape = (n, *self.space.shape)
        noise = torch.randn(shape) if self.kind == "normal" else 3.5 * torch.rand(shape) - 1.75
        return (self.mean + self.width * noise).round().clamp(0, self.space.levels - 1).long()


class Fixed(genbench.Model):
    """Nothing to set."""

    name = "fixed"
    family = genbench.Family.BASELINE
    source = "made for the tests"

    def __init__(self, space: genbench.Space, *, free: int = 1) -> None:
        super().__init__()
        self.space = space

    def fit(self, data: genbench.TrainingData) -> None: ...

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return torch.zeros((n, *self.space.shape), dtype=torch.long)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    return [Knob, Fixed]
