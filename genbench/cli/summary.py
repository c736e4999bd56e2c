"""What a run found, in short, on stdout."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.markup import escape

from genbench.cli.figures import duration, number
from genbench.cli.tables import show, table
from genbench.leaderboard import Cell, Column, Leaderboard, Place, Row
from genbench.leaderboard.words import listed, outcome
from genbench.records.audits import Assurance, AuditStatus
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
    places = "tiers" if board.standings.running.tested else "ranks"
    board_table = table("candidate", places, *map(_head, columns), "seeds")
    for heading, rows in (("", board.rows), ("controls", board.controls)):
        if heading and rows:
            board_table.add_section()
        for row in rows:
            board_table.add_row(*_row(row, columns, board))
    show(board_table)
    for words in (board.sentence, *support(board), board.procedure, board.second_opinion):
        if words:
            print(_plain(words))
    axes = _plain(listed(board.standings.axes, "and"))
    tested = board.standings.running.tested
    places = f"tiers of {axes}, (rank) where one is out of the running" if tested else f"ranks of {axes}"
    print(f"● on the Pareto front; {places}, – where a candidate is not ranked")
    if any(row.assurance is Assurance.VERIFIED for row in (*board.rows, *board.controls)):
        print("✓ bits/dim verified: normalised by the harness; the others are declared, and never above a verified one")
    for words in gated(board):
        print(_plain(words))
    for failure in board.failures:
        where = f", {failure.stage}" if failure.stage else ""
        print(_plain(f"{failure.words}: {failure.name} seed {failure.seed}{where}: {failure.reason}"))


def support(board: Leaderboard) -> Iterator[str]:
    """Who is not in the running, and what the verdict would be with each candidate left out."""
    yield from (f"not in the running: {row.name}: {row.outside}" for row in board.rows if row.outside)
    found: dict[str, list[str]] = {}
    for name, other in board.standings.verdict.without.items():
        found.setdefault(outcome(other), []).append(name)
    if found:
        told = [f"{words} without {listed(own, 'or')}" for words, own in found.items()]
        yield f"With one left out: {'; '.join(told)}."


def _head(column: Column) -> str:
    title = f"{column.title} in {column.further_unit}" if column.further_unit else column.title
    return escape(visible(title)) + ARROWS[column.direction]


def gated(board: Leaderboard) -> Iterator[str]:
    """What the gates bar from ranks, and why; controls are there to be flagged."""
    for row in board.rows:
        yield from (f"{mark}: {row.name}{why}" for mark, why in remarks(row))
        if row.gate.flagged:
            yield f"flagged: {row.name} copies and is not ranked: {row.gate.reason}"
        elif row.bar:
            yield f"not ranked: {row.name}: {row.bar}"
        off = {place.missing for place in row.places.values() if place.missing.startswith("off this axis")}
        yield from (f"off an axis: {row.name}: {missing}" for missing in sorted(off))
        if row.ok and row.likelihood and row.audits.status is AuditStatus.FAILED:
            yield f"flagged: {row.name}: bits/dim is not ranked: {row.audits.unranked}"


def remarks(row: Row) -> Iterator[tuple[str, str]]:
    """What a reader should know of a candidate's fit and samples: the mark, and why."""
    took = "" if row.cost.cpu is None else f" and took {number(row.cost.cpu)} CPU seconds"
    if row.cost.images == 0:
        yield "no counted training", f": its fit was handed no images{took}"
    if row.cost.elsewhere:
        yield "trained beside its fit", f": most CPU seconds of its fit's process went elsewhere{took}"
    if row.cost.hides:
        yield "hidden work", ": its fit asked the kernel not to account for its processes"
    for mark, seeds in row.contractions():
        yield mark, f"{' ' * bool(seeds)}{seeds}: its samples lie denser than fresh real data do"


def _plain(words: str) -> str:
    return visible(" ".join(words.split()))


def _row(row: Row, columns: Sequence[Column], board: Leaderboard) -> list[str]:
    cells = [_cell(row.cells[column.name], board.is_best(row, column)) + _assured(row, column) for column in columns]
    mark = " ●" if row.front else " flagged" if row.bar and not row.control else ""
    tiers = _tiers(row, board.standings.axes, board.standings.running.tested)
    return [escape(visible(row.name)) + mark, tiers, *cells, f"{len(row.ok)}/{len(row.results)}"]


def _assured(row: Row, column: Column) -> str:
    """The mark of bits/dim that are verified."""
    shown = column.axis is Axis.DENSITY and row.cells[column.name].mean is not None
    return " ✓" if shown and row.assurance is Assurance.VERIFIED else ""


def _tiers(row: Row, axes: Sequence[str], tested: bool) -> str:
    """The tiers of the axes, ranks in brackets for what has none; ranks alone where nobody has a tier."""
    return " ".join(_standing(row.places.get(axis), tested) for axis in axes)


def _standing(place: Place | None, tested: bool) -> str:
    if place is None or place.rank is None:
        return "–"
    return f"({place.rank})" if tested and place.tier is None else str(place.tier or place.rank)


def _cell(cell: Cell, best: bool) -> str:
    if cell.mean is None:
        return cell.missing.kind.value if cell.missing else "n/a"
    text = (
        ("≥ " if AT_LEAST in cell.details else "")
        + number(cell.mean)
        + (f" ± {number(cell.half_width)}" if cell.half_width is not None else "")
    )
    return f"[bold]{text}[/bold]" if best else text
