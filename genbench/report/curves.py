"""Training curves: a chart for each quantity that a model logged, a line for each seed, against images seen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from genbench.records.record import Record
from genbench.report.scales import PixelScale, pixel_scale
from genbench.report.text import number

LEFT, RIGHT, TOP, BOTTOM = 56, 408, 14, 164  # of the plot in its box of 420 × 210
CHARTS, SEEDS, POINTS = 6, 5, 60  # of a model, of a chart, of a line; what is more is left out, and said
ALONG = ("images", "seconds")  # what a point is logged at; all else is a quantity
LOG = 100.0  # the ratio of positive values beyond which a scale is logarithmic


@dataclass(frozen=True)
class Line:
    """One seed: its points, and whether all of them are shown."""

    seed: int
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class CurveChart:
    """One quantity on a scale of its own."""

    name: str
    x_scale: PixelScale
    y_scale: PixelScale
    lines: tuple[Line, ...]
    ends: str
    """Where the first line begins and ends, in words."""


def curve_charts(records: Sequence[Record]) -> list[CurveChart]:
    """The charts of one model's records; of those that logged two points at least."""
    keys = dict.fromkeys(key for own in records for point in own.curve for key in sorted(point) if key not in ALONG)
    charts = [chart for key in keys if (chart := _chart(key, records))]
    return charts[:CHARTS]


def _chart(key: str, records: Sequence[Record]) -> CurveChart | None:
    logged = {own.seed: _points(key, own.curve) for own in records}
    lines = {seed: line for seed, line in logged.items() if len(line) > 1}
    if not lines:
        return None
    lines = dict(list(lines.items())[:SEEDS])
    images, values = ([point[i] for line in lines.values() for point in line] for i in (0, 1))
    log = min(values) > 0 and max(values) > LOG * min(values)
    across, up = pixel_scale([0.0, *images], LEFT, RIGHT, log=False), pixel_scale(values, BOTTOM, TOP, log=log)
    drawn = tuple(Line(seed, tuple((across(x), up(y)) for x, y in thinned(line))) for seed, line in lines.items())
    first = next(iter(lines.values()))
    ends = f"from {number(first[0][1])} to {number(first[-1][1])} over {number(first[-1][0])} images"
    return CurveChart(key, across, up, drawn, ends)


def _points(key: str, curve: Iterable[Mapping[str, float]]) -> list[tuple[float, float]]:
    return [(point["images"], point[key]) for point in curve if key in point and "images" in point]


def thinned(line: Sequence[tuple[float, float]], most: int = POINTS) -> list[tuple[float, float]]:
    """At most `most` of the points, evenly spread, both ends among them."""
    count = min(len(line), most)
    return [line[round(i * (len(line) - 1) / (count - 1))] for i in range(count)]
