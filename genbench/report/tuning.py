"""How models were tuned: the best of k trials, the default beside the best, quality against training images."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from genbench.leaderboard import Leaderboard, Row
from genbench.leaderboard.statistics.best_of import best_of
from genbench.leaderboard.statistics.intervals import interval
from genbench.records.tuning import Tuning
from genbench.report.charts import family_of
from genbench.report.lettering import Lettering, fitted
from genbench.report.scales import PixelScale, pixel_scale
from genbench.report.text import clip, number, spread

LEFT, RIGHT, TOP, BOTTOM = 56, 408, 14, 164  # of the plot in its box of 420 × 210
LINES = 5  # kinds of them that a page can tell apart
LOG = 30.0  # the ratio of positive values beyond which a scale is logarithmic
Spot = tuple[float, float]


@dataclass(frozen=True)
class Point:
    """A point of a line, in data: where, its value, and the ends of its whisker."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """A line with a band around it, in pixels."""

    name: str
    kind: int
    """From 1 on: how it is drawn."""
    family: str
    spots: tuple[Spot, ...]
    band: tuple[Spot, ...]
    words: str


@dataclass(frozen=True)
class LineChart:
    """Lines on shared axes."""

    title: str
    x_title: str
    y_title: Lettering
    x_scale: PixelScale
    y_scale: PixelScale
    lines: tuple[Line, ...]


def section(board: Leaderboard) -> dict[str, Any]:
    """Everything that the template of the section asks for; nothing to show without a tuning."""
    own = [tuning for tuning in board.tunings if tuning.best is not None]
    failed = [tuning.default for tuning in board.tunings if tuning.best is None]
    scores = dict.fromkeys(tuning.criterion for tuning in own)
    alike = [[tuning for tuning in own if tuning.criterion == score] for score in scores]
    charts = [chart for group in alike for chart in (searches(board, group), budgets(board, group)) if chart]
    return {"tuned": [told(board, tuning) for tuning in own], "tuning_charts": charts, "untuned": failed}


def told(board: Leaderboard, tuning: Tuning) -> dict[str, Any]:
    """One model: what was tried, and the default beside the best, on valid and on the board."""
    best = tuning.best
    references = list(dict.fromkeys([tuning.default, *([best.reference] if best else [])]))
    return {
        "name": tuning.default,
        "facts": _facts(tuning),
        "searched": list(tuning.searched.items()),
        "title": f"{tuning.title} {tuning.direction.arrow}",
        "axes": [axis for axis, _ in board.terms.ranked],
        "rows": [_compared(board, tuning, reference) for reference in references],
        "kept": best is not None and best.number == 0,
    }


def _facts(tuning: Tuning) -> str:
    """What was tried, in a sentence."""
    failed = sum(trial.value is None for trial in tuning.trials)
    lost = f", {failed} of them without a value" if failed else ""
    images = f"{tuning.images:,} training images each"
    return f"{len(tuning.trials)} trials{lost}, {images}, judged on {tuning.rows:,} rows of valid; seed {tuning.seed}"


def _compared(board: Leaderboard, tuning: Tuning, reference: str) -> dict[str, Any]:
    """A configuration: its value on valid, and its means on the board."""
    row, trial = _row(board, tuning, reference), next(own for own in tuning.trials if own.reference == reference)
    scores = (tuning.criterion, *(score for _, score in board.terms.ranked))
    return {
        "what": "default" if trial.number == 0 else f"trial {trial.number}",
        "reference": reference,
        "valid": "failed" if trial.value is None else number(trial.value),
        "means": [_mean(row, score) for score in scores],
    }


def _mean(row: Row | None, score: str) -> str:
    cell = row.cells.get(score) if row else None
    if cell is None or cell.mean is None:
        return "n/a"
    return f"{number(cell.mean)} {spread(cell.mean, cell.half_width)}".strip()


def _row(board: Leaderboard, tuning: Tuning, reference: str) -> Row | None:
    """The row of a configuration by the preset that counted; None where it has no result."""
    own = (row for row in board.rows if row.model.reference == reference and row.ok)
    return next((row for row in own if row.ok[0].candidate.sampler == tuning.sampler), None)


def searches(board: Leaderboard, tunings: Sequence[Tuning]) -> LineChart | None:
    """The expected best of k random trials, with its standard deviation, for each model."""
    lines = [(tuning.default, _family(board, tuning.default), list(curve(tuning))) for tuning in tunings]
    title = f"Expected best {tunings[0].title} on valid of k trials"
    return _chart(title, "random trials", f"best {tunings[0].title} on valid", lines, log=False)


def curve(tuning: Tuning) -> Iterable[Point]:
    """By k, from 1 to the random trials: mean and mean ± standard deviation, within what was seen, as in the source.

    Source: Dodge et al. 2019, sec. 3, https://arxiv.org/abs/1909.03004
    """
    drawn, sign = tuning.drawn, tuning.oriented(1.0)
    for k in range(1, len(drawn) + 1):
        found = best_of(drawn, k)
        half = math.sqrt(found.variance)
        ends = (max(found.mean - half, min(drawn)), min(found.mean + half, max(drawn)))
        yield Point(k, sign * found.mean, *sorted(sign * end for end in ends))


def budgets(board: Leaderboard, tunings: Sequence[Tuning]) -> LineChart | None:
    """The criterion on test against training images, of the default and the best of each model; None at one budget."""
    lines = []
    for tuning in (own for own in tunings if own.budgets):
        references = dict.fromkeys([tuning.default, *([tuning.best.reference] if tuning.best else [])])
        lines += [(name, _family(board, tuning.default), _at(board, tuning, name)) for name in references]
    title = f"{tunings[0].title} on test against training images"
    return _chart(title, "training images", tunings[0].title, lines, log=True) if lines else None


def _at(board: Leaderboard, tuning: Tuning, reference: str) -> list[Point]:
    """A configuration at each budget, the board's own among them: mean and interval over seeds."""
    found = {point.images: list(point.values) for point in tuning.budgets if point.reference == reference}
    row = _row(board, tuning, reference)
    own = [result.candidate.scores.get(tuning.criterion) for result in row.ok] if row else []
    found[board.suite.images] = [score.value for score in own if score is not None]
    points = []
    for images, values in sorted((images, values) for images, values in found.items() if values):
        whole = interval(values)
        half = whole.half_width or 0.0
        points.append(Point(images, whole.mean, whole.mean - half, whole.mean + half))
    return points


def _chart(
    title: str, x_title: str, y_title: str, lines: Sequence[tuple[str, str, Sequence[Point]]], log: bool
) -> LineChart | None:
    """The lines that have two points at least; None where none has."""
    known = [line for line in lines if len(line[2]) > 1]
    points = [point for _, _, own in known for point in own]
    if not points:
        return None
    heights = [height for point in points for height in (point.low, point.y, point.high)]
    far = min(heights) > 0 and max(heights) > LOG * min(heights)
    across = pixel_scale([point.x for point in points], LEFT, RIGHT, log=log)
    up = pixel_scale(heights, BOTTOM, TOP, log=far)
    drawn = tuple(_line(i, *line, across, up) for i, line in enumerate(known))
    return LineChart(
        title, x_title, fitted(f"{clip(y_title, 40)}{', log scale' * far}", BOTTOM - TOP, 12.0), across, up, drawn
    )


def _line(i: int, name: str, family: str, points: Sequence[Point], across: PixelScale, up: PixelScale) -> Line:
    spots = tuple((across(point.x), up(point.y)) for point in points)
    above = [(across(point.x), up(point.high)) for point in points]
    below = [(across(point.x), up(point.low)) for point in reversed(points)]
    words = ", ".join(f"{number(point.y)} at {point.x:,.0f}" for point in (points[0], points[-1]))
    return Line(name, i % LINES + 1, family, spots, (*above, *below), f"{name}: {words}")


def _family(board: Leaderboard, reference: str) -> str:
    row = next((row for row in board.rows if row.model.reference == reference), None)
    return family_of(row) if row else "other"
