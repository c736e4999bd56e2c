"""Situation: what a board says in one plain sentence, why, and what to do next where it says less than it could."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from genbench.leaderboard import Cell, Leaderboard, Row
from genbench.leaderboard.anchors import control
from genbench.leaderboard.home import MIXED_SPEEDS
from genbench.leaderboard.running import SIDES
from genbench.leaderboard.statistics import ENOUGH, LEAST, Ruling
from genbench.leaderboard.words import fragile, hindrance, listed, told
from genbench.records.kinds import ControlKind
from genbench.report.commands import run_command
from genbench.report.speeds import voided
from genbench.report.text import clip

NEEDS_RIVALS = (
    "Add a model whose quality and coverage reach half of what held-out real data have.",
    "-m NAME",
)
NEEDS_SECOND = ("Run a second model under the same protocol.", "-m NAME")


@dataclass(frozen=True)
class Situation:
    """What a reader is told first."""

    headline: str
    why: tuple[str, ...] = ()
    """Sentences."""
    advice: str = ""
    """What to do next; "" where there is nothing to do."""
    command: str = ""
    """The command that does it, as it is typed; "" for none."""


def situation(board: Leaderboard) -> Situation:
    """The first that fits."""
    cases: tuple[Callable[[Leaderboard], Situation | None], ...] = (_empty, _failed, _void, _lacking, _alone, _tied)
    return next((found for case in cases if (found := case(board))), None) or _ruled(board)


def _run(board: Leaderboard, options: str) -> str:
    """The command that asks the board's own task: unless it is told, a run may ask others of its suite."""
    return run_command(board.suite.name, ["--tasks", board.task, *options.split()])


def _empty(board: Leaderboard) -> Situation | None:
    if board.rows:
        return None
    why = "Controls show what the scores and the gates see, and are never ranked."
    return Situation(
        "There is nothing to judge yet: this board holds no candidate, only controls.",
        (why,),
        "Run a model beside them, or all that are installed with --all.",
        _run(board, "-m NAME"),
    )


def _failed(board: Leaderboard) -> Situation | None:
    count = len(board.rows)
    if any(row.ok for row in board.rows):
        return None
    who = f"None of the {count} candidates has" if count > 1 else f"{clip(board.rows[0].name, 60)} has not"
    return Situation(
        "Nothing can be judged: no candidate has a result.",
        (f"{who} finished at any seed. Each reason, with the end of its log, stands under “Failures”.",),
        "Mend what is named there, and run again what failed.",
        _run(board, "-m NAME --existing retry-failed"),
    )


def _void(board: Leaderboard) -> Situation | None:
    """A speed that nobody has, since all runs are void."""
    rows = [row for row in board.rows if row.ok]
    for axis, score in board.terms.ranked:
        cells = [row.cells.get(score, Cell()) for row in rows]
        if any(map(voided, cells)) and all(
            cell.mean is None or row.void for cell, row in zip(cells, rows, strict=True)
        ):
            return Situation(
                f"Undecided: every {clip(axis, 24)} is void, so that nobody can be ranked on it.",
                (
                    "A void run is one that cannot be trusted; the notes below the table say why, of each. What else "
                    "was scored stands as it is.",
                ),
                "Measure again where nothing else runs.",
                _run(board, "-m NAME --existing force"),
            )
    return None


def _lacking(board: Leaderboard) -> Situation | None:
    """An axis that nobody can be ranked on."""
    if not board.standings.lacking:
        return None
    why = next(iter(board.standings.lacking.values()))
    advice = (
        "Run more than half of the models, all of their seeds, on one kind of machine."
        if why == MIXED_SPEEDS
        else "The notes below the table say what keeps each candidate from that score."
    )
    return Situation(f"Undecided: {why}.", (), advice)


def _alone(board: Leaderboard) -> Situation | None:
    """Fewer than two fits that could be compared."""
    words = hindrance(board.standings)
    if not words:
        return None
    ranked = board.standings.complete
    if len(board.rows) == 1 and ranked:
        why = f"A candidate wins or loses against rivals, and {clip(ranked[0], 60)} has none here. Its scores stand."
        return Situation(
            "Undecided: there is one candidate, and nothing to compare it with.",
            (why,),
            NEEDS_SECOND[0],
            _run(board, NEEDS_SECOND[1]),
        )
    sides = any(column.axis in SIDES for column in board.columns if column.name in board.terms.axes.values())
    advice, options = NEEDS_RIVALS if sides else NEEDS_SECOND
    if not ranked:
        return Situation(f"Undecided: {words}.", (), "The notes below the table say what keeps each one off an axis.")
    return Situation(f"Undecided: {words}.", tuple(_nearest(board)), advice, _run(board, options))


def _nearest(board: Leaderboard) -> Iterator[str]:
    """Who comes nearest to the running of those that are out of it, and how near."""
    ceiling = control(board.controls, ControlKind.CEILING)
    known = {column.name: column for column in board.columns if column.axis in SIDES}
    sides = [known[name] for name in board.terms.axes.values() if name in known]
    held = [(column, most) for column in sides if ceiling and (most := ceiling.cells[column.name].mean)]

    def _reach(row: Row) -> float:
        return min((row.cells[column.name].mean or 0.0) / most for column, most in held)

    outside = [row for row in board.rows if row.outside and not row.samples_only and not row.elsewhere]
    if held and outside:
        row = max(outside, key=_reach)
        parts = [f"{clip(own.title, 40)} {row.cells[own.name].mean or 0.0:.3g} of {most:.3g}" for own, most in held]
        yield f"Of those that are out of it, {clip(row.name, 60)} comes nearest: {listed(parts, 'and')}."


def _tied(board: Leaderboard) -> Situation | None:
    """No difference at all between those in the running."""
    running = board.standings.running
    contrasts = running.contrasts(margins=not running.tested)
    if any(found.ahead for found in contrasts):
        return None
    count = len(running.seeds)
    how = "beyond what their seeds scatter" if running.tested else "by more than the margin"
    return Situation(
        f"All are tied: none of the {count} candidates in the running is ahead of another on any axis.",
        (f"No two differ {how}.", *_chance(board)),
        "More seeds show smaller differences; a harder suite may show larger ones.",
        _run(board, f"-m NAME --seeds {_more(board)}"),
    )


def _ruled(board: Leaderboard) -> Situation:
    """A verdict."""
    standings = board.standings
    verdict = standings.verdict
    headline, why = told(standings, verdict)
    untested = not verdict.tested
    reasons = (
        f"{_upper(why)}.",
        *_chance(board),
        *[fragile(verdict)] * bool(verdict.fragile),
    )
    if untested or standings.provisional:
        advice = f"Train each candidate with {ENOUGH} seeds, as a published board has them."
        return Situation(f"{headline}.", reasons, advice, _run(board, f"-m NAME --seeds {ENOUGH}"))
    if verdict.ruling is Ruling.UNDECIDED:
        who = listed([clip(name, 40) for name in verdict.unbeaten], "and")
        return Situation(
            f"{headline}.",
            reasons,
            f"More seeds for {who} and those that they are not ahead of.",
            _run(board, f"-m NAME --seeds {_more(board)}"),
        )
    return Situation(f"{headline}.", reasons)


def _chance(board: Leaderboard) -> list[str]:
    """What so few seeds leave open."""
    fewest = board.standings.running.fewest
    if fewest < LEAST:
        seeds = "one training seed" if fewest == 1 else f"{fewest} training seeds"
        return [f"Nothing can be said of chance: some candidate has {seeds}, and a test takes {LEAST} of each."]
    return [f"Provisional, fewer than {ENOUGH} seeds."] * board.standings.provisional


def _more(board: Leaderboard) -> int:
    return max(ENOUGH, 2 * board.standings.running.fewest)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
