"""Models that return what the digits' Space does not hold: each breaks the contract of `sample` in one way."""

import torch
from torch import Tensor

import genbench


class Noise(genbench.Model):
    """Independent uniform pixels; subclasses spoil them."""

    name = "noise"
    family = genbench.Family.BASELINE
    source = "made for the tests"

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space = space

    def fit(self, data: genbench.TrainingData) -> None:
        """Nothing to learn."""

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        if labels is not None:
            raise ValueError("labels reached a model that is not Conditional")
        return self.spoilt(torch.randint(self.space.levels, (n, *self.space.shape)))

    def spoilt(self, x: Tensor) -> Tensor:
        return x


class Floats(Noise):
    name = "floats"

    def spoilt(self, x: Tensor) -> Tensor:
        return x.float()


class Bytes(Noise):
    name = "bytes"

    def spoilt(self, x: Tensor) -> Tensor:
        return x.to(torch.uint8)


class TooHigh(Noise):
    name = "too-high"

    def spoilt(self, x: Tensor) -> Tensor:
        x[-1, 0, 0, 0] = 300
        return x


class Negative(Noise):
    name = "negative"

    def spoilt(self, x: Tensor) -> Tensor:
        x[-1, 0, 0, 0] = -1
        return x


class Flat(Noise):
    name = "flat"

    def spoilt(self, x: Tensor) -> Tensor:
        return x.flatten(1)


class OneShort(Noise):
    name = "one-short"

    def spoilt(self, x: Tensor) -> Tensor:
        return x[1:]


class Sparse(Noise):
    name = "sparse"

    def spoilt(self, x: Tensor) -> Tensor:
        return x.to_sparse()


class Listed(Noise):
    name = "listed"

    def spoilt(self, x: Tensor) -> Tensor:
        return list(x)


class Repeats(Noise):
    """Seeds torch for itself, so that every call returns the same samples."""

    name = "repeats"

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        torch.manual_seed(0)
        return super().sample(n)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    return [Noise, Floats, Bytes, TooHigh, Negative, Flat, OneShort, Sparse, Listed, Repeats]
