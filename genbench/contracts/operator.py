"""Operator: what is measured of a sample, and how a sample is made to agree with what was measured."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from genbench.errors import Unsuitable
from genbench.records.space import Space

GOLDEN = (5**0.5 - 1) / 2
ROUNDS = 500  # of projections onto what agrees and what is in range, in turn, at most
NEAR = 0.1  # of what rounding does: where it is off by less, projections are done


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
    tells_entries: ClassVar[bool] = False  #: whether integers can always agree to the bit, and so have to
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

    def agreeing(self, x: Tensor, y: Tensor) -> Tensor:
        """Samples near x that agree with y, in range and rounded: what the gate `consistency` asks of an answer.

        Both sets are convex and some sample lies in both: projections onto one and the other in turn get to it.
        Rounding comes last, and moves A(x) by about `rounding`. Where equal entries are averaged all of them would be
        rounded the same way: rounding at thresholds that differ from entry to entry is tried too, and whichever of the
        two measures nearer to y is taken.

        Args:
            x: float [N, *space.shape] in levels.
            y: [N, *shape].
        Returns:
            int64 [N, *space.shape]; float32 where the Space has no levels.
        Source: Cheney and Goldstein 1959, https://doi.org/10.1090/S0002-9939-1959-0105008-8
        """
        if self.space.levels is None:
            return self.project(x, y).float()
        top = self.space.levels - 1
        for _ in range(ROUNDS):
            x = self.project(x.clamp(0, top), y)
            if (x - x.clamp(0, top)).abs().max() <= NEAR * self.rounding:
                break
        near, dithered = (z.round().clamp(0, top).long() for z in (x, x + _thresholds(x)))
        off, other = ((self.measure(z.float()) - y).flatten(1).square().sum(1) for z in (near, dithered))
        found = torch.where((off <= other).view(-1, *[1] * (x.dim() - 1)), near, dithered)
        if self.space.end is None:
            return found
        return torch.where((found == self.space.end).cumsum(1) > 0, self.space.end, found)  # only the end follows it

    def bounds(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """The lowest and the highest level that y allows each entry by itself, [N, *space.shape] each.

        Raises:
            Unsuitable: y tells mixtures of entries, or there are no levels.
        """
        raise Unsuitable(f"{self.name} mixes entries: what it measures bounds none of them by itself")


def _thresholds(x: Tensor) -> Tensor:
    """What is added to each entry before it is rounded, in (-½, ½): the multiples of the golden ratio without their
    whole parts, of which neighbours in rows and blocks are spread evenly. [*shape] of samples [N, *shape].
    """
    shape = x.shape[1:]
    place = torch.arange(shape.numel(), dtype=torch.float64, device=x.device).view(shape)
    return ((place * GOLDEN) % 1 - 0.5).to(x.dtype)


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
