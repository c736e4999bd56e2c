"""A model that keeps every contract: independent draws from a histogram per pixel, smoothed by a setting."""

import torch
from torch import Tensor

import genbench


class Plain(genbench.Model, genbench.Density):
    """P(x) = Π_d P_d(x_d), each a smoothed histogram of the training set."""

    name = "plain"
    family = genbench.Family.BASELINE
    source = "made for the tests"

    def __init__(self, space: genbench.Space, *, smoothing: float = 1.0) -> None:
        super().__init__()
        self.space, self.smoothing = space, smoothing
        self.register_buffer("p", torch.zeros(space.dim, space.levels))

    @property
    def likelihood(self) -> genbench.Likelihood:
        return genbench.Likelihood.EXACT

    def fit(self, data: genbench.TrainingData) -> None:
        counts = torch.full_like(self.p, self.smoothing)
        for x, _ in data.batches(50):
            counts += torch.nn.functional.one_hot(x.flatten(1), self.space.levels).sum(0)
        self.p.copy_(counts / counts.sum(1, keepdim=True))

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return torch.multinomial(self.p, n, replacement=True).T.reshape(n, *self.space.shape)

    def log_prob(self, x: Tensor) -> Tensor:
        return self.p.log().double().gather(1, x.flatten(1).T).sum(0)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    return [Plain]
