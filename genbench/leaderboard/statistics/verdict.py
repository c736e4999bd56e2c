"""The verdict: does one candidate win on all axes at once, does none, or do the seeds not settle it?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from genbench.leaderboard.statistics.contest import Contest, Contrast


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
    names = list(contest.seeds)
    without = {
        name: _verdict(contest.only(set(names) - {name}), [own for own in contenders if own != name], margins).outcome
        for name in names
    }
    return replace(_verdict(contest, contenders, margins), without=without)


def _verdict(contest: Contest, contenders: Sequence[str], margins: bool) -> Verdict:
    found = contest.contrasts(margins, rivals=True)
    of = {name: [c for c in found if name in (c.better, c.worse)] for name in contenders}
    ruling, winner, unbeaten, deciding = _judged(found, of)
    form = margins or not contest.tested
    compared = sum(c.p is not None for c in found) if contest.tested else len(found)
    return Verdict(ruling, winner, unbeaten, tuple(deciding), form, contest.tested, compared)


def _judged(
    found: Sequence[Contrast], of: Mapping[str, Sequence[Contrast]]
) -> tuple[Ruling, str, tuple[str, ...], Iterable[Contrast]]:
    """Ruling, winner, who is unbeaten, and what decides it; `of` holds the comparisons of each contender."""
    for name, own in of.items():
        if own and all(_settled(c, name) for c in own):
            return Ruling.WINS, name, (), _weakest(own)
    beaten = {name: [c for c in own if c.worse == name and c.separated] for name, own in of.items()}
    if beaten and all(beaten.values()):
        return Ruling.NONE, "", (), [min(lost, key=_strength) for lost in beaten.values()]
    unbeaten = tuple(name for name, lost in beaten.items() if not lost)
    standing = [c for c in found if any(name in unbeaten and not _settled(c, name) for name in (c.better, c.worse))]
    return Ruling.UNDECIDED, "", unbeaten, standing


def _settled(contrast: Contrast, name: str) -> bool:
    return contrast.better == name and contrast.ahead


def _strength(contrast: Contrast) -> tuple[float, float]:
    """Sorts the strongest evidence first."""
    return contrast.adjusted or 0.0, -contrast.gap


def _weakest(contrasts: Sequence[Contrast]) -> Iterator[Contrast]:
    """For each rival the comparison with the least evidence."""
    for rival in dict.fromkeys(contrast.worse for contrast in contrasts):
        yield max((c for c in contrasts if c.worse == rival), key=lambda c: (c.p or 0.0, -c.gap))
