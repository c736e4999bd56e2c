"""The statistics of a board the slow way: each pair by itself, each candidate left out of a contest of its own.

What `genbench.leaderboard.statistics` computes with arrays has to be this, to the last bit.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy.special import stdtr

from genbench.leaderboard.statistics import ALPHA, LEAST, WELCH, Contest, Contrast, Outcome, Ruling, Spread, Verdict
from genbench.leaderboard.statistics.prior import prior, together
from genbench.leaderboard.statistics.procedure import procedure

Pair = tuple[str, str, str]  # axis, the candidate with the higher mean, the other


def spreads(groups: Mapping[str, Sequence[float]]) -> tuple[bool, dict[str, Spread]]:
    """Whether each has its own, and the spreads of those that are tested."""
    own = {name: spread(values) for name, values in groups.items() if len(values) >= LEAST}
    if not own or procedure(min(len(groups[name]) for name in own)) is WELCH:
        return True, own
    shared, common = together(list(own.values())), prior(list(own.values()))
    return False, {name: largest(found, shared, common) for name, found in own.items()}


def spread(values: Sequence[float]) -> Spread:
    mean = math.fsum(values) / len(values)
    return Spread(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1), len(values) - 1)


def largest(own: Spread, shared: Spread, common: Spread) -> Spread:
    if math.isinf(common.freedom):
        posterior = common
    else:
        freedom = common.freedom + own.freedom
        posterior = Spread((common.freedom * common.variance + own.freedom * own.variance) / freedom, freedom)
    return Spread(max(own.variance, shared.variance, posterior.variance), min(posterior.freedom, shared.freedom))


def contrasts(contest: Contest, margins: bool, rivals: bool = False) -> list[Contrast]:
    """Every pair on every axis."""
    pairs = [(axis, *pair) for axis in contest.axes for pair in itertools.combinations(contest.order(axis), 2)]
    pairs = [pair for pair in pairs if not rivals or contest.rivals(pair[1], pair[2])]
    known = {axis: spreads(groups) for axis, groups in contest.groups.items()}
    if not known or not all(own for _, own in known.values()):
        return [by_means(contest, *pair) for pair in pairs]
    chances = {pair: p for pair in pairs if (p := chance(contest, *known[pair[0]], pair, margins)) is not None}
    adjusted = dict(zip(chances, holm(list(chances.values())), strict=True))
    return [tested(contest, pair, chances.get(pair), adjusted.get(pair)) for pair in pairs]


def chance(contest: Contest, welch: bool, known: Mapping[str, Spread], pair: Pair, margins: bool) -> float | None:
    """The two-sided p of a pair."""
    axis, better, worse = pair
    if better not in known or worse not in known:
        return None
    ruler, low = contest.axes[axis], contest.means[axis][worse]
    difference = contest.means[axis][better] - (ruler.ahead(low) if margins else ruler.untied(low))
    parts = [known[name].variance / len(contest.groups[axis][name]) for name in (better, worse)]
    freedoms = [float(known[name].freedom) for name in (better, worse)]
    error = math.sqrt(sum(parts))
    ratio = difference / error if error > 0 else math.inf if difference > 0 else -math.inf
    freedom = min(freedoms)
    shares = sum(part * part / own for part, own in zip(parts, freedoms, strict=True))
    if welch and shares > 0:
        freedom = float((np.array([error]) ** 4)[0]) / shares  # as NumPy rounds it in arrays
    return min(1.0, 2 * float(stdtr(freedom, -ratio)))


def holm(p: Sequence[float]) -> list[float]:
    adjusted, largest = [0.0] * len(p), 0.0
    for rank, place in enumerate(sorted(range(len(p)), key=lambda place: p[place])):
        largest = max(largest, (len(p) - rank) * p[place])
        adjusted[place] = min(1.0, largest)
    return adjusted


def tested(contest: Contest, pair: Pair, p: float | None, adjusted: float | None) -> Contrast:
    ahead, separated = p is not None and p / 2 <= ALPHA, adjusted is not None and adjusted <= ALPHA
    return Contrast(*pair, p, adjusted, gap(contest, *pair), ahead, separated)


def by_means(contest: Contest, axis: str, better: str, worse: str) -> Contrast:
    high, low = contest.means[axis][better], contest.means[axis][worse]
    ahead = high > low and high >= contest.axes[axis].ahead(low) - 1e-12
    return Contrast(axis, better, worse, None, None, gap(contest, axis, better, worse), ahead, ahead)


def gap(contest: Contest, axis: str, better: str, worse: str) -> float:
    high, low = contest.means[axis][better], contest.means[axis][worse]
    margin = contest.axes[axis].ahead(low) - low
    if margin:
        return (high - low) / margin
    return math.inf if high > low else 0.0


def tiers(contest: Contest, axis: str, found: Sequence[Contrast]) -> dict[str, int]:
    """The tier of each candidate that is tested: one begins with whoever is apart from the first of the last one."""
    order = [name for name in contest.order(axis) if len(contest.groups[axis][name]) >= LEAST]
    apart = {(c.better, c.worse) for c in found if c.axis == axis and c.separated}
    groups: list[list[str]] = []
    for name in order:
        if groups and (groups[-1][0], name) not in apart:
            groups[-1].append(name)
        else:
            groups.append([name])
    return {name: tier for tier, own in enumerate(groups, 1) for name in own}


def verdict(contest: Contest, contenders: Sequence[str], margins: bool) -> Verdict:
    """The verdict, with that of each contest that lacks one candidate."""
    without: dict[str, Outcome] = {}
    for name in contest.seeds:
        others = contest.only(other for other in contest.seeds if other != name)
        without[name] = judged(others, [own for own in contenders if own != name], margins).outcome
    return replace(judged(contest, contenders, margins), without=without)


def judged(contest: Contest, contenders: Sequence[str], margins: bool) -> Verdict:
    found = contrasts(contest, margins, rivals=True)
    of = {name: [c for c in found if name in (c.better, c.worse)] for name in contenders}
    tests = bool(contest.axes) and all(spreads(groups)[1] for groups in contest.groups.values())
    count = sum(c.p is not None for c in found) if tests else len(found)

    def of_ruling(ruling: Ruling, winner: str, unbeaten: Sequence[str], deciding: Sequence[Contrast]) -> Verdict:
        return Verdict(ruling, winner, tuple(unbeaten), tuple(deciding), margins or not tests, tests, count)

    for name, own in of.items():
        if own and all(settled(c, name) for c in own):
            return of_ruling(Ruling.WINS, name, (), list(weakest(own)))
    beaten = {name: [c for c in own if c.worse == name and c.separated] for name, own in of.items()}
    if beaten and all(beaten.values()):
        strongest = [min(lost, key=lambda c: (c.adjusted or 0.0, -c.gap)) for lost in beaten.values()]
        return of_ruling(Ruling.NONE, "", (), strongest)
    unbeaten = [name for name, lost in beaten.items() if not lost]
    standing = [c for c in found if any(name in unbeaten and not settled(c, name) for name in (c.better, c.worse))]
    return of_ruling(Ruling.UNDECIDED, "", unbeaten, standing)


def settled(contrast: Contrast, name: str) -> bool:
    return contrast.better == name and contrast.ahead


def weakest(own: Sequence[Contrast]) -> Iterator[Contrast]:
    for rival in dict.fromkeys(c.worse for c in own):
        yield max((c for c in own if c.worse == rival), key=lambda c: (c.p or 0.0, -c.gap))


def front(points: Sequence[Sequence[float]]) -> list[bool]:
    """Whether no other point is at least as good everywhere and better somewhere."""
    return [
        not any(all(a >= b for a, b in zip(o, p, strict=True)) and tuple(o) != tuple(p) for o in points) for p in points
    ]


def volume(points: Sequence[Sequence[float]]) -> float:
    """The volume of the union of the boxes [0, point], slab by slab."""
    if points and len(points[0]) == 1:
        return max(point[0] for point in points)
    ordered, found = sorted(points, key=lambda point: -point[-1]), 0.0
    for place, point in enumerate(ordered, 1):
        below = ordered[place][-1] if place < len(ordered) else 0.0
        if point[-1] > below:
            found += (point[-1] - below) * volume([other[:-1] for other in ordered[:place]])
    return found
