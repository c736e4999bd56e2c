"""What most controls of `generate` have in common: they show rows that they were given."""

from typing import Self

import torch
from torch import Tensor

from genbench.contracts.model import Model
from genbench.contracts.training import Split
from genbench.errors import Unsuitable
from genbench.records.kinds import Family
from genbench.records.space import Space


class Rows(Model):
    """Holds rows of the Space, and goes through them in a fixed order, each once before any comes again."""

    family = Family.CONTROL
    rows: Tensor  # [N, *shape] of the storage dtype, once it is fitted

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.space = space
        self._next = 0
        self.register_buffer("rows", None)

    def keep(self, rows: Tensor) -> None:
        """Hold these rows [N, *shape], as narrow as the dataset does."""
        self.rows = rows.to(getattr(torch, self.space.storage))

    def train(self, mode: bool = True) -> Self:
        """Begin with the first row again, whatever was drawn before."""
        self._next = 0
        return super().train(mode)

    def following(self, n: int) -> Tensor:
        """The next n rows, int64 [n, *shape]; float32 where the Space has no levels."""
        which = torch.arange(self._next, self._next + n, device=self.rows.device) % len(self.rows)
        self._next += n
        rows = self.rows[which]
        return rows if self.space.levels is None else rows.long()


class Replay(Rows):
    """Shows the rows that it holds as they are."""

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:  # type: ignore[override]  # no settings
        """The next n rows, [n, *shape]."""
        return self.following(n)


def shuffled(split: Split) -> Tensor:
    """All rows of a split in an order that torch's generator draws."""
    return split.x[torch.randperm(len(split))]


def well_formed(x: Tensor, space: Space) -> Tensor:
    """Samples [n, *shape] of a Space; of a sequence nothing but its end stands after the first one."""
    if space.end is None:
        return x
    over = (x == space.end).cummax(1).values  # from the first end on
    return x.masked_fill(over, space.end)


def levels_of(space: Space) -> int:
    """The Space's levels.

    Raises:
        Unsuitable: it has none.
    """
    if space.levels is None:
        raise Unsuitable("needs integer data; this Space holds real numbers")
    return space.levels
