"""Rulings: who wins, or who is beaten by a rival, as comparisons of pairs say."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING

from genbench.leaderboard.statistics.comparisons import Comparisons, Pairs
from genbench.leaderboard.statistics.procedure import ALPHA
from genbench.leaderboard.statistics.spreads import rejected

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Ruling(Enum):
    """The three values of a verdict."""

    WINS = "wins"
    NONE = "none"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Outcome:
    """A ruling, and who wins; "" where nobody does."""

    ruling: Ruling
    winner: str


@dataclass(frozen=True, eq=False)
class Rivalry:
    """The comparisons of rivals, and who of them contends for a win.

    Args:
        names: the contest's candidates, N of them.
        pairs: [M], in the order of the lower one's place.
        p: [M], two-sided; infinite where there is none; 0 where nothing is tested and the better one is ahead.
        contenders: places among the candidates.
    """

    names: Sequence[str]
    pairs: Pairs
    p: "NDArray[np.float64]"
    contenders: Sequence[int]

    @classmethod
    def of(cls, found: Comparisons, contenders: Sequence[int]) -> "Rivalry":
        """The rivalry of those that were compared."""
        import numpy as np  # here, so that a leaderboard is read without NumPy

        order = np.argsort(found.pairs.worse, kind="stable")
        p = np.where(np.isnan(found.p), np.where(found.ahead, 0.0, np.inf), found.p)
        return cls(found.names, found.pairs.only(order), p[order], contenders)

    def outcome(self, p: "NDArray[np.float64]", without: int | None = None) -> Outcome:
        """One wins if it stands above each rival on every axis and is ahead; none if each is separated from a better.

        Args:
            p: [M], infinite also where the candidate that is left out is compared.
            without: its place.
        """
        for place in self.above_all(without):
            own = self.pairs.better == place
            if without is not None:
                own &= self.pairs.worse != without
            if (p[own] / 2 <= ALPHA).all():
                return Outcome(Ruling.WINS, self.names[place])
        left = self.left(without)
        none = bool(left) and rejected(p, float(self.strongest(p)[left].max()))
        return Outcome(Ruling.NONE if none else Ruling.UNDECIDED, "")

    def left(self, without: int | None) -> list[int]:
        """The contenders but the one that is left out."""
        return [place for place in self.contenders if place != without]

    def above_all(self, without: int | None) -> list[int]:
        """The contenders that have rivals, and stand above each of them on every axis."""
        higher, lower = self._axes.sum(1), self._axes.sum(0)  # [N], the pairs in which each is the one or the other
        if without is not None:
            higher, lower = higher - self._axes[:, without], lower - self._axes[without]
        return [place for place in self.left(without) if higher[place] and not lower[place]]

    @cached_property
    def _axes(self) -> "NDArray[np.intp]":
        """[N, N], on how many axes the row's candidate stands above the column's."""
        import numpy as np

        count = len(self.names)
        return np.bincount(self.pairs.better * count + self.pairs.worse, minlength=count**2).reshape(count, count)

    def strongest(self, p: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """[N], the smallest p of the pairs in which each stands lower; infinite without any."""
        import numpy as np

        found = np.full(len(self.names), np.inf)
        if len(p):
            losers, begins = self._begins
            found[losers] = np.minimum.reduceat(p, begins)
        return found

    @cached_property
    def _begins(self) -> "tuple[NDArray[np.intp], NDArray[np.intp]]":
        """The places that stand lower in any pair, and where the pairs of each begin."""
        import numpy as np

        return np.unique(self.pairs.worse, return_index=True)
