"""Difference: one score of two candidates, or of one candidate before and after: how far apart they are, how surely.

Seeds of the two are taken as independent, also where both have the same numbers: a seed that fits one model well says
nothing of another one.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from genbench.leaderboard.statistics import ENOUGH, WELCH, Ruler, Spreads, mean, spreads
from genbench.records.kinds import Scale

CONFIDENCE = 0.95
FURTHEST = 60 * math.log(10)  # of a factor's logarithm: values are below 1e30, an interval of three seeds may be wider
FACTORS = (Scale.DISTANCE, Scale.SPEED)
Groups = Mapping[str, Sequence[float]]  # positions on the ruler, one a seed


@dataclass(frozen=True)
class Difference:
    """The second of two against the first, in the score's own unit and sign: what is better is not asked."""

    estimate: float
    """Second less first; of distances and speeds the factor, second by first. Of the means on the score's scale."""
    low: float | None
    """The lower end of its 95 % interval, not corrected for further comparisons; None below three seeds."""
    high: float | None
    """Its upper end."""
    factor: bool
    """Whether it is a factor."""
    p: float | None
    """Two-sided, of no difference beyond the score's tie, uncorrected; None below three seeds."""
    procedure: str
    """The test's name; "" where there was none."""

    def told(self, number: Callable[[float], str]) -> str:
        """It with its sign, or as a factor, and its interval: +0.028 [0.011, 0.045], ×0.861 [0.810, 0.920].

        Args:
            number: how a number is written.
        """
        sign = "×" if self.factor else "+" if self.estimate > 0 else ""
        ends = [number(end) for end in (self.low, self.high) if end is not None]
        return f"{sign}{number(self.estimate)}" + (f" [{', '.join(ends)}]" if ends else "")


def differences(groups: Groups, pairs: Sequence[tuple[str, str]], ruler: Ruler) -> list[Difference]:
    """How pairs of groups differ.

    Two of five seeds or more are compared by Welch's test. With three or four a spread is moderated by those of all
    groups, as on a board.

    Args:
        groups: by name, at least one position each; those of no pair tell how far seeds spread.
        pairs: the first, which is before, and the second.
    """
    whole = {name: own for name, own in groups.items() if len(own) >= ENOUGH}
    found: dict[tuple[str, str], Difference] = {}
    for own, known in ((groups, spreads(groups)), (whole, spreads(whole))):  # the second word counts
        if known is not None:
            asked = [pair for pair in pairs if pair[0] in known.known and pair[1] in known.known]
            found |= dict(zip(asked, _tested(own, asked, ruler, known), strict=True))
    return [found.get(pair) or _untested(groups, pair, ruler) for pair in pairs]


def _untested(groups: Groups, pair: tuple[str, str], ruler: Ruler) -> Difference:
    middle, by = _apart(groups, pair)
    return Difference(_shown(middle, by, ruler), None, None, ruler.scale in FACTORS, None, "")


def _tested(groups: Groups, pairs: Sequence[tuple[str, str]], ruler: Ruler, known: Spreads) -> list[Difference]:
    import numpy as np  # here, so that a leaderboard is read without NumPy and SciPy

    means = {name: mean(own) for name, own in groups.items()}
    ordered = [pair if means[pair[0]] >= means[pair[1]] else (pair[1], pair[0]) for pair in pairs]
    places = {name: place for place, name in enumerate(known.own)}
    one, other = np.array([[places[first], places[second]] for first, second in ordered], int).reshape(-1, 2).T
    ahead = np.array([means[first] - ruler.untied(means[second]) for first, second in ordered])
    chances = known.scatter(groups).superiority(ahead, one, other).tolist()
    found = []
    for pair, chance in zip(pairs, chances, strict=True):
        middle, by = _apart(groups, pair)
        half = _half_width(known, groups, pair)
        low, high = sorted(_shown(middle, by + end, ruler) for end in (-half, half))
        factor, p = ruler.scale in FACTORS, min(1.0, 2 * chance)
        found.append(Difference(_shown(middle, by, ruler), low, high, factor, p, known.procedure.name))
    return found


def _apart(groups: Groups, pair: tuple[str, str]) -> tuple[float, float]:
    """The middle of two mean positions, and the second less the first."""
    first, second = (mean(groups[name]) for name in pair)
    return (first + second) / 2, second - first


def _half_width(known: Spreads, groups: Groups, pair: tuple[str, str]) -> float:
    """Of the interval that excludes 0 just where the test, without a tie, has a p below .05.

    Source: Welch 1947, https://doi.org/10.1093/biomet/34.1-2.28
    """
    from scipy.special import stdtrit  # here, so that a leaderboard is read without SciPy

    parts = [known.of(name).variance / len(groups[name]) for name in pair]
    freedoms = [known.of(name).freedom for name in pair]
    freedom, shares = min(freedoms), sum(part**2 / own for part, own in zip(parts, freedoms, strict=True))
    if known.procedure is WELCH and shares > 0:
        freedom = sum(parts) ** 2 / shares
    return float(stdtrit(freedom, (1 + CONFIDENCE) / 2)) * math.sqrt(sum(parts))


def _shown(middle: float, by: float, ruler: Ruler) -> float:
    """A difference of positions in the score's unit; that of shares where the middle of both is."""
    raw = by if ruler.higher else -by
    if ruler.scale is Scale.SHARE:  # sin²(m + d/2) - sin²(m - d/2)
        return math.sin(2 * abs(middle)) * math.sin(min(math.pi / 2, max(-math.pi / 2, raw)))
    if ruler.scale is Scale.PLAIN:
        return raw
    logarithm = raw if ruler.scale is Scale.DISTANCE else raw * math.log(10)
    return math.exp(min(FURTHEST, max(-FURTHEST, logarithm)))
