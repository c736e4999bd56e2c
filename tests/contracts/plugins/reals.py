"""Models of a Space of real numbers: one keeps the contract of `sample`, the others break it in one way each."""

import torch
from torch import Tensor

import genbench


class Normal(genbench.Model, genbench.Density):
    """Independent standard normal entries; subclasses spoil them."""

    name = "normal"
    family = genbench.Family.BASELINE
    source = "made for the tests"
    likelihood = genbench.Likelihood.EXACT

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        if space.levels is not None:
            raise genbench.Unsuitable("needs real numbers")
        self.space = space

    def fit(self, data: genbench.TrainingData) -> None:
        x, _ = next(iter(data.batches(10)))
        data.log(real=x.dtype == torch.float32)

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return self.spoilt(torch.randn(n, *self.space.shape))

    def spoilt(self, x: Tensor) -> Tensor:
        return x

    def log_prob(self, x: Tensor) -> Tensor:
        # In units a hundred times smaller the density is above 1, which is no fault where entries are real.
        return torch.distributions.Normal(0.0, 0.01).log_prob(x / 100).sum(1)


class NotANumber(Normal):
    name = "not-a-number"

    def spoilt(self, x: Tensor) -> Tensor:
        x[0, 0] = torch.nan
        return x


class Infinite(Normal):
    name = "infinite"

    def spoilt(self, x: Tensor) -> Tensor:
        x[0, 0] = torch.inf
        return x


class Double(Normal):
    name = "double"

    def spoilt(self, x: Tensor) -> Tensor:
        return x.double()


class Rounded(Normal):
    name = "rounded"

    def spoilt(self, x: Tensor) -> Tensor:
        return x.round().long()


class Differentiable(Normal):
    name = "differentiable"

    def spoilt(self, x: Tensor) -> Tensor:
        return x.requires_grad_()


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    return [Normal, NotANumber, Infinite, Double, Rounded, Differentiable]
