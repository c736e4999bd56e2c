"""The verdict: does one candidate win on all axes at once, does none, or do the seeds not settle it?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from genbench.leaderboard.statistics.comparisons import Comparisons, Contrast
from genbench.leaderboard.statistics.contest import Contest
from genbench.leaderboard.statistics.leaving_out import outcomes
from genbench.leaderboard.statistics.rulings import Outcome, Rivalry, Ruling

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Verdict:
    """What the comparisons say together.

    Args:
        winner: "" but where one candidate wins.
        unbeaten: where undecided, those that nobody beats and that do not beat all.
        deciding: one comparison for each rival of the winner, the weakest; where none wins, for each candidate the
            strongest by which it is beaten; where undecided, those that keep an unbeaten candidate from winning.
        margins: differences had to exceed the axes' margins.
        tested: differences were tested over seeds; else means were compared.
        comparisons: how many pairs were compared, on all axes together.
        without: by candidate, what it would be if that one were left out.
    """

    ruling: Ruling
    winner: str
    unbeaten: tuple[str, ...]
    deciding: tuple[Contrast, ...]
    margins: bool
    tested: bool
    comparisons: int
    without: Mapping[str, Outcome] = field(default_factory=dict)

    @property
    def outcome(self) -> Outcome:
        """What it says, without why."""
        return Outcome(self.ruling, self.winner)

    @property
    def fragile(self) -> tuple[str, ...]:
        """The candidates on which it rests: without one of them it is another; the winner is not meant."""
        others = self.without.items()
        return tuple(name for name, other in others if name != self.winner and other != self.outcome)


def verdict(contest: Contest, contenders: Sequence[str], margins: bool = False) -> Verdict:
    """The verdict on contenders, the candidates that stand on every axis; all of the contest's are their rivals.

    One wins if it is better than every rival on every axis, each at α = .05: an intersection of claims needs no
    correction. None wins if each contender is beaten by a rival on some axis, after Holm's correction over all pairs of
    rivals. Presets of one fit are not each other's rivals. It is fragile where one less makes it another.

    Args:
        margins: ask for differences beyond the axes' margins; without a spread over seeds nothing else is asked.
    Source: Berger 1982, "Multiparameter hypothesis testing and acceptance sampling",
        https://doi.org/10.1080/00401706.1982.10487790
    """
    import numpy as np  # here, so that a leaderboard is read without NumPy

    found = contest.comparisons(margins, rivals=True)
    places = [contest.names.index(name) for name in contenders]
    rivalry = Rivalry.of(found, places)
    own, beaten = rivalry.outcome(rivalry.p), set(found.pairs.worse[found.separated].tolist())
    unbeaten = [place for place in places if place not in beaten] if own.ruling is Ruling.UNDECIDED else []
    return Verdict(
        own.ruling,
        own.winner,
        tuple(contest.names[place] for place in unbeaten),
        tuple(found.contrasts(_deciding(found, own, places, unbeaten))),
        margins or not contest.tested,
        contest.tested,
        int(np.count_nonzero(~np.isnan(found.p))) if contest.tested else len(found.pairs),
        outcomes(contest, rivalry, margins),
    )


def _deciding(
    found: Comparisons, own: Outcome, contenders: Sequence[int], unbeaten: Sequence[int]
) -> "NDArray[np.intp]":
    """The places of the comparisons that decide it."""
    import numpy as np

    better, worse = found.pairs.better, found.pairs.worse
    if own.ruling is Ruling.UNDECIDED:
        open_ = np.zeros(len(found.names), bool)
        open_[unbeaten] = True
        return np.flatnonzero((open_[better] & ~found.ahead) | open_[worse])
    if own.ruling is Ruling.WINS:  # for each rival the comparison with the least evidence
        won = np.flatnonzero(better == found.names.index(own.winner))
        weakest = _first(found, won, -np.nan_to_num(found.p), found.gap)
        return weakest[np.argsort(np.unique(worse[won], return_index=True)[1])]
    lost = np.flatnonzero(found.separated)  # for each contender the strongest evidence against it
    strongest = _first(found, lost, np.nan_to_num(found.adjusted), -found.gap)
    return strongest[np.searchsorted(worse[strongest], contenders)]


def _first(
    found: Comparisons, places: "NDArray[np.intp]", key: "NDArray[np.float64]", further: "NDArray[np.float64]"
) -> "NDArray[np.intp]":
    """Of the comparisons at some places, for each candidate that stands lower in any the one that two keys put first.

    By the candidates' places; of equal keys the first one.
    """
    import numpy as np

    worse = found.pairs.worse[places]
    order = np.lexsort((further[places], key[places], worse))
    return places[order[np.unique(worse[order], return_index=True)[1]]]
