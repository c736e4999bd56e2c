"""Charts as geometry: what the templates draw as SVG, in pixels of a chart's own box."""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from genbench.leaderboard import Cell, Column, Leaderboard, Row
from genbench.leaderboard.statistics import pareto_front
from genbench.leaderboard.words import listed
from genbench.records.kinds import Axis, Direction
from genbench.report.curves import thinned
from genbench.report.labels import Box, Label, placed
from genbench.report.lettering import Lettering, fitted, width
from genbench.report.rows import ids, numbers
from genbench.report.scales import PixelScale, pixel_scale
from genbench.report.text import clip, number

WIDTH, HEIGHT = 392, 330  # of a chart
LEFT, RIGHT, TOP, BOTTOM = 50, 380, 12, 284  # of the plot in it
BOX = {"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": RIGHT, "top": TOP, "bottom": BOTTOM}
EVALUATIONS = "nfe"  # the score that counts them: what a sampler costs on any machine
OTHER = "other"  # the shape of a family that the record does not state
SMALLEST = 1e-30  # of a speed on a logarithmic scale
LONGEST = 22  # characters of a label
TITLE = 12.0  # pixels, of the text along an axis
_SETTINGS = re.compile(r"\[[^\]]*\]")
Spot = tuple[float, float]


@dataclass(frozen=True)
class Mark:
    """A candidate on a chart: where, which family's shape, hollow for a control, and the ends of its whiskers."""

    x: float
    y: float
    family: str
    control: bool
    text: str
    label: Label | None
    across: tuple[float, float]
    up: tuple[float, float]
    row: str
    """The id of its row in the table."""

    @property
    def named(self) -> bool:
        """Whether its name stands beside it."""
        return self.label is not None and self.label.choice == 0


@dataclass(frozen=True)
class Kin:
    """The presets of one fit, from left to right."""

    family: str
    spots: tuple[Spot, ...]


@dataclass(frozen=True)
class Scatter:
    """Two axes against each other, with the front of those two as a staircase of (x, y)."""

    x: Column
    y: Column
    x_scale: PixelScale
    y_scale: PixelScale
    marks: tuple[Mark, ...]
    """Those on the front first."""
    kin: tuple[Kin, ...]
    staircase: tuple[Spot, ...]
    left_out: int
    """How many rows are not drawn."""
    elsewhere: int
    """How many of them for speeds of another machine."""
    front: str
    """Who is on the front, in words."""

    @property
    def x_ticks(self) -> list[tuple[float, str]]:
        """Positions and words, which keep apart and within the chart."""
        return [(at, text) for at, text in self.x_scale.spaced() if at + width(text) / 2 < WIDTH]

    @property
    def y_ticks(self) -> list[tuple[float, Lettering]]:
        """The same of the other axis, left of the plot."""
        return [(at, fitted(text, LEFT - 6 - TITLE - 6)) for at, text in self.y_scale.labels]

    @property
    def x_title(self) -> Lettering:
        """What stands along an axis."""
        return fitted(_axis_title(self.x, self.x_scale), RIGHT - LEFT + 20, TITLE)

    @property
    def y_title(self) -> Lettering:
        """The same of the other axis."""
        return fitted(_axis_title(self.y, self.y_scale), BOTTOM - TOP, TITLE)

    @property
    def whiskered(self) -> list[Mark]:
        """The marks that have whiskers."""
        return [mark for mark in self.marks if len({*mark.across}) + len({*mark.up}) > 2]

    @property
    def bare(self) -> int:
        """How many marks have no label."""
        return sum(mark.label is None for mark in self.marks)


def _axis_title(column: Column, scale: PixelScale) -> str:
    unit = f" ({clip(column.further_unit, 16)})" if column.further_unit else ""
    turned = ", reversed" if column.direction is Direction.LOWER else ""
    return f"{clip(column.title, 40)}{unit}{', log scale' if scale.log else ''}{turned}"


def trilemma(board: Leaderboard) -> list[Scatter]:
    """A chart of each two of the task's axes, the earlier one upwards."""
    known = {column.name: column for column in board.columns}
    axes = [known[name] for _, name in board.terms.ranked if name in known]
    charts = [scatter(board, x, y) for y, x in itertools.combinations(axes, 2)]
    return [chart for chart in charts if chart]


def effort(board: Leaderboard) -> list[Scatter]:
    """A chart of each axis but speed over network evaluations, fewer to the right; none where all take as many."""
    known = {column.name: column for column in board.columns}
    axes = [known[name] for _, name in board.terms.ranked if name in known and known[name].axis is not Axis.SPEED]
    counts = {row.cells[EVALUATIONS].mean for row in board.rows} - {None} if EVALUATIONS in known else set()
    charts = [scatter(board, known[EVALUATIONS], axis) for axis in axes] if len(counts) > 1 else []
    return [chart for chart in charts if chart]


def key(board: Leaderboard, drawn: Iterable[Scatter]) -> list[tuple[int, str, str]]:
    """Who is not named beside each of its marks: the number of its row, its name, and the row's id."""
    unnamed = {mark.row for chart in drawn for mark in chart.marks if not mark.named}
    known = ids(board)
    return [(number, name, known[name]) for name, number in numbers(board).items() if known[name] in unnamed]


def scatter(board: Leaderboard, x: Column, y: Column) -> Scatter | None:
    """The chart of all rows that have both scores, speeds of the board's machine; None where no row has."""
    rows = [row for row in (*board.rows, *board.controls) if all(_plotted(row.cells[c.name], c) for c in (x, y))]
    timed = board.home if x.of_machine or y.of_machine else ""
    elsewhere = {row.name for row in rows if timed and row.hardware not in ((), (timed,))}
    rows = [row for row in rows if row.name not in elsewhere]
    if not rows:
        return None
    across, up = _axis(x, rows, LEFT, RIGHT), _axis(y, rows, BOTTOM, TOP)
    front = _front(rows, x, y)
    first = {row.name for row in front}
    rows = [*front, *(row for row in rows if row.name not in first)]
    spots = [(across(row.cells[x.name].mean or 0), up(row.cells[y.name].mean or 0)) for row in rows]
    kin, stairs = tuple(_kin(rows, spots)), tuple(_staircase(spots[: len(front)]))
    texts = _texts(rows, numbers(board))
    labels = placed(spots, texts, (LEFT, TOP, RIGHT, BOTTOM), [*_steps(stairs), *_beads(kin)])
    known = ids(board)
    marks = tuple(
        Mark(
            *spot,
            family_of(row),
            bool(row.control),
            _described(row, x, y),
            label,
            _ends(row.cells[x.name], across),
            _ends(row.cells[y.name], up),
            known[row.name],
        )
        for row, spot, label in zip(rows, spots, labels, strict=True)
    )
    names = listed([clip(row.name, 40) for row in front], "and")
    left_out = len(board.rows) + len(board.controls) - len(rows)
    return Scatter(x, y, across, up, marks, kin, stairs, left_out, len(elsewhere), names)


def _texts(rows: Sequence[Row], known: Mapping[str, int]) -> list[tuple[str, str]]:
    """What may be written beside each mark: its name, or the number of its row."""
    return [(name, str(known[row.name])) for name, row in zip(short_names(rows), rows, strict=True)]


def _front(rows: Sequence[Row], x: Column, y: Column) -> list[Row]:
    """The ranked candidates that no other one beats on both scores."""
    known = [row for row in rows if not row.unranked(x) and not row.unranked(y)]
    points = [[column.oriented(row.cells[column.name].mean or 0) for column in (x, y)] for row in known]
    return [row for row, on in zip(known, pareto_front(points), strict=True) if on]


def _kin(rows: Sequence[Row], spots: Sequence[Spot]) -> Iterator[Kin]:
    """The presets of each fit that has several on the chart."""
    fits: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        if not row.control:
            fits.setdefault(row.model.reference, []).append(i)
    for own in fits.values():
        if len(own) > 1:
            yield Kin(family_of(rows[own[0]]), tuple(sorted(spots[i] for i in own)))


def _beads(kin: Iterable[Kin]) -> Iterator[Box]:
    """Small boxes along the lines between presets, which labels go round."""
    for (a, b), (c, d) in (pair for own in kin for pair in itertools.pairwise(own.spots)):
        count = int(max(abs(c - a), abs(d - b)) // 6) + 1
        for i in range(count + 1):
            x, y = a + (c - a) * i / count, b + (d - b) * i / count
            yield x - 2, y - 2, x + 2, y + 2


def _steps(stairs: Sequence[Spot]) -> list[Box]:
    return [(a, min(b, d), c, max(b, d)) for (a, b), (c, d) in itertools.pairwise(stairs)]


def _plotted(cell: Cell, column: Column) -> bool:
    return cell.mean is not None and (cell.mean > SMALLEST or column.axis is not Axis.SPEED)


def _axis(column: Column, rows: Sequence[Row], start: float, end: float) -> PixelScale:
    """Better is always towards `end`."""
    if column.direction is Direction.LOWER:
        start, end = end, start
    means = [row.cells[column.name].mean or 0.0 for row in rows]
    return pixel_scale(means, start, end, log=column.axis is Axis.SPEED)


def _ends(cell: Cell, to_pixels: PixelScale) -> tuple[float, float]:
    mean, half = cell.mean or 0.0, cell.half_width or 0.0
    return to_pixels(mean - half), to_pixels(mean + half)


def _staircase(front: Sequence[tuple[float, float]]) -> Iterable[tuple[float, float]]:
    """The border of what the front's spots dominate, as corners from left to right and down."""
    corners = sorted(set(front))
    for i, (x, y) in enumerate(corners):
        yield corners[i - 1][0] if i else LEFT, y
        yield x, y
    if corners:
        yield corners[-1][0], BOTTOM


def _described(row: Row, x: Column, y: Column) -> str:
    values = (f"{column.title} {number(row.cells[column.name].mean or 0.0)}" for column in (x, y))
    flag = "; flagged, not ranked" if row.gate.flagged and not row.control else ""
    return clip(f"{clip(row.name, 80)}: {', '.join(values)}{flag}", 200)


def family_of(row: Row) -> str:
    """The row's family, or "other" where the record does not state it."""
    return row.model.family.value if row.model.family else OTHER


def short_names(rows: Sequence[Row]) -> list[str]:
    """Names for labels: without settings where that keeps them apart, at most `LONGEST` characters."""
    plain = [_SETTINGS.sub("", row.name) for row in rows]
    unique = [short if short and plain.count(short) == 1 else row.name for row, short in zip(rows, plain, strict=True)]
    return [clip(name, LONGEST) for name in unique]


@dataclass(frozen=True)
class Curve:
    """The learning curve of one model at one seed: a line per logged number, on shared axes."""

    name: str
    seed: int
    lines: tuple[tuple[str, tuple[tuple[float, float], ...]], ...]
    low: str
    high: str
    images: str


CURVE_BOX = (4.0, 236.0, 96.0, 6.0)  # left, right, bottom, top
CURVE_LINES, CURVE_POINTS, ALL_POINTS = 3, 60, 1200  # of a curve, of a line, and of the lines of a page


def curve(name: str, seed: int, points: Sequence[Mapping[str, float]], most: int = CURVE_POINTS) -> Curve | None:
    """At most three of the numbers that a model logged against images seen; None below two points.

    Args:
        most: points of a line, at least two.
    """
    keys = list(dict.fromkeys(key for point in points for key in sorted(point) if key not in ("images", "seconds")))
    lines = {key: [(p["images"], p[key]) for p in points if key in p and "images" in p] for key in keys}
    drawn = {key: thinned(line, most) for key, line in lines.items() if len(line) > 1}
    drawn = dict(list(drawn.items())[:CURVE_LINES])
    if not drawn:
        return None
    images, values = ([point[i] for line in drawn.values() for point in line] for i in (0, 1))
    left, right, bottom, top = CURVE_BOX
    across, up = (
        PixelScale(min(v), max(v), a, b, False, ()) for v, a, b in ((images, left, right), (values, bottom, top))
    )
    pixels = tuple((key, tuple((across(x), up(y)) for x, y in line)) for key, line in drawn.items())
    return Curve(name, seed, pixels, number(min(values)), number(max(values)), number(max(images)))
