"""Charts as geometry: what the templates draw as SVG. Positions are in pixels of the chart's own 420 × 330 box."""

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from genbench.leaderboard import Cell, Column, Leaderboard, Row
from genbench.leaderboard.statistics import pareto_front
from genbench.records.kinds import Axis, Direction
from genbench.report.labels import Label, placed
from genbench.report.text import clip, number, short

LEFT, RIGHT, TOP, BOTTOM = 50, 408, 12, 284  # of the plot in its box
OTHER = "other"  # the shape of a family that the record does not state
SMALLEST = 1e-30  # of a speed on a logarithmic scale
_SETTINGS = re.compile(r"\[[^\]]*\]")


@dataclass(frozen=True)
class PixelScale:
    """A map from data to pixels, linear or logarithmic, with its ticks."""

    low: float
    high: float
    start: float
    end: float
    log: bool
    ticks: tuple[float, ...]

    def __call__(self, value: float) -> float:
        """The position of `value`, cut to the scale's ends."""
        low, high, at = (math.log10(v) if self.log else v for v in (self.low, self.high, max(value, self.low)))
        share = min(1.0, (at - low) / (high - low)) if high > low else 0.5
        return round(self.start + share * (self.end - self.start), 1)

    @property
    def labels(self) -> list[tuple[float, str]]:
        """The ticks: (position, text)."""
        return [(self(tick), short(tick)) for tick in self.ticks]


def pixel_scale(values: Sequence[float], start: float, end: float, log: bool) -> PixelScale:
    """A scale that holds all of `values`, from tick to tick; logarithmic ones take positive values."""
    if log:
        return _decades(math.log10(min(values)), math.log10(max(values)), start, end)
    low, high = min(values), max(values)
    width = max(high - low, 0.02 * max(abs(low), abs(high))) or 1.0  # equal values get an axis too
    decade = 10 ** math.floor(math.log10(width / 5))
    step = next(m * decade for m in (1, 2, 5, 10) if m * decade >= width / 5.5)
    first, last = math.floor(low / step), max(math.ceil(high / step), math.floor(low / step) + 1)
    pad = (last - first) * step * 0.03  # so that a mark at an end is drawn whole
    return PixelScale(
        first * step - pad,
        last * step + pad,
        start,
        end,
        False,
        tuple(round(k * step, 12) for k in range(first, last + 1)),
    )


def _decades(low: float, high: float, start: float, end: float) -> PixelScale:
    """A logarithmic scale from a little below 10^low to a little above 10^high, with at least two decades as ticks."""
    pad = 0.05 * (high - low)
    low, high = low - pad, high + pad
    if math.floor(high) - math.ceil(low) < 1:
        low, high = math.floor(low), max(math.ceil(high), math.floor(low) + 1)
    first, last = math.ceil(low), math.floor(high)
    ticks = tuple(10.0**k for k in range(first, last + 1, 1 + (last - first) // 8))
    return PixelScale(10.0**low, 10.0**high, start, end, True, ticks)


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


@dataclass(frozen=True)
class Scatter:
    """Two axes against each other, with the front of those two as a staircase of (x, y)."""

    x: Column
    y: Column
    x_scale: PixelScale
    y_scale: PixelScale
    marks: tuple[Mark, ...]
    staircase: tuple[tuple[float, float], ...]
    left_out: int


def trilemma(board: Leaderboard) -> list[Scatter]:
    """A chart of each two of the task's axes, the earlier one upwards."""
    known = {column.name: column for column in board.columns}
    axes = [known[name] for _, name in board.terms.ranked if name in known]
    charts = [scatter(board, x, y) for y, x in itertools.combinations(axes, 2)]
    return [chart for chart in charts if chart]


def scatter(board: Leaderboard, x: Column, y: Column) -> Scatter | None:
    """The chart of all rows that have both scores; None where no row has."""
    both = (*board.rows, *board.controls)
    rows = [row for row in both if _plotted(row.cells[x.name], x) and _plotted(row.cells[y.name], y)]
    if not rows:
        return None
    xs, ys = ([row.cells[column.name] for row in rows] for column in (x, y))
    across, up = _axis(x, xs, LEFT, RIGHT), _axis(y, ys, BOTTOM, TOP)
    spots = [(across(a.mean or 0), up(b.mean or 0)) for a, b in zip(xs, ys, strict=True)]
    stairs = tuple(_staircase(_front(rows, spots, x, y)))
    steps = [(a, min(b, d), c, max(b, d)) for (a, b), (c, d) in itertools.pairwise(stairs)]
    labels = placed(spots, short_names(rows), (LEFT, TOP, RIGHT, BOTTOM), steps)
    marks = tuple(
        Mark(*spot, family_of(row), bool(row.control), _described(row, x, y), label, _ends(a, across), _ends(b, up))
        for row, spot, label, a, b in zip(rows, spots, labels, xs, ys, strict=True)
    )
    return Scatter(x, y, across, up, marks, stairs, len(both) - len(rows))


def _front(
    rows: Sequence[Row], spots: Sequence[tuple[float, float]], x: Column, y: Column
) -> list[tuple[float, float]]:
    """The spots of the ranked candidates that no other one beats on both scores."""
    known = [(row, spot) for row, spot in zip(rows, spots, strict=True) if not row.unranked(x)]
    points = [[column.oriented(row.cells[column.name].mean or 0) for column in (x, y)] for row, _ in known]
    return [spot for (_, spot), on in zip(known, pareto_front(points), strict=True) if on]


def _plotted(cell: Cell, column: Column) -> bool:
    return cell.mean is not None and (cell.mean > SMALLEST or column.axis is not Axis.SPEED)


def _axis(column: Column, cells: Iterable[Cell], start: float, end: float) -> PixelScale:
    """Better is always towards `end`."""
    if column.direction is Direction.LOWER:
        start, end = end, start
    return pixel_scale([cell.mean or 0.0 for cell in cells], start, end, log=column.axis is Axis.SPEED)


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
    """Names for labels: without settings where that keeps them apart, at most 22 characters."""
    plain = [_SETTINGS.sub("", row.name) for row in rows]
    unique = [short if short and plain.count(short) == 1 else row.name for row, short in zip(rows, plain, strict=True)]
    return [clip(name, 22) for name in unique]


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
    drawn = {key: _thinned(line, most) for key, line in lines.items() if len(line) > 1}
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


def _thinned(line: Sequence[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """At most `most` of the points, evenly spread, both ends among them."""
    count = min(len(line), most)
    return [line[round(i * (len(line) - 1) / (count - 1))] for i in range(count)]
