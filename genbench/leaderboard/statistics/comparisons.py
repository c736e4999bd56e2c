"""Comparisons: pairs of candidates on axes, as arrays; a board of 500 candidates has 374,250 of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Contrast:
    """Two candidates on one axis, the one with the higher mean first.

    Args:
        p: two-sided, of no difference (or of none beyond a tie or the margin); None where it was not tested.
        adjusted: the same after Holm's correction over all tested pairs on all axes.
        gap: the difference in margins of the axis; infinite where there is no margin to speak of.
        ahead: the better one is better at α, one-sided and uncorrected; on a board without tests, by the margin.
        separated: the same after the correction.
    """

    axis: str
    better: str
    worse: str
    p: float | None
    adjusted: float | None
    gap: float
    ahead: bool
    separated: bool


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of candidates, by axis and on each in its order: as `itertools.combinations` gives them.

    Args:
        axis: [M], its place among the contest's.
        better: [M], the place among the contest's candidates of the one with the higher mean.
        worse: [M], of the other one.
    """

    axis: "NDArray[np.intp]"
    better: "NDArray[np.intp]"
    worse: "NDArray[np.intp]"

    def __len__(self) -> int:
        return len(self.axis)

    def only(self, kept: "NDArray[np.bool_] | NDArray[np.intp]") -> "Pairs":
        """Those of them that a mask [M] keeps, or at some places."""
        return Pairs(self.axis[kept], self.better[kept], self.worse[kept])


@dataclass(frozen=True, eq=False)
class Comparisons:
    """What the comparisons of pairs say; each array [M], one entry a pair, as the fields of `Contrast`.

    Args:
        axes, names: what the pairs' places are among.
        p, adjusted: NaN where a pair was not tested.
    """

    axes: Sequence[str]
    names: Sequence[str]
    pairs: Pairs
    p: "NDArray[np.float64]"
    adjusted: "NDArray[np.float64]"
    gap: "NDArray[np.float64]"
    ahead: "NDArray[np.bool_]"
    separated: "NDArray[np.bool_]"

    def contrasts(self, chosen: "NDArray[np.intp]") -> list[Contrast]:
        """Some of them, in the order of their places."""
        of = self.pairs
        rows = zip(
            of.axis[chosen].tolist(),
            of.better[chosen].tolist(),
            of.worse[chosen].tolist(),
            self.p[chosen].tolist(),
            self.adjusted[chosen].tolist(),
            self.gap[chosen].tolist(),
            self.ahead[chosen].tolist(),
            self.separated[chosen].tolist(),
            strict=True,
        )
        return [
            Contrast(
                self.axes[axis],
                self.names[better],
                self.names[worse],
                None if math.isnan(p) else p,
                None if math.isnan(adjusted) else adjusted,
                *rest,
            )
            for axis, better, worse, p, adjusted, *rest in rows
        ]

    def apart(self, axis: str) -> "NDArray[np.bool_]":
        """[N, N], whether the row's candidate is separated from the column's on an axis, and above it."""
        import numpy as np  # here, so that a leaderboard is read without NumPy

        found = np.zeros((len(self.names), len(self.names)), bool)
        own = self.pairs.only(self.separated & (self.pairs.axis == list(self.axes).index(axis)))
        found[own.better, own.worse] = True
        return found
