"""Comparing: boards held against each other score by score, by one test and one correction over all that is shown."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from genbench.errors import GenbenchError, unknown
from genbench.leaderboard.comparison import Change, Comparison, Finding
from genbench.leaderboard.difference import Difference, differences
from genbench.leaderboard.likeness import check_protocol, other_columns, other_surroundings, other_terms
from genbench.leaderboard.row import Column, Row
from genbench.leaderboard.statistics import ALPHA, LEAST, holm
from genbench.leaderboard.words import at_seeds
from genbench.records.kinds import Axis, Direction
from genbench.records.score import MissingKind

if TYPE_CHECKING:
    from genbench.leaderboard import Leaderboard

FURTHER = ("fd", "bits-per-dim")  # compared beside the axes' scores where nobody says which
ALL = "all"


def compared(
    before: Mapping[str, "Leaderboard"], after: Mapping[str, "Leaderboard"], scores: Sequence[str] = ()
) -> Comparison:
    """Two sets of boards, as `genbench.leaderboard.boards` gives them, candidate by candidate; controls are left out.

    Args:
        scores: names, with or without their extractor, or "all"; by default those of the axes, FD and bits/dim.
    Raises:
        GenbenchError: two protocols, no task that both ask in the same way, or no score of such a name.
    """
    one, other = next(iter(before.values())), next(iter(after.values()))
    check_protocol(one, other)
    notes = list(other_surroundings(one, other))
    works: list[_Work] = []
    for task in dict.fromkeys((*before, *after)):
        words = other_terms(task, before.get(task), after.get(task))
        if words:
            notes.append(words)
        else:
            columns, told = other_columns(before[task], after[task])
            notes += told
            works.append(_Work(task, before[task], after[task], _chosen(after[task], columns, scores)))
    if not works:
        raise GenbenchError(f"nothing to compare: {'; '.join(notes)}")
    _check_known(scores, [work.after for work in works])
    items = [item for work in works for item in _of_boards(work)]
    return Comparison("before", "after", _settled(items), tuple(notes))


def candidates_compared(
    boards: Mapping[str, "Leaderboard"], first: str, second: str, scores: Sequence[str] = ()
) -> Comparison:
    """Two candidates or controls in each task that both stand in.

    Raises:
        GenbenchError: one of them stands in no task, or they share none; or no score of such a name.
    """
    known = {task: {row.name: row for row in (*board.rows, *board.controls)} for task, board in boards.items()}
    for name in (first, second):
        if not any(name in rows for rows in known.values()):
            every = {own for rows in known.values() for own in rows}
            raise unknown("candidate", name, {own for own in every if own.startswith(f"{name}/")} or every)
    if first == second:
        raise GenbenchError(f"a comparison takes two candidates, got {first!r} twice")
    shared = {task: rows for task, rows in known.items() if all(_asked(rows.get(name)) for name in (first, second))}
    if not shared:
        raise GenbenchError(f"{first} and {second} share no task; `genbench report` shows who stands in which")
    _check_known(scores, [boards[task] for task in shared])
    items: list[Item] = []
    for task, rows in shared.items():
        work = _Work(task, boards[task], boards[task], _chosen(boards[task], boards[task].columns, scores))
        items += _of_two(work, rows[first], rows[second])
    return Comparison(first, second, _settled(items))


@dataclass(frozen=True)
class _Work:
    """One task, and the scores that are compared in it."""

    task: str
    before: "Leaderboard"
    after: "Leaderboard"
    columns: tuple[Column, ...]

    @property
    def sides(self) -> tuple["Leaderboard", ...]:
        """The boards, one where both are the same."""
        return (self.before,) if self.before is self.after else (self.before, self.after)


@dataclass(frozen=True)
class _Test:
    """A finding that a test has still to settle."""

    finding: Finding
    work: _Work
    column: Column
    before: Row
    after: Row


Item = Finding | _Test


def _chosen(board: "Leaderboard", columns: Sequence[Column], scores: Sequence[str]) -> tuple[Column, ...]:
    """The columns that are asked for, in the board's order."""
    if ALL in scores:
        return tuple(columns)
    if scores:
        return tuple(column for column in columns if {column.name, column.name.partition("@")[0]} & set(scores))
    ours = [name for _, name in board.terms.ranked]
    known = [column.name for column in board.columns]
    ours += [next((name for name in known if name.partition("@")[0] == wanted), "") for wanted in FURTHER]
    return tuple(column for column in columns if column.name in ours)


def _check_known(scores: Sequence[str], boards: Iterable["Leaderboard"]) -> None:
    names = {column.name for board in boards for column in board.columns}
    names |= {name.partition("@")[0] for name in names} | {ALL}
    for score in scores:
        if score not in names:
            raise unknown("score", score, names)


def _of_boards(work: _Work) -> Iterator[Item]:
    before, after = ({row.name: row for row in board.rows} for board in (work.before, work.after))
    for name in dict.fromkeys((*(row.name for row in work.after.rows), *before)):
        if name not in before or name not in after:
            change, row = (Change.ONLY_BEFORE, before[name]) if name in before else (Change.ONLY_AFTER, after[name])
            yield Finding(work.task, name, "", change, _fallen(row))
            continue
        one, other = before[name], after[name]
        whole = _whole(one, other)
        if whole is not None:
            yield Finding(work.task, name, "", *whole)
        if not (_fallen(one) or _fallen(other)):
            yield from _of_scores(work, name, one, other, (Change.FAILED, Change.RECOVERED))


def _of_two(work: _Work, first: Row, second: Row) -> Iterator[Item]:
    words = [f"{row.name}: {why}" for row in (first, second) if (why := _fallen(row))]
    if words:
        yield Finding(work.task, "", "", Change.UNCOMPARED, "; ".join(words))
    else:
        yield from _of_scores(work, "", first, second, (Change.ONLY_BEFORE, Change.ONLY_AFTER))


def _fallen(row: Row) -> str:
    """Why none of its scores counts; "" where some do. Controls copy, since they are there to."""
    return str(row.missing) if row.missing else row.bar if row.control is None else ""


def _asked(row: Row | None) -> bool:
    """Whether a candidate was put to the task."""
    return row is not None and (row.missing is None or row.missing.kind is MissingKind.FAILED)


def _whole(before: Row, after: Row) -> tuple[Change, str] | None:
    """What has become of a candidate as a whole; None where nothing has, or it never was asked."""
    was, now = _fallen(before), _fallen(after)
    if was and now:
        return (Change.UNCOMPARED, now) if _asked(before) or _asked(after) else None
    if was or now:
        return (Change.RECOVERED, was) if was else (Change.FAILED, now)
    failing = [{r.record.seed: r for r in row.results if r.candidate.status.failed} for row in (before, after)]
    if new := sorted(failing[1].keys() - failing[0]):
        return Change.FAILED, f"at {at_seeds(new)}: {failing[1][new[0]].candidate.reason or 'no reason given'}"
    if gone := sorted(failing[0].keys() & {result.record.seed for result in after.ok}):
        return Change.RECOVERED, f"at {at_seeds(gone)}: {failing[0][gone[0]].candidate.reason or 'no reason given'}"
    return None


def _of_scores(work: _Work, name: str, before: Row, after: Row, lost: tuple[Change, Change]) -> Iterator[Item]:
    """Each score that one of two rows has; `lost`: what it is where the first one has it alone, and the second."""
    for column in work.columns:
        cells = before.cells[column.name], after.cells[column.name]
        if all(cell.mean is None for cell in cells):
            continue
        own = Finding(work.task, name, column.name, Change.UNCOMPARED, "", column.direction, *cells)
        was, now = _out(before, column), _out(after, column)
        machines = sorted({*before.hardware, *after.hardware})
        if was or now:
            change = Change.UNCOMPARED if was and now else lost[1] if was else lost[0]
            yield replace(own, change=change, reason=now or was)
        elif (column.of_machine or column.axis is Axis.COST) and column.unit and len(machines) > 1:
            yield replace(own, reason=f"measured on several machines: {'; '.join(machines)}")
        else:
            yield _Test(own, work, column, before, after)


def _out(row: Row, column: Column) -> str:
    """Why a row's score does not count; "" where it does."""
    cell = row.cells[column.name]
    return str(cell.missing) if cell.missing else row.off(column)


def _settled(items: Sequence[Item]) -> tuple[Finding, ...]:
    """The findings, those that need it after their tests, all of which are corrected together."""
    import numpy as np  # here, so that a leaderboard is read without NumPy and SciPy

    columns: dict[tuple[str, str], dict[int, _Test]] = {}
    for place, item in enumerate(items):
        if isinstance(item, _Test):
            columns.setdefault((item.work.task, item.column.name), {})[place] = item
    found: dict[int, Difference | None] = {}  # by the place in `items`
    for own in columns.values():
        found |= zip(own, _differences(list(own.values())), strict=True)
    chances = {place: known.p for place, known in found.items() if known and known.p is not None}
    adjusted = dict(zip(chances, holm(np.array([*chances.values()])).tolist(), strict=True))
    return tuple(
        item if isinstance(item, Finding) else _judged(item, found[place], adjusted.get(place))
        for place, item in enumerate(items)
    )


def _differences(tests: Sequence[_Test]) -> list[Difference | None]:
    """What was asked of one column of one task; None where a value lies outside of the score's scale."""
    work, column = tests[0].work, tests[0].column
    groups: dict[str, list[float]] = {}
    for side, board in enumerate(work.sides):  # candidates of no test tell how far seeds spread
        rows = [row for row in board.rows if not _fallen(row) and not _out(row, column)]
        groups |= {_key(side, row): _positions(row, column) for row in rows}
    pairs = [(_key(0, test.before), _key(len(work.sides) - 1, test.after)) for test in tests]
    for pair, test in zip(pairs, tests, strict=True):
        groups |= zip(pair, (_positions(row, column) for row in (test.before, test.after)), strict=True)
    groups = {name: own for name, own in groups.items() if own}
    known = [pair for pair in pairs if pair[0] in groups and pair[1] in groups]
    found = dict(zip(known, differences(groups, known, column.ruler), strict=True))
    return [found.get(pair) for pair in pairs]


def _key(side: int, row: Row) -> str:
    return f"{side}{row.name}"


def _positions(row: Row, column: Column) -> list[float]:
    placed = (column.ruler.position(value) for value in row.cells[column.name].values)
    return [position for position in placed if position is not None]


def _judged(test: _Test, difference: Difference | None, adjusted: float | None) -> Finding:
    """The finding of a test, by the corrected p."""
    if difference is None:
        return replace(test.finding, reason="outside of the score's scale")
    own = replace(test.finding, difference=difference, adjusted=adjusted)
    if adjusted is None:
        return replace(own, reason=f"fewer than {LEAST} seeds: not tested")
    if adjusted > ALPHA:
        return replace(own, change=Change.INSEPARABLE)
    rises = difference.estimate > (1 if difference.factor else 0)
    return replace(own, change=Change.BETTER if rises is (own.direction is Direction.HIGHER) else Change.WORSE)
