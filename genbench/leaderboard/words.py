"""The verdict in words: short sentences that a reader can quote."""

from collections.abc import Sequence

from genbench.leaderboard.standings import Standings
from genbench.leaderboard.statistics import ALPHA, DIFFERENCES, ENOUGH, LEAST, Outcome, Ruling, Verdict

LISTED = 4  # names in a sentence
NUMBERS = {1: "its one axis", 2: "both axes", 3: "all three axes"}
FEW_SEEDS = f" (fewer than {LEAST} seeds a candidate: nothing can be said of chance)"
UNTESTED = f"Nothing is tested: that takes candidates with {LEAST} seeds. Means are compared by the axes' margins."


def goal(axes: Sequence[str]) -> str:
    """What a candidate has to be good at: "quality, coverage and speed at once"."""
    return f"{listed(axes, 'and')} at once"


def procedure(standings: Standings) -> str:
    """By which test candidates are separated, and the level that it was simulated to hold."""
    used = standings.running.procedure
    return used.words if used else UNTESTED


def sentence(standings: Standings, verdict: Verdict) -> str:
    """What the verdict says, of whom, and by which test; whether it is provisional, and on whom it rests."""
    provisional = f"Provisional, fewer than {ENOUGH} seeds. " if standings.provisional else ""
    if words := hindrance(standings):
        return f"{provisional}Undecided: {words}."
    said, why = told(standings, verdict)
    joined = "; " if verdict.ruling is Ruling.UNDECIDED else ": "
    rests = f" {fragile(verdict)}" if verdict.fragile else ""
    return f"{provisional}{said}{joined}{why}.{rests}"


def fragile(verdict: Verdict) -> str:
    """On whom a verdict rests; "" where leaving out any one candidate leaves it as it is."""
    return f"Fragile: rests on {listed(verdict.fragile, 'and')}." if verdict.fragile else ""


def told(standings: Standings, verdict: Verdict) -> tuple[str, str]:
    """What the verdict says, and why: two parts of a sentence."""
    count, wanted = len(standings.contenders), goal(standings.axes)
    if verdict.ruling is Ruling.WINS:
        return f"{verdict.winner} wins {wanted}", _ahead(standings, verdict)
    if verdict.ruling is Ruling.NONE:
        beaten = f"each of the {count} in the running is {_beaten(standings, verdict)}"
        return f"No candidate wins {wanted}", beaten
    one = len(verdict.unbeaten) == 1
    means = "the seeds do" if verdict.tested else "so few seeds do"
    return (
        f"Undecided: {means} not settle whether {listed(verdict.unbeaten, 'or')} wins {wanted}",
        f"no rival is ahead of {'it' if one else 'them'} {_how(standings, verdict)}, "
        f"and {'it is' if one else 'they are'} not ahead of all",
    )


def at_seeds(seeds: Sequence[int]) -> str:
    """ "seed 3", "seeds 0, 1, 2"."""
    return f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"


def outcome(found: Outcome) -> str:
    """A ruling in a few words: "vae wins", "no candidate wins", "undecided"."""
    return {Ruling.WINS: f"{found.winner} wins", Ruling.NONE: "no candidate wins"}.get(found.ruling, "undecided")


def hindrance(standings: Standings) -> str:
    """What keeps the candidates from being compared; "" where nothing does."""
    if standings.lacking:
        return next(iter(standings.lacking.values()))
    if not standings.complete:
        return f"no candidate is ranked on {NUMBERS.get(len(standings.axes), 'all axes')}"
    if len(standings.contest.seeds) < 2:
        return "there is only one ranked candidate, and nothing to compare it with"
    if not standings.running.seeds:
        here = ", and speeds of the board's machine" if any(row.elsewhere for row in standings.rows) else ""
        half = "which takes half of the quality and coverage of held-out real data"
        return f"no candidate is in the running, {half}{here}"
    fits = {standings.running.fits[name] for name in standings.running.seeds}
    return "fewer than two fits are in the running, and presets of one are not each other's rivals" * (len(fits) < 2)


def _ahead(standings: Standings, verdict: Verdict) -> str:
    rivals = sum(standings.running.rivals(verdict.winner, name) for name in standings.running.seeds)
    whom = f"each of its {rivals} rivals in the running" if rivals > 1 else "its only rival in the running"
    if not verdict.tested:
        return f"by its means it is ahead of {whom} by the margin on every axis, {margins(standings)}{FEW_SEEDS}"
    by = f" by more than the margins, {margins(standings)}" if verdict.margins else ""
    return f"it is better than {whom} on every axis{by}, each at α = {ALPHA:g}"


def _beaten(standings: Standings, verdict: Verdict) -> str:
    if not verdict.tested:
        return f"beaten on at least one axis by the margin, {margins(standings)}{FEW_SEEDS}"
    by = f" by more than the margin, {margins(standings)}" if verdict.margins else ""
    return f"significantly beaten on at least one axis{by} ({_level(verdict)})"


def _how(standings: Standings, verdict: Verdict) -> str:
    if not verdict.tested:
        return f"by the margin, {margins(standings)}{FEW_SEEDS}"
    by = f", by more than the margin, {margins(standings)}" if verdict.margins else ""
    return f"significantly{by} ({_level(verdict)})"


def _level(verdict: Verdict) -> str:
    return f"α = {ALPHA:g}, Holm over {verdict.comparisons} comparisons"


def margins(standings: Standings) -> str:
    """What counts as a difference on each axis."""
    return ", ".join(f"{DIFFERENCES[axis.scale].words} of {name}" for name, axis in standings.contest.axes.items())


def listed(names: Sequence[str], last: str) -> str:
    """Names as a list in a sentence, at most four of them."""
    if len(names) > LISTED:
        names = [*names[: LISTED - 1], f"{len(names) - LISTED + 1} more"]
    return f" {last} ".join(part for part in (", ".join(names[:-1]), names[-1]) if part) if names else "any"
