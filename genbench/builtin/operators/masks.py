"""Masks: operators that show some entries as they are, and hide the others."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from genbench.contracts.operator import LinearOperator
from genbench.errors import Unsuitable
from genbench.records.space import Space


class Mask(LinearOperator, ABC):
    """y = m · x entry by entry, m 1 where an entry is known and 0 where it is hidden. A⁺ is A itself."""

    tells_entries = True

    def __init__(self, space: Space) -> None:
        self.space, self.shape = space, space.shape
        self._known = self.known(space)
        if self._known.all() or not self._known.any():
            raise Unsuitable(f"{self.name} hides some entries of a sample and shows others; of {space} it cannot")

    @abstractmethod
    def known(self, space: Space) -> Tensor:
        """Which entries are shown, bool [*space.shape].

        Raises:
            Unsuitable: not in this Space.
        """

    @property
    def rounding(self) -> float:
        """√(share of known entries / 12); that of a hidden one is 0."""
        return 0.0 if self.space.levels is None else float((self._known.double().mean() / 12).sqrt())

    def measure(self, x: Tensor) -> Tensor:
        """The known entries, and 0 in the place of the others."""
        return torch.where(self._known.to(x.device), x, 0)

    def inverse(self, y: Tensor) -> Tensor:
        """y itself."""
        return self.measure(y)

    def hidden(self, y: Tensor) -> Tensor:
        """The mask."""
        return (~self._known).to(y).expand(len(y), *self.space.shape)

    def bounds(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """The level itself, or all levels.

        Raises:
            Unsuitable: there are no levels.
        """
        if self.space.levels is None:
            raise Unsuitable("real numbers have no lowest and no highest level")
        known = self._known.to(y.device)
        return torch.where(known, y, 0), torch.where(known, y, self.space.levels - 1)
