"""latex: a board as the table of a paper, with booktabs: mean ± interval, bold where significantly best, footnotes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from genbench.errors import unknown
from genbench.export.tex import escaped, figure, math
from genbench.leaderboard import Cell, Column, Leaderboard, Row
from genbench.leaderboard.anchors import control
from genbench.leaderboard.foremost import foremost
from genbench.leaderboard.row import MIXED, SAMPLES_ONLY
from genbench.records.audits import Assurance
from genbench.records.kinds import Axis, ControlKind, Direction, Likelihood
from genbench.records.score import AT_LEAST
from genbench.records.status import words

ARROWS = {Direction.HIGHER: r" $\uparrow$", Direction.LOWER: r" $\downarrow$", None: ""}
SIGNS = {Likelihood.LOWER_BOUND.value: r"\leq ", Likelihood.ESTIMATE.value: r"\approx ", MIXED: r"\sim "}
COST = "fit-time"  # the score that stands for it
LONGEST = 160  # characters of a footnote
BOLD = (
    "Bold: significantly better than each other candidate in the running, over training seeds (on the axes as the "
    "board has it, elsewhere by the same test with Holm's correction over all pairs of these columns). Costs are not "
    "tested."
)


@dataclass
class _Notes:
    """The footnotes of a table, each told once."""

    told: dict[str, str] = field(default_factory=dict)

    def mark(self, *reasons: str) -> str:
        """The marks of some reasons, those that are "" passed over."""
        marks = [self.told.setdefault(reason, _letter(len(self.told))) for reason in reasons if reason]
        return rf"\textsuperscript{{{','.join(marks)}}}" if marks else ""


def content(board: Leaderboard, columns: Sequence[str] = ()) -> bytes:
    r"""The file: a `table` float in ASCII and Latin letters, to be read by \input.

    Args:
        columns: names of scores or axes; by default the axes, FD, bits/dim and the time of a fit.
    Raises:
        GenbenchError: a column that the board does not have.
    """
    shown = [_column(board, name) for name in columns] if columns else _usual(board)
    bold, notes = foremost(board.standings, shown), _Notes()
    first = [_line(row, shown, bold, notes, board) for row in board.rows if row.ok]
    kinds = (ControlKind.CEILING, ControlKind.FLOOR)
    ends = [found for kind in kinds if (found := control(board.controls, kind))]
    last = [_line(row, shown, bold, notes, board) for row in ends]
    body = [*first, *([r"\midrule", *last] if first and last else last)]
    return ("\n".join([*_head(board, shown), *body, *_foot(board, shown, notes, bold)]) + "\n").encode()


def _usual(board: Leaderboard) -> list[Column]:
    known = {column.name: column for column in board.columns}
    beside = [next((c.name for c in board.columns if c.axis is axis), "") for axis in (Axis.OVERALL, Axis.DENSITY)]
    names = dict.fromkeys([*(name for _, name in board.terms.ranked), *beside, COST])
    return [known[name] for name in names if name in known]


def _column(board: Leaderboard, name: str) -> Column:
    """The column of a score, of a metric by the first extractor that has it, or of an axis."""
    axes = dict(board.terms.ranked)
    metrics = {column.name.partition("@")[0]: column for column in reversed(board.columns)}
    known = metrics | {column.name: column for column in board.columns}
    known |= {axis: known[score] for axis, score in axes.items() if score in known}
    if name not in known:
        raise unknown("column of this board", name, known)
    return known[name]


def _head(board: Leaderboard, columns: Sequence[Column]) -> list[str]:
    named = {score: axis for axis, score in board.terms.ranked}
    titles = [escaped(_title(column, named)) + ARROWS[column.direction] for column in columns]
    own = [column.unit if column.name in named else column.further_unit for column in columns]
    units = [f"({escaped(unit)})" if unit else "" for unit in own]
    rows = [["Candidate", *titles], *([["", *units]] if any(units) else [])]
    return [
        r"% needs \usepackage{booktabs}",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escaped(board.suite.title or board.suite.name)}: {escaped(board.task)}.}}",
        r"\small",
        rf"\begin{{tabular}}{{l{'r' * len(columns)}}}",
        r"\toprule",
        *(" & ".join(row) + r" \\" for row in rows),
        r"\midrule",
    ]


def _title(column: Column, axes: Mapping[str, str]) -> str:
    return _sentence(axes[column.name]) if column.name in axes else column.title


def _line(row: Row, columns: Sequence[Column], bold: Mapping[str, str], notes: _Notes, board: Leaderboard) -> str:
    name = escaped(row.name) + notes.mark(*_remarks(row, board))
    return " & ".join([name, *(_cell(row, c, bold.get(c.name) == row.name, notes) for c in columns)]) + r" \\"


def _remarks(row: Row, board: Leaderboard) -> Iterator[str]:
    """What a reader has to know of a candidate: its gates, and how many seeds it has."""
    if row.control:
        yield "a control of the harness, not ranked"
        return
    yield f"not ranked: {row.bar}" if row.bar else ""
    yield f"not in the running: {row.outside}" if row.outside else ""
    yield SAMPLES_ONLY if row.samples_only and row.outside != SAMPLES_ONLY else ""
    usual = max((len(other.ok) for other in board.rows), default=0)
    yield f"{len(row.ok)} of {len(row.results)} seeds" if 0 < len(row.ok) < len(row.results) else ""
    yield f"{len(row.ok)} seeds" if len(row.ok) == len(row.results) < usual else ""


def _cell(row: Row, column: Column, bold: bool, notes: _Notes) -> str:
    cell = row.cells[column.name]
    if cell.mean is None:
        reason = cell.missing.reason if cell.missing else ""
        return (cell.missing.kind.value if cell.missing else "n/a") + notes.mark(reason)
    sign = SIGNS.get(row.likelihood, "") if column.axis is Axis.DENSITY else r"\geq " * (AT_LEAST in cell.details)
    return math(sign + figure(cell.mean, cell.half_width, bold)) + notes.mark(*_doubts(row, column, cell))


def _doubts(row: Row, column: Column, cell: Cell) -> Iterator[str]:
    """What is to be said of a value that is there."""
    off = "" if row.control or row.bar else row.apart(column)
    yield f"not ranked: {off}" if off else ""
    declared = column.axis is Axis.DENSITY and not row.control and row.assurance is Assurance.DECLARED
    yield "declared by the model, not verified" if declared and not off else ""
    yield f"{len(cell.values)} of {len(row.ok)} seeds" if len(cell.values) < len(row.ok) else ""


def _foot(board: Leaderboard, columns: Sequence[Column], notes: _Notes, bold: Mapping[str, str]) -> list[str]:
    reasons = [rf"\textsuperscript{{{mark}}} {escaped(reason, LONGEST)}" for reason, mark in notes.told.items()]
    return [
        r"\bottomrule",
        r"\end{tabular}",
        r"\par\smallskip",
        r"\begin{minipage}{\linewidth}\footnotesize",
        *(line if line.endswith(".") else f"{line}." for line in [*_words(board, columns, bold), *reasons]),
        r"\end{minipage}",
        r"\end{table}",
    ]


def _words(board: Leaderboard, columns: Sequence[Column], bold: Mapping[str, str]) -> Iterator[str]:
    seeds = max((len(row.ok) for row in board.rows), default=0)
    yield escaped(f"Means over {seeds} training seed{'s' * (seeds != 1)}", LONGEST)
    if any(row.cells[column.name].half_width is not None for row in board.rows for column in columns):
        yield r"$\pm$: half the width of a 95\,\% interval over seeds"
    axes = [f"{axis} is {score}" for axis, score in board.terms.ranked if score in {c.name for c in columns}]
    yield from [escaped(_sentence("; ".join(axes)), 2 * LONGEST)] if axes else []
    yield escaped(BOLD, len(BOLD)) if bold else "Nothing is bold: no value is significantly better than each other one"
    for kind, names in _without(board).items():
        yield escaped(f"{_sentence(kind)}: {', '.join(names)}", 2 * LONGEST)
    yield escaped(f"{board.dataset.name}, protocol {board.protocol[:12]}, {', '.join(board.hardware)}", LONGEST)


def _without(board: Leaderboard) -> dict[str, list[str]]:
    """How candidates ended that have no result, and so no row → their names."""
    found: dict[str, list[str]] = {}
    for row in board.rows:
        if not row.ok:
            found.setdefault(words(row.results[0].candidate.status), []).append(row.name)
    return found


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _letter(place: int) -> str:
    """a, b, …, z, aa, ab, …"""
    return (_letter(place // 26 - 1) if place >= 26 else "") + chr(ord("a") + place % 26)
