"""Controls with a probability of their own: what anything that has learnt must beat."""

import math

import torch
from torch import Tensor

from genbench.builtin.controls.rows import levels_of
from genbench.contracts.model import Density, Model, Sequential
from genbench.contracts.training import TrainingData
from genbench.records.kinds import ControlKind, Family, Likelihood
from genbench.records.space import Space


class Noise(Model, Density, Sequential):
    """Every entry uniform over its levels, and P(x) = levels^-D: the floor of every column, log2(levels) bits/dim."""

    name = "noise"
    family = Family.CONTROL
    control = ControlKind.PROBE
    source = "the uniform distribution"
    origin: Tensor  # tells the device

    def __init__(self, space: Space) -> None:
        super().__init__()
        self._shape, self._levels = space.shape, levels_of(space)
        self.register_buffer("origin", torch.zeros(1))

    @property
    def likelihood(self) -> Likelihood:
        """A probability: exact."""
        return Likelihood.EXACT

    def fit(self, data: TrainingData) -> None:
        """There is nothing to learn."""

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:  # type: ignore[override]  # no settings
        """n samples, int64 [n, *shape]."""
        return torch.randint(self._levels, (n, *self._shape), device=self.origin.device)

    def log_prob(self, x: Tensor) -> Tensor:
        """[N] nats of int64 [N, *shape]: the same for every sample."""
        return torch.full((len(x),), -math.prod(self._shape) * math.log(self._levels), dtype=torch.float64)

    def next(self, x: Tensor, i: int) -> Tensor:
        """[N, levels] zeros: every level of every entry alike."""
        return torch.zeros(len(x), self._levels)


class IndependentPixels(Model, Density, Sequential):
    """P(x) = Π_d P_d(x_d), each P_d a histogram of the training set with add-one smoothing. The floor of a board."""

    name = "independent-pixels"
    family = Family.CONTROL
    control = ControlKind.FLOOR
    source = "Laplace, Essai philosophique sur les probabilités, 1814 (the rule of succession)"
    log_p: Tensor  # [D, levels] nats

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.space = space
        self.register_buffer("log_p", torch.zeros(space.dim, levels_of(space)))

    @property
    def likelihood(self) -> Likelihood:
        """A product of histograms is normalised: exact."""
        return Likelihood.EXACT

    def fit(self, data: TrainingData) -> None:
        """Count each level of each entry."""
        dim, levels = self.log_p.shape
        counts = torch.ones(dim * levels, dtype=torch.float64)
        entries = torch.arange(dim) * levels
        for x, _ in data.train.batches(1024):
            counts += torch.bincount((x.flatten(1) + entries).flatten(), minlength=dim * levels)
        counts = counts.view(dim, levels)
        self.log_p.copy_((counts / counts.sum(1, keepdim=True)).log())

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:  # type: ignore[override]  # no settings
        """n samples, int64 [n, *shape]."""
        x = torch.multinomial(self.log_p.exp(), n, replacement=True)  # [D, n]
        return x.T.reshape(n, *self.space.shape)

    def log_prob(self, x: Tensor) -> Tensor:
        """[N] nats of int64 [N, *shape]."""
        rows = x.flatten(1)  # [N, D]
        return self.log_p.double().gather(1, rows.T).sum(0)

    def next(self, x: Tensor, i: int) -> Tensor:
        """[N, levels] nats of entry i, whatever stands before it."""
        return self.log_p[i].expand(len(x), -1)
