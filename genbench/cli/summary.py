"""What a run found, in short, on stdout."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.markup import escape

from genbench.cli.figures import duration, number
from genbench.cli.tables import show, table
from genbench.leaderboard import Cell, Column, Leaderboard, Row
from genbench.leaderboard.words import listed
from genbench.records.audits import AuditStatus
from genbench.records.kinds import Axis, Direction
from genbench.records.score import AT_LEAST
from genbench.report.text import visible

if TYPE_CHECKING:
    from genbench.runs.session import Finished

ARROWS = {Direction.HIGHER: " ↑", Direction.LOWER: " ↓", None: ""}


def summary(finished: "Finished") -> None:
    """The verdict, the leaderboard in short, what is flagged, what failed, where the report is."""
    for board in finished.boards.values():
        if len(finished.boards) > 1:
            print(f"{_plain(board.task)}:")
        standings(board)
    if finished.stage_seconds:
        print(f"\n{duration(finished.seconds)}, of which the harness itself cost {finished.overhead:.1%}")
    print(f"report: {finished.report}")
    if finished.failed:
        print("some candidates failed; the same command with --existing retry-failed tries them again")


def standings(board: Leaderboard) -> None:
    """A board in short: its table, its verdict, what is flagged and what failed."""
    columns = [column for column in board.columns if column.axis is not Axis.COST]
    board_table = table("candidate", "tiers", *map(_head, columns), "seeds")
    for heading, rows in (("", board.rows), ("controls", board.controls)):
        if heading and rows:
            board_table.add_section()
        for row in rows:
            board_table.add_row(*_row(row, columns, board))
    show(board_table)
    print(_plain(board.sentence))
    axes = _plain(listed(board.standings.axes, "and"))
    print(f"● on the Pareto front; tiers of {axes}, – where a candidate is not ranked")
    for words in gated(board):
        print(_plain(words))
    for failure in board.failures:
        where = f", {failure.stage}" if failure.stage else ""
        print(_plain(f"{failure.words}: {failure.name} seed {failure.seed}{where}: {failure.reason}"))


def _head(column: Column) -> str:
    title = f"{column.title} in {column.further_unit}" if column.further_unit else column.title
    return escape(visible(title)) + ARROWS[column.direction]


def gated(board: Leaderboard) -> Iterator[str]:
    """What the gates bar from ranks, and why; controls are there to be flagged."""
    for row in board.rows:
        if row.gate.flagged:
            yield f"flagged: {row.name} copies and is not ranked: {row.gate.reason}"
        elif row.bar:
            yield f"not ranked: {row.name}: {row.bar}"
        off = {place.missing for place in row.places.values() if place.missing.startswith("off this axis")}
        yield from (f"off an axis: {row.name}: {missing}" for missing in sorted(off))
        if row.ok and row.likelihood and row.audits.status is AuditStatus.FAILED:
            yield f"flagged: {row.name}: bits/dim is not ranked: {row.audits.unranked}"


def _plain(words: str) -> str:
    return visible(" ".join(words.split()))


def _row(row: Row, columns: Sequence[Column], board: Leaderboard) -> list[str]:
    cells = [_cell(row.cells[column.name], _best(row, column, board)) for column in columns]
    mark = " ●" if row.front else " flagged" if row.bar and not row.control else ""
    tiers = _tiers(row, board.standings.axes)
    return [escape(visible(row.name)) + mark, tiers, *cells, f"{len(row.ok)}/{len(row.results)}"]


def _best(row: Row, column: Column, board: Leaderboard) -> bool:
    return not row.unranked(column) and row.cells[column.name].mean == board.best(column)


def _tiers(row: Row, axes: Sequence[str]) -> str:
    """The tiers of the axes, or the ranks where seeds tell no spread."""
    places = [row.places.get(axis) for axis in axes]
    return " ".join(str((place.tier or place.rank) if place and place.rank else "–") for place in places)


def _cell(cell: Cell, best: bool) -> str:
    if cell.mean is None:
        return cell.missing.kind.value if cell.missing else "n/a"
    text = (
        ("≥ " if AT_LEAST in cell.details else "")
        + number(cell.mean)
        + (f" ± {number(cell.half_width)}" if cell.half_width is not None else "")
    )
    return f"[bold]{text}[/bold]" if best else text
