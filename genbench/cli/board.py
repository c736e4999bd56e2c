"""A board on a terminal: places, axes, FD and bits/dim, in the width that is there; no name and no number is cut."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text

from genbench.cli.figures import number
from genbench.leaderboard import Cell, Column, Leaderboard, Place, Row
from genbench.records.audits import Assurance
from genbench.records.kinds import Axis
from genbench.records.score import AT_LEAST
from genbench.report.text import visible

FURTHER = ("fd", "bits-per-dim")  # scores that are shown beside the axes, where a task has them
MOST = 5  # scores that are shown
GAP, INDENT = "  ", "  "


@dataclass(frozen=True)
class Line:
    """A row of the board as text; the heads are such rows too."""

    name: str
    """The candidate's, with its marks."""
    figures: tuple[str, ...]
    """Its places, then its scores."""
    best: tuple[bool, ...] = ()
    """Which of them are the best of their column."""


@dataclass(frozen=True)
class Table:
    """The rows of a board as text."""

    heads: tuple[Line, ...]
    groups: tuple[tuple[Line, ...], ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        """The rows of all groups."""
        return tuple(line for group in self.groups for line in group)

    @property
    def names(self) -> int:
        """The width of the longest name."""
        return max(cell_len(line.name) for line in (*self.heads, *self.lines))

    @property
    def widths(self) -> list[int]:
        """The widths of the figures."""
        columns = zip(*(line.figures for line in (*self.heads, *self.lines)), strict=True)
        return [max(map(cell_len, column)) for column in columns]

    @property
    def wide(self) -> int:
        """The width of all figures of a row, with the gaps before them."""
        return sum(len(GAP) + width for width in self.widths)


def shown(board: Leaderboard, width: int) -> list[Column]:
    """The columns that a terminal of that width has room for: the axes, FD and bits/dim, then what fits."""
    own = list(board.standings.columns.values())
    known = [column for column in board.columns if column not in own]
    wanted = [next((c for c in known if c.name.partition("@")[0] == name), None) for name in FURTHER]
    core = own + [column for column in wanted if column is not None]
    told = {column.name.partition("@")[0] for column in core}  # by a second extractor it would have the same title
    rest = [column for column in known if column.name.partition("@")[0] not in told and column.axis is not Axis.COST]
    for count in range(max(0, MOST - len(core)), 0, -1):
        columns = core + rest[:count]
        table = _table(board, columns)
        if table.names + table.wide <= width:
            return columns
    return core


def board_lines(board: Leaderboard, width: int) -> Iterator[Text]:
    """The lines of a board for a terminal of that width.

    A candidate has one line; where one does not fit, each has its name above its figures; where these do not fit
    either, a line for each of them.
    """
    columns = shown(board, width)
    table = _table(board, columns)
    if table.names + table.wide <= width:
        return _drawn(table, table.names, above=False)
    if table.wide <= width:
        return _drawn(table, 0, above=True)
    return _listed(table)


def unshown(board: Leaderboard, width: int) -> int:
    """How many of a board's scores a terminal of that width does not show."""
    return len(board.columns) - len(shown(board, width))


def _table(board: Leaderboard, columns: Sequence[Column]) -> Table:
    axes = {column.name: axis for axis, column in board.standings.columns.items()}
    places = "tiers" if board.standings.running.tested else "ranks"
    titles = tuple(_title(column, axes) for column in columns)
    units = tuple(visible(column.unit if column.name in axes else column.further_unit) for column in columns)
    heads = [Line("candidate", (places, *titles)), *([Line("", ("", *units))] if any(units) else [])]
    groups = [tuple(_line(row, columns, board) for row in rows) for rows in (board.rows, board.controls) if rows]
    return Table(tuple(heads), tuple(groups))


def _title(column: Column, axes: dict[str, str]) -> str:
    arrow = f" {column.direction.arrow}" if column.direction else ""
    return visible(axes.get(column.name, column.title)) + arrow


def _line(row: Row, columns: Sequence[Column], board: Leaderboard) -> Line:
    cells = tuple(_cell(row.cells[column.name]) + _assured(row, column) for column in columns)
    best = tuple(board.is_best(row, column) for column in columns)
    mark = " ●" if row.front else " flagged" if row.bar and not row.control else " samples only" * row.samples_only
    fewer = f" {len(row.ok)}/{len(row.results)} seeds" if 0 < len(row.ok) < len(row.results) else ""
    places = _places(row, board.standings.axes, board.standings.running.tested)
    return Line(visible(row.name) + mark + fewer, (places, *cells), (False, *best))


def _assured(row: Row, column: Column) -> str:
    """The mark of bits/dim that are verified."""
    has = column.axis is Axis.DENSITY and row.cells[column.name].mean is not None
    return " ✓" if has and row.assurance is Assurance.VERIFIED else ""


def _places(row: Row, axes: Sequence[str], tested: bool) -> str:
    """The tiers of the axes, ranks in brackets for what has none; ranks alone where nobody has a tier."""
    return " ".join(_standing(row.places.get(axis), tested) for axis in axes)


def _standing(place: Place | None, tested: bool) -> str:
    if place is None or place.rank is None:
        return "–"
    return f"({place.rank})" if tested and place.tier is None else str(place.tier or place.rank)


def _cell(cell: Cell) -> str:
    if cell.mean is None:
        return cell.missing.kind.value if cell.missing else "n/a"
    least = "≥" if AT_LEAST in cell.details else ""
    return f"{least}{number(cell.mean)}" + (f"±{number(cell.half_width)}" if cell.half_width is not None else "")


def _drawn(table: Table, names: int, above: bool) -> Iterator[Text]:
    """Rows in columns, their names before them or above them."""
    rule = Text("─" * (names + table.wide))
    for index, head in enumerate(table.heads):
        yield from _row(head, table.widths, names, above and index == 0)
    for group in table.groups:
        yield rule
        for line in group:
            yield from _row(line, table.widths, names, above)


def _row(line: Line, widths: Sequence[int], names: int, above: bool) -> Iterator[Text]:
    if above:
        yield Text(line.name)
    name = "" if above else line.name
    text = Text(name + " " * (names - cell_len(name)))
    for index, (figure, width) in enumerate(zip(line.figures, widths, strict=True)):
        text.append(GAP + " " * (width - cell_len(figure)))
        text.append(figure, "bold" if line.best and line.best[index] else "")
    text.rstrip()
    yield text


def _listed(table: Table) -> Iterator[Text]:
    """A line for each figure."""
    titles = [" ".join(filter(None, parts)) for parts in zip(*(head.figures for head in table.heads), strict=True)]
    for group in table.groups:
        for line in group:
            yield Text(line.name)
            yield from (Text(f"{INDENT}{title}: {figure}") for title, figure in zip(titles, line.figures, strict=True))
