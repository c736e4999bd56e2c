"""Controls that average training rows: near real data everywhere, and no sample of their law."""

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from genbench.builtin.controls.rows import Rows, well_formed
from genbench.contracts.training import TrainingData
from genbench.records.kinds import ControlKind
from genbench.records.space import Space

MOST = 10_000  # rows that are kept: all pairs of them are looked at
BLOCK = 1000  # rows at a time


class Averages(Rows):
    """Holds training rows and, of each, its nearest ones in pixels; goes through them in a fixed order."""

    count: ClassVar[int]  # of nearest rows
    near: Tensor  # [N, count] int64

    def __init__(self, space: Space) -> None:
        super().__init__(space)
        self.register_buffer("near", None)

    def fit(self, data: TrainingData) -> None:
        """Keep training rows, and who is nearest to whom."""
        x = data.train.x[torch.randperm(len(data.train))[:MOST]]
        flat, count = x.flatten(1).float(), min(self.count, len(x) - 1)
        blocks = [torch.cdist(rows, flat).topk(count + 1, largest=False).indices for rows in torch.split(flat, BLOCK)]
        self.keep(x)
        self.near = torch.cat(blocks)[:, 1:]  # the nearest is the row itself, or one that equals it

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:  # type: ignore[override]  # no settings
        """The blends of the next n rows, [n, *shape]."""
        which = torch.arange(self._next, self._next + n, device=self.rows.device) % len(self.rows)
        self._next += n
        x = self.blended(which)
        return x.float() if self.space.levels is None else well_formed(x.round().long(), self.space)

    @abstractmethod
    def blended(self, which: Tensor) -> Tensor:
        """Blends [n, *shape] of the rows [n] with their nearest ones, unrounded."""


class Smote(Averages):
    """x = a + u (b - a), u uniform in [0, 1], a a training row and b one of its five nearest: in no row, near all."""

    name = "smote"
    control = ControlKind.PROBE
    source = "Chawla et al. 2002, SMOTE, https://arxiv.org/abs/1106.1813"
    count = 5

    def blended(self, which: Tensor) -> Tensor:
        """A point on the way to one of the nearest."""
        chosen = torch.randint(self.near.shape[1], (len(which), 1), device=which.device)
        other = self.rows[self.near[which].gather(1, chosen)[:, 0]].double()
        u = torch.rand(len(which), *[1] * len(self.space.shape), device=which.device)
        rows = self.rows[which].double()
        return rows + u * (other - rows)


class LocalMeans(Averages):
    """The mean of a training row and its nine nearest: contracted, and better than real data by clipped density."""

    name = "local-means"
    control = ControlKind.PROBE
    source = "the dataset's train split, its local means"
    count = 9

    def blended(self, which: Tensor) -> Tensor:
        """The mean of each with its nearest."""
        around = self.rows[self.near[which]].double()  # [n, count, *shape]
        return (self.rows[which].double() + around.sum(1)) / (1 + around.shape[1])
