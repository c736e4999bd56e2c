"""Operator: what is measured of a sample, and how a sample is made to agree with what was measured."""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor

from genbench.errors import Unsuitable
from genbench.records.space import Space


class Operator(ABC):
    """A known map from samples to measurements, y = A(x), that keeps less than it is given.

    It works on float tensors in levels and follows from the Space alone, so that whoever knows its name and the Space
    can build it. Nothing is drawn and no noise is added.

    Args:
        space: where x lives.
    Raises:
        Unsuitable: nothing can be measured so in this Space.
    """

    name: ClassVar[str]  #: kebab-case
    source: ClassVar[str]  #: who restores this, with a URL
    space: Space  #: where x lives
    shape: tuple[int, ...]  #: of y

    @abstractmethod
    def __init__(self, space: Space) -> None:
        """Build it for a Space."""

    @property
    @abstractmethod
    def rounding(self) -> float:
        """RMS by which y moves where every entry of x is rounded to an integer, √(Σa² / 12); 0 for real numbers.

        An entry's rounding error is taken to be uniform in [-½, ½] and independent of the others': its variance is
        1/12, and a row a of A adds Σa² of them. Σa² is averaged over the entries of y.
        """

    @abstractmethod
    def measure(self, x: Tensor) -> Tensor:
        """A(x): float [N, *space.shape] → [N, *shape] of the same dtype."""

    @abstractmethod
    def project(self, x: Tensor, y: Tensor) -> Tensor:
        """The sample nearest to x that has the measurement y, before anything is rounded or kept in range.

        Args:
            x: float [N, *space.shape].
            y: [N, *shape], a measurement of some sample.
        Returns:
            [N, *space.shape]; x itself where A(x) = y.
        """

    @abstractmethod
    def hidden(self, y: Tensor) -> Tensor:
        """The share of each entry of x that y leaves open, [N, *space.shape] in [0, 1].

        0: y tells the entry. 1: y says no value of it, perhaps bounds. In between: y tells a mixture in which it is;
        of a linear A this is the diagonal of I - A⁺A, which adds up to the dimensions that are left.
        """

    def bounds(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """The lowest and the highest level that y allows each entry by itself, [N, *space.shape] each.

        Raises:
            Unsuitable: y tells mixtures of entries, or there are no levels.
        """
        raise Unsuitable(f"{self.name} mixes entries: what it measures bounds none of them by itself")


class LinearOperator(Operator, ABC):
    """y = A x. The nearest sample that agrees with y is x + A⁺(y - A x), A⁺ the pseudo-inverse.

    Source: Wang, Yu and Zhang 2023, eq. 9, https://arxiv.org/abs/2212.00490
    """

    @abstractmethod
    def inverse(self, y: Tensor) -> Tensor:
        """A⁺ y, the shortest x of those with the least ‖A x - y‖: [N, *shape] → [N, *space.shape]."""

    def project(self, x: Tensor, y: Tensor) -> Tensor:
        """x + A⁺(y - A x)."""
        return x + self.inverse(y - self.measure(x))
