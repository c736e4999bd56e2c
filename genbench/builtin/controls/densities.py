"""Controls with a probability of their own: what anything that has learnt must beat."""

import math

import torch
from torch import Tensor

from genbench.builtin.controls.rows import levels_of, well_formed
from genbench.contracts.model import Density, Model, Sequential
from genbench.contracts.training import TrainingData
from genbench.records.kinds import ControlKind, Family, Likelihood
from genbench.records.space import Space


class Noise(Model, Density, Sequential):
    """Every entry uniform over its levels, and P(x) = levels^-D: the floor of every column, log2(levels) bits/dim.

    Of a sequence D is the number of tokens up to its end: what would follow is cut.
    """

    name = "noise"
    family = Family.CONTROL
    control = ControlKind.PROBE
    source = "the uniform distribution"
    origin: Tensor  # tells the device

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.space, self._levels = space, levels_of(space)
        self.register_buffer("origin", torch.zeros(1))

    @property
    def likelihood(self) -> Likelihood:
        """A probability: exact."""
        return Likelihood.EXACT

    def fit(self, data: TrainingData) -> None:
        """There is nothing to learn."""

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:  # type: ignore[override]  # no settings
        """n samples, int64 [n, *shape]."""
        x = torch.randint(self._levels, (n, *self.space.shape), device=self.origin.device)
        return well_formed(x, self.space)

    def log_prob(self, x: Tensor) -> Tensor:
        """[N] nats of int64 [N, *shape]: the same for every entry."""
        nats = x.new_full((len(x), self.space.dim), -math.log(self._levels), dtype=torch.float64)
        return told(x.flatten(1), nats, self.space).sum(1)

    def next(self, x: Tensor, i: int) -> Tensor:
        """[N, levels] zeros: every level of every entry alike; after its end a sequence has nothing else."""
        return padded(torch.zeros(len(x), self._levels, device=x.device), x, i, self.space)


class IndependentPixels(Model, Density, Sequential):
    """P(x) = Π_d P_d(x_d), each P_d a histogram of the training set with add-one smoothing. The floor of a board.

    Of a sequence the product goes up to its end: what would follow is cut.
    """

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
        return well_formed(x.T.reshape(n, *self.space.shape), self.space)

    def log_prob(self, x: Tensor) -> Tensor:
        """[N] nats of int64 [N, *shape]."""
        rows = x.flatten(1)  # [N, D]
        return told(rows, self.log_p.double().gather(1, rows.T).T, self.space).sum(1)

    def next(self, x: Tensor, i: int) -> Tensor:
        """[N, levels] nats of entry i, whatever stands before it; after its end a sequence has nothing else."""
        return padded(self.log_p[i].expand(len(x), -1), x, i, self.space)


def told(x: Tensor, nats: Tensor, space: Space) -> Tensor:
    """Nats of the entries of rows [N, D]: of a sequence 0 after its first end, where nothing but the end may stand."""
    if space.end is None:
        return nats
    ended = torch.cat([torch.zeros_like(x[:, :1]), (x == space.end).cummax(1).values[:, :-1]], dim=1).bool()
    after = torch.where(x == space.end, 0.0, -torch.inf).to(nats)
    return torch.where(ended, after, nats)


def padded(log_w: Tensor, x: Tensor, i: int, space: Space) -> Tensor:
    """Laws [N, levels] of entry i of rows: where a sequence has ended before it, the end is sure."""
    if space.end is None:
        return log_w
    ended = (x.flatten(1)[:, :i] == space.end).any(1, keepdim=True)
    sure = torch.full_like(log_w, -torch.inf)
    sure[:, space.end] = 0
    return torch.where(ended, sure, log_w)
