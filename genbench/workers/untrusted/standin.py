"""A stand-in: has every capability, and has learnt nothing. Tasks and solvers are tried with it."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from genbench.contracts.captioned import Guided
from genbench.contracts.model import (
    Classifier,
    ConditionalDenoiser,
    ConditionalDensity,
    Interpolator,
    Latent,
    Model,
    Restorer,
    Sequential,
)
from genbench.contracts.operator import Operator
from genbench.contracts.training import TrainingData
from genbench.files.sequences import cut
from genbench.records.kinds import Family, Likelihood
from genbench.records.space import Space


class Standin(
    Model, ConditionalDensity, Sequential, Latent, ConditionalDenoiser, Classifier, Interpolator, Restorer, Guided
):
    """Uniform noise; its latent vector is the sample itself, scaled to [-2, 2].

    Args:
        space: integers.
    """

    name = "stand-in"
    family = Family.CONTROL
    source = "none"
    samplers: ClassVar[Mapping[str, Mapping[str, object]]] = {"default": {}}

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.space, self.levels = space, space.levels or 2

    def fit(self, data: TrainingData) -> None:
        """There is nothing to learn."""

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:  # type: ignore[override]  # no settings
        """Uniform noise, of a sequence up to its first end."""
        x = torch.randint(self.levels, (n, *self.space.shape))
        return x if self.space.end is None else torch.from_numpy(cut(x.numpy(), self.space.end))

    @property
    def likelihood(self) -> Likelihood:
        """Exact."""
        return Likelihood.EXACT

    def log_prob(self, x: Tensor, *, labels: Tensor | None = None) -> Tensor:
        """The same for each, of whatever class."""
        return -torch.full((len(x),), float(self.space.dim), dtype=torch.float64) * torch.tensor(self.levels).log()

    def next(self, x: Tensor, i: int) -> Tensor:
        """Equal weights."""
        return torch.zeros(len(x), self.levels)

    @property
    def latent_dim(self) -> int:
        """As many as a sample has entries."""
        return self.space.dim

    def encode(self, x: Tensor) -> Tensor:
        """The sample, scaled to [-2, 2]."""
        return 4 * x.flatten(1).float() / (self.levels - 1) - 2

    def render(self, z: Tensor) -> Tensor:
        """The way back."""
        x = (z.clamp(-2, 2) + 2) / 4 * (self.levels - 1)
        return x.view(-1, *self.space.shape)

    @property
    def sigmas(self) -> Tensor:
        """From 0.02 to 50."""
        return torch.logspace(-1.7, 1.7, 50)

    def denoise(self, x: Tensor, sigma: Tensor, *, labels: Tensor | None = None) -> Tensor:
        """The posterior mean of standard normal data, of whatever class."""
        return x / (1 + sigma.view(-1, *[1] * len(self.space.shape)).square())

    def posterior(self, x: Tensor) -> Tensor:
        """Equal weights."""
        return torch.zeros(len(x), self.space.classes or 1)

    def between(self, a: Tensor, b: Tensor, n: int) -> Tensor:
        """The straight line, rounded."""
        path = torch.stack([(a.double() * (n - 1 - i) + b.double() * i) / (n - 1) for i in range(n)], dim=1)
        return path.round().long()

    def restore(self, y: Tensor, operator: Operator, draws: int) -> Tensor:
        """Uniform noise that agrees with y, rounded."""
        noise = torch.rand(draws, len(y), *self.space.shape) * (self.levels - 1)
        x = torch.stack([operator.project(rows, y) for rows in noise], dim=1)
        return x.round().clamp(0, self.levels - 1).long()

    def illustrate(self, captions: Sequence[str], *, guidance: float = 1.0) -> Tensor:
        """Uniform noise, whatever they say."""
        return self.sample(len(captions))
