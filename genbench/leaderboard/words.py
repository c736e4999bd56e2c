"""The verdict in words: one sentence that a reader can quote."""

from collections.abc import Sequence

from genbench.leaderboard.standings import Standings
from genbench.leaderboard.statistics import ALPHA, MARGIN_WORDS, Ruling, Verdict

LISTED = 4  # names in a sentence
NUMBERS = {1: "its one axis", 2: "both axes", 3: "all three axes"}
ONE_SEED = " (one seed a candidate: nothing can be said of chance)"


def goal(axes: Sequence[str]) -> str:
    """What a candidate has to be good at: "quality, coverage and speed at once"."""
    return f"{listed(axes, 'and')} at once"


def sentence(standings: Standings, verdict: Verdict) -> str:
    """What the verdict says, of whom, and by which test."""
    if hindrance := _hindrance(standings):
        return f"Undecided: {hindrance}."
    count, wanted = len(standings.contenders), goal(standings.axes)
    if verdict.ruling is Ruling.WINS:
        return f"{verdict.winner} wins {wanted}: {_ahead(standings, verdict)}."
    if verdict.ruling is Ruling.NONE:
        return f"No candidate wins {wanted}: each of the {count} is {_beaten(standings, verdict)}."
    one = len(verdict.unbeaten) == 1
    means = "the seeds do" if verdict.tested else "one seed does"
    return (
        f"Undecided: {means} not settle whether {listed(verdict.unbeaten, 'or')} wins {wanted}; no rival is ahead of "
        f"{'it' if one else 'them'} {_how(standings, verdict)}, and {'it is' if one else 'they are'} not ahead of all."
    )


def _hindrance(standings: Standings) -> str:
    """What keeps the candidates from being compared; "" where nothing does."""
    if standings.lacking:
        return next(iter(standings.lacking.values()))
    if not standings.contenders:
        return f"no candidate is ranked on {NUMBERS.get(len(standings.axes), 'all axes')}"
    return (
        "there is only one ranked candidate, and nothing to compare it with" if len(standings.contest.seeds) < 2 else ""
    )


def _ahead(standings: Standings, verdict: Verdict) -> str:
    rivals = len(standings.contest.seeds) - 1
    whom = f"each of its {rivals} rivals" if rivals > 1 else "its only rival"
    if not verdict.tested:
        return f"on one seed it is ahead of {whom} by the margin on every axis, {margins(standings)}"
    by = f" by more than the margins, {margins(standings)}" if verdict.margins else ""
    return f"it is better than {whom} on every axis{by}, each at α = {ALPHA:g}"


def _beaten(standings: Standings, verdict: Verdict) -> str:
    if not verdict.tested:
        return f"beaten on at least one axis by the margin, {margins(standings)}{ONE_SEED}"
    by = f" by more than the margin, {margins(standings)}" if verdict.margins else ""
    return f"significantly beaten on at least one axis{by} ({_level(verdict)})"


def _how(standings: Standings, verdict: Verdict) -> str:
    if not verdict.tested:
        return f"by the margin, {margins(standings)}{ONE_SEED}"
    by = f", by more than the margin, {margins(standings)}" if verdict.margins else ""
    return f"significantly{by} ({_level(verdict)})"


def _level(verdict: Verdict) -> str:
    return f"α = {ALPHA:g}, Holm over {verdict.comparisons} comparisons"


def margins(standings: Standings) -> str:
    """What counts as a difference on each axis."""
    return ", ".join(f"{MARGIN_WORDS[axis.scale]} of {name}" for name, axis in standings.contest.axes.items())


def listed(names: Sequence[str], last: str) -> str:
    """Names as a list in a sentence, at most four of them."""
    if len(names) > LISTED:
        names = [*names[: LISTED - 1], f"{len(names) - LISTED + 1} more"]
    return f" {last} ".join(part for part in (", ".join(names[:-1]), names[-1]) if part) if names else "any"
