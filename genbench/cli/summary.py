"""What a run found, in short, on stdout."""

from collections.abc import Sequence

from rich.markup import escape

from genbench.cli.figures import duration, number
from genbench.cli.tables import show, table
from genbench.leaderboard import Cell, Column, Leaderboard, Row
from genbench.session import Finished

ARROWS = {"higher": "↑", "lower": "↓"}


def summary(finished: Finished) -> None:
    """The leaderboard in short, what failed, where the report is."""
    board = finished.board
    columns = [column for column in board.columns if column.axis not in ("cost",)]
    heads = [f"{column.title} {ARROWS.get(column.direction, '')}".strip() for column in columns]
    board_table = table("candidate", *heads, "seeds")
    for heading, rows in (("", board.rows), ("controls", board.controls)):
        if heading and rows:
            board_table.add_section()
        for row in rows:
            board_table.add_row(*_row(row, columns, board))
    show(board_table)
    for failure in board.failures:
        words = " ".join(failure.reason.split())
        print(f"{failure.status}: {failure.name} seed {failure.seed}, {failure.phase}: {words}")
    if finished.stage_seconds:
        print(f"\n{duration(finished.seconds)}, of which the harness itself cost {finished.overhead:.1%}")
    print(f"report: {finished.report}")
    if finished.failed:
        print("some candidates failed; the same command with --existing retry-failed tries them again")


def _row(row: Row, columns: Sequence[Column], board: Leaderboard) -> list[str]:
    cells = [_cell(row.cells[column.name], row.cells[column.name].mean == board.best(column)) for column in columns]
    mark = " ●" if row.front else ""
    return [escape(row.name) + mark, *cells, f"{len(row.ok)}/{len(row.results)}"]


def _cell(cell: Cell, best: bool) -> str:
    if cell.mean is None:
        return escape(cell.missing.partition(":")[0] or "n/a")
    text = number(cell.mean) + (f" ± {number(cell.half_width)}" if cell.half_width is not None else "")
    return f"[bold]{text}[/bold]" if best else text
