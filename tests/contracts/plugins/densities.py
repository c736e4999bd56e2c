"""Densities that are none: each breaks the contract of `log_prob` in one way, and samples as it should."""

import torch
from torch import Tensor

import genbench


class Uniform(genbench.Model, genbench.Density):
    """Uniform pixels; subclasses spoil the log-probability."""

    name = "uniform"
    family = genbench.Family.BASELINE
    source = "made for the tests"
    likelihood = genbench.Likelihood.EXACT

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space = space

    def fit(self, data: genbench.TrainingData) -> None:
        """Nothing to learn."""

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return torch.randint(self.space.levels, (n, *self.space.shape))

    def log_prob(self, x: Tensor) -> Tensor:
        return self.spoilt(torch.full((len(x),), -self.space.dim * torch.tensor(self.space.levels).log().item()))

    def spoilt(self, nats: Tensor) -> Tensor:
        return nats


class Positive(Uniform):
    name = "positive"

    def spoilt(self, nats: Tensor) -> Tensor:
        return -nats


class PerPixel(Uniform):
    name = "per-pixel"

    def spoilt(self, nats: Tensor) -> Tensor:
        return nats[:, None].expand(-1, self.space.dim) / self.space.dim


class Undefined(Uniform):
    name = "undefined"

    def spoilt(self, nats: Tensor) -> Tensor:
        return nats * torch.nan


class Whole(Uniform):
    name = "whole"

    def spoilt(self, nats: Tensor) -> Tensor:
        return nats.long()


class Raises(Uniform):
    name = "raises"

    def log_prob(self, x: Tensor) -> Tensor:
        raise RuntimeError("no density today")


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    return [Uniform, Positive, PerPixel, Undefined, Whole, Raises]
