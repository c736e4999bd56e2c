"""A model's page: its samples beside real data, where it stands, what it cost, and all that is known of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from genbench.leaderboard import Cell, Column, Leaderboard, Row
from genbench.leaderboard.anchors import control
from genbench.records.audits import ASKS, AuditVerdict
from genbench.records.kinds import Axis, ControlKind, Family, Likelihood
from genbench.records.record import ModelFacts, Record
from genbench.records.vouchers import NO_KEY, NOBODY, Extent
from genbench.report import gates, provenance
from genbench.report.board_page import EXHIBITS
from genbench.report.charts import family_of
from genbench.report.commands import again
from genbench.report.curves import curve_charts
from genbench.report.images import Album, Grid, Lines
from genbench.report.site import Edition, Spot
from genbench.report.standing import places
from genbench.report.table import figure
from genbench.report.text import NOT_STATED, number, spread

WIDE, LARGE = 300, 5  # pixels that a picture is enlarged to at most, and times, by whole numbers
KINDS = {
    Likelihood.EXACT.value: "exact",
    Likelihood.LOWER_BOUND.value: "a lower bound of the likelihood, so bits/dim are at most this",
    Likelihood.ESTIMATE.value: "an estimate",
}


@dataclass(frozen=True)
class Picture:
    """A picture drawn at a whole multiple of its pixels, and what it shows; `missing` where there is none."""

    words: str
    grid: Grid | None
    missing: str = ""
    lines: Lines | None = None

    @property
    def times(self) -> int:
        """The multiple."""
        return max(1, min(LARGE, WIDE // max(1, self.grid.width))) if self.grid else 1


def values(reference: str, edition: Edition, spot: Spot, album: Album) -> dict[str, Any]:
    """Everything that the template asks for; pictures find their place in the album."""
    own = [(board, rows) for board in edition.boards if (rows := _rows(board, reference))]
    first = own[0][1][0]
    records = [record for record in edition.boards[0].records if record.model.reference == reference]
    return {
        "title": reference,
        "description": f"{first.model.description} On {edition.title}.",
        "trail": spot.trail(edition),
        "edition": edition.title,
        "model": first.model,
        "family": family_of(first),
        "control": first.control,
        "facts": facts(records, first),
        "boards": [_board(str(i), board, rows, edition, spot, album) for i, (board, rows) in enumerate(own, 1)],
        "requirements": list(requirements(own)),
        "density": density(own),
        "charts": curve_charts(records),
        "command": _again(first.model, records),
        "origin": next(iter(provenance.models(records))),
        "settings": sorted(first.model.settings.items()),
        "machines": provenance.machines(records),
        "times": provenance.times(records),
        "vouchers": vouched(next((rows for _, rows in own), [])),
    }


def _again(model: ModelFacts, records: Sequence[Record]) -> str:
    """The command that makes such records."""
    tasks = dict.fromkeys(task for record in records for task in record.suite.tasks)
    return again(model, records[0].suite.name, list(tasks), len({record.seed for record in records}))


def _rows(board: Leaderboard, reference: str) -> list[Row]:
    return [row for row in (*board.rows, *board.controls) if row.model.reference == reference]


def facts(records: Sequence[Record], row: Row) -> list[tuple[str, str]]:
    """The summary line: (name, value)."""
    model, cost = row.model, row.cost
    budget = provenance.budget(records[0].suite)
    spent = NOT_STATED if cost.images is None else f"{cost.images:,} images"
    return [
        ("Seeds with a result", f"{len(row.ok)} of {len(row.results)}"),
        ("Parameters", NOT_STATED if model.parameters is None else f"{model.parameters:,}"),
        ("Training budget", budget),
        ("Used of it", spent),
        ("A fit", provenance.effort(records)),
        ("Hardware", "; ".join(row.hardware) or NOT_STATED),
    ]


def vouched(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """By seed, how far its record was verified, by what, when, and who handed it in."""
    found = {}
    for result in (result for row in rows for result in row.results):
        own = result.voucher or NOBODY
        by = f"by genbench {own.genbench}" if own.genbench else ""
        author = f"submitted by {own.author}" if own.author else ""
        signer = f"signed by {own.signer}" if own.signer else ""
        told = " ".join(filter(None, (own.status.value, by, own.date)))
        unsigned = NO_KEY if own.status is not Extent.SELF_REPORTED else ""
        vouched_for = f"vouched for by {own.by}" if own.by else unsigned
        found[result.record.seed] = ", ".join(filter(None, (told, vouched_for, author, signer)))
    return [(f"Seed {seed}", words) for seed, words in sorted(found.items())]


def _board(
    number: str, board: Leaderboard, rows: Sequence[Row], edition: Edition, spot: Spot, album: Album
) -> dict[str, Any]:
    """What the page shows of one board: each candidate of the model, and real data beside it."""
    ceiling = control(board.controls, ControlKind.CEILING)
    real = pictures(ceiling, album, "Real data, held out")[:1] if ceiling and ceiling not in rows else []
    return {
        "task": board.task,
        "address": spot.way(edition.board(board)),
        "real": real,
        "candidates": [_candidate(f"{number}-{i}", row, board, album) for i, row in enumerate(rows, 1)],
    }


def _candidate(number: str, row: Row, board: Leaderboard, album: Album) -> dict[str, Any]:
    columns = [column for column in board.columns if row.cells[column.name].mean is not None]
    absent = [column for column in board.columns if row.cells[column.name].missing]
    return {
        "number": number,
        "row": row,
        "places": list(places(row)),
        "pictures": pictures(row, album, "First samples"),
        "missing": str(row.missing or ""),
        "judged": gates.details(row, album, brief=False) if row.ok else None,
        "heads": [result.record.seed for result in row.ok],
        "scores": [(column, _mean(row.cells[column.name]), per_seed(row, column)) for column in columns],
        "absent": [(column.title, str(row.cells[column.name].missing)) for column in absent],
        "speeds": speeds(row),
    }


def _mean(cell: Cell) -> str:
    return f"{figure(cell, cell.mean or 0.0)} {spread(cell.mean or 0.0, cell.half_width)}".strip()


def per_seed(row: Row, column: Column) -> list[str]:
    """A score at each seed that succeeded, "–" where it is not there."""
    found = [result.candidate.scores.get(column.name) for result in row.ok]
    return ["–" if score is None else number(score.value, 4) for score in found]


def pictures(row: Row, album: Album, words: str) -> list[Picture]:
    """What the first seed that succeeded exhibits."""
    if not row.ok:
        return []
    found = []
    for name, encoded in list((row.ok[0].candidate.exhibits or {"": ""}).items())[:EXHIBITS]:
        shown = album.exhibited(encoded)
        told = name if len(row.ok[0].candidate.exhibits) > 1 else f"{words}, seed {row.ok[0].record.seed}"
        if isinstance(shown, Lines):
            found.append(Picture(told, None, lines=shown))
        else:
            found.append(Picture(told, None, shown) if isinstance(shown, str) else Picture(told, shown))
    return found


def speeds(row: Row) -> list[tuple[str, str, str, str]]:
    """By batch size: (batch, images/s as the board has them, images/s by the wall clock, wall seconds of a call)."""
    found: list[tuple[str, str, str, str]] = []
    timings = [timing for result in row.ok if (timing := result.candidate.timing)]
    cells = {column: cell for column, cell in row.cells.items() if cell.mean}
    if latency := cells.get("latency"):
        alone = next((timing.alone for timing in timings if timing.alone), None)
        tail = f"; p90 {number(alone.p90)} s, p99 {number(alone.p99)} s" if alone else ""
        found.append(("1", "–", number(1 / (latency.mean or 1)), f"{number(latency.mean or 0)} s{tail}"))
    if (throughput := cells.get("throughput")) and timings and timings[0].batch:
        taken = [seconds for timing in timings for seconds in timing.batches]
        mean = sum(taken) / len(taken) if taken else 0.0
        wall, call = (number(timings[0].batch / mean), f"{number(mean)} s") if mean else ("–", NOT_STATED)
        found.append((f"{timings[0].batch}", number(throughput.mean or 0), wall, call))
    return found


def density(own: Sequence[tuple[Leaderboard, Sequence[Row]]]) -> dict[str, Any] | None:
    """The likelihood card: its kind, and of each audit what it asks and what the answer was; None without a density."""
    for board, rows in own:
        for row in rows:
            audits = next((found for result in row.ok if (found := result.candidate.audits)), None)
            if row.likelihood and audits:
                return _density(board, row, audits)
    return None


def _density(board: Leaderboard, row: Row, audits: AuditVerdict) -> dict[str, Any]:
    column = next((column for column in board.columns if column.axis is Axis.DENSITY), None)
    cell = row.cells[column.name] if column else Cell()
    return {
        "name": row.name,
        "kind": KINDS.get(row.likelihood, row.likelihood),
        "bits": "" if cell.mean is None else _mean(cell),
        "assured": row.assurance.value if row.assurance else "",
        "status": row.audits.status.value if row.audits.status else NOT_STATED,
        "reason": row.audits.reason,
        "seed": row.ok[0].record.seed,
        "audits": [(own.name, ASKS.get(own.name, ""), own.status.value, own.words) for own in audits.audits],
    }


def requirements(own: Sequence[tuple[Leaderboard, Sequence[Row]]]) -> Iterable[tuple[str, str]]:
    """The six requirements on a generative model, and what the records say of each."""
    board, rows = own[0]
    space = board.dataset.space
    yield "High-dimensional data", NOT_STATED if space is None else f"{space.dim:,} dimensions here"
    yield "Fast sampling", _best(Axis.SPEED, board, rows)
    yield "Quality", _best(Axis.QUALITY, board, rows)
    yield "Diversity", _best(Axis.COVERAGE, board, rows)
    kind = next((KINDS[row.likelihood] for row in rows if row.likelihood in KINDS), "")
    yield "Density evaluation", f"yes: {kind}" if kind else "no"
    yield "Low-dimensional latent", _latent(rows[0].model)


def _latent(model: ModelFacts) -> str:
    able = set(model.capabilities)
    if model.family is Family.FLOW and "decoder" in able:
        return "none: a flow's latent vector is as wide as a sample"
    if {"encoder", "decoder"} <= able:
        return "a latent vector for each sample, and back"
    return "a decoder of latent vectors" if "decoder" in able else "none offered"


def _best(side: Axis, board: Leaderboard, rows: Sequence[Row]) -> str:
    """The best of a model's candidates on the axis of that name, whatever score the suite gave it, in words."""
    columns = board.standings.columns
    axis = next((name for name in [side.value, *columns] if name in columns and columns[name].axis is side), side.value)
    if axis not in columns:
        return NOT_STATED
    column = columns[axis]
    known = [row for row in rows if row.cells[column.name].mean is not None]
    if not known:
        return "no value"

    def merit(row: Row) -> tuple[bool, float]:
        place = row.places.get(axis)
        return place is not None and place.rank is not None, column.oriented(row.cells[column.name].mean or 0.0)

    row = max(known, key=merit)  # of the ranked ones, where any is
    where = dict(places(row)).get(axis, "")
    title = "" if column.axis is side else column.title
    value = figure(row.cells[column.name], row.cells[column.name].mean or 0.0)
    words = [f"{title} {value} {column.further_unit}".strip()]
    return ", ".join([*words, *[part for part in (where, row.name if len(rows) > 1 else "") if part]])
