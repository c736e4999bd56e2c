"""What a page shows, as plain values for the templates: no judgement beyond the board's own, no markup."""

from collections.abc import Iterable, Mapping
from typing import Any

from genbench.leaderboard import Cell, Column, Leaderboard, Row
from genbench.leaderboard.anchors import control
from genbench.leaderboard.row import MIXED
from genbench.leaderboard.statistics import ENOUGH
from genbench.leaderboard.words import listed
from genbench.records.kinds import Axis, ControlKind, Direction, Likelihood
from genbench.records.score import AT_LEAST
from genbench.records.status import words
from genbench.report import charts, provenance
from genbench.report.gates import flags, gates, unaudited
from genbench.report.images import Album
from genbench.report.standing import front, place, verdicts
from genbench.report.text import NOT_STATED, clip, duration, number, size, spread

LIKELIHOODS = {  # of a likelihood, as bits/dim: sign, words
    Likelihood.LOWER_BOUND.value: ("≤", "upper bound, from a lower bound of the likelihood"),
    Likelihood.EXACT.value: ("=", "exact"),
    Likelihood.ESTIMATE.value: ("≈", "estimate"),
    MIXED: ("~", "the seeds' likelihoods differ in kind"),
}
CONTROLS = "Controls: what every column is read against"
ARROWS = {Direction.HIGHER: "↑", Direction.LOWER: "↓"}
EXHIBITS = 4  # of one candidate


def page(board: Leaderboard, album: Album) -> dict[str, Any]:
    """Everything that the templates ask for; pictures find their place in the album."""
    seeds = {record.seed for record in board.records}
    return {
        "title": board.suite.title or board.suite.name or "Leaderboard",
        "goal": board.goal,
        "axes": listed(board.standings.axes, "and"),
        "facts": facts(board),
        "several_seeds": len(seeds) > 1,
        "tested": board.standings.running.tested,
        "verdict": verdicts(board),
        "leaders": list(leaders(board)),
        "columns": [head(column, board) for column in board.columns],
        "groups": [
            (name, [line(row, board) for row in rows]) for name, rows in (("", board.rows), (CONTROLS, board.controls))
        ],
        "spoken": {column.axis.value for column in board.columns if column.axis},
        "hardware": hardware(board),
        "charts": charts.trilemma(board),
        "families": list(dict.fromkeys(charts.family_of(row) for row in board.rows)),
        "has_controls": bool(board.controls),
        "samples": [card for row in (*board.rows, *board.controls) for card in exhibits(row, album)],
        "gates": gates(board, album),
        "curves": list(curves(board)),
        "failures": [(failure, duration(failure.elapsed)) for failure in board.failures],
        **provenance.section(board),
    }


def facts(board: Leaderboard) -> list[tuple[str, str]]:
    """The summary line: (name, value)."""
    suite, failed = board.suite, sum(not row.ok for row in board.rows)
    levels = {record.machine.isolation for record in board.records} - {""}
    provisional = [("Standing", f"provisional, fewer than {ENOUGH} seeds")] if board.standings.provisional else []
    return [
        *provisional,
        ("Candidates", f"{len(board.rows)}" + (f", {failed} without a result" if failed else "")),
        ("Controls", str(len(board.controls))),
        ("Training seeds", str(len({record.seed for record in board.records}))),
        ("Dataset", f"{board.dataset.name or NOT_STATED}, {_space(board)}"),
        ("Training budget", provenance.budget(suite)),
        ("Scored samples", provenance.count(board.terms.count, f"in batches of {provenance.count(suite.batch)}")),
        ("Hardware", "; ".join(board.hardware) or NOT_STATED),
        ("Isolation", "; ".join(sorted(levels)) or NOT_STATED),
    ]


def _space(board: Leaderboard) -> str:
    space = board.dataset.space
    if space is None:
        return "shape not stated"
    entries = "real numbers" if space.levels is None else f"{space.levels} levels"
    return f"{'×'.join(map(str, space.shape))}, {entries}"


def figure(cell: Cell, mean: float) -> str:
    """The mean as people read it, "≥" before one that is a lower bound."""
    return ("≥ " if AT_LEAST in cell.details else "") + number(mean)


def leaders(board: Leaderboard) -> Iterable[dict[str, str]]:
    """The best mean on each of the task's axes, with how many share it; nothing where speeds are not comparable."""
    known = {column.name: column for column in board.columns}
    for axis, name in board.terms.ranked:
        column = known.get(name)
        best = board.best(column) if column else None
        if column and best is not None:
            first, *others = board.leads(column)
            yield {
                "words": "Fastest" if column.axis is Axis.SPEED else f"Highest {clip(axis, 24)}",
                "name": first.name,
                "family": charts.family_of(first),
                "shared": f" and {len(others)} more" if others else "",
                "title": column.title,
                "value": f"{figure(first.cells[column.name], best)} {column.further_unit}".strip(),
            }


def head(column: Column, board: Leaderboard) -> dict[str, Any]:
    """A column's head; `first` is the order of the first click, best first."""
    names = [name for _, name in board.terms.ranked]
    return {
        "column": column,
        "axis": column.axis.value if column.axis else "",
        "arrow": ARROWS[column.direction] if column.direction else "",
        "words": f"{column.direction.value} is better" if column.direction else "no candidate has this score",
        "first": "ascending" if column.direction is Direction.LOWER else "descending",
        "sorted": column.name in names[:1] and column.direction is not None,
        "basis": [part for part in (column.unit, (column.extractor or "").partition("/")[0]) if part],
        "ceiling": ceiling(column, board),
        "is_axis": column.name in names,
    }


def below(column: Column, details: Mapping[str, float]) -> list[str]:
    """What stands below a value besides its spread, such as the floor of an FD."""
    return [f"{clip(words, 24)} {number(details[name])}" for words, name in column.shown.items() if name in details]


def ceiling(column: Column, board: Leaderboard) -> list[str]:
    """What fresh real data have in a column of features, with the one detail that belongs to it, if it is one."""
    held = control(board.controls, ControlKind.CEILING)
    cell = held.cells[column.name] if held and column.features else Cell()
    if held is None or cell.mean is None:
        return []
    detail = below(column, cell.details) if len(column.shown) == 1 else []
    return [f"{clip(held.name, 24)} {number(cell.mean)}", *detail]


def line(row: Row, board: Leaderboard) -> dict[str, Any]:
    """A row of the table."""
    letters = dict(zip(board.hardware, range(1, len(board.hardware) + 1), strict=True))
    return {
        "row": row,
        "family": charts.family_of(row),
        "stated": row.model.family.value if row.model.family else "",
        "marks": marks(row),
        "flags": [*flags(row), *warnings(row)],
        "front": front(row),
        "seeds": f"{len(row.ok)}" if len(row.ok) == len(row.results) else f"{len(row.ok)} of {len(row.results)}",
        "cells": [entry(row, column, board) for column in board.columns],
        "hardware": [letters[name] for name in row.hardware] if len(letters) > 1 else [],
    }


def marks(row: Row) -> list[str]:
    """What a reader should know of the model before comparing it."""
    conditional = ["conditional"] if "conditional" in row.model.capabilities else []
    pretrained = [f"pretrained on {data}" for data in row.model.pretrained_on]
    outside = ["not in the running"] if row.outside else []
    fit = [] if row.control or row.cost.images is None else [trained(row), *unlearnt(row)]
    return outside + fit + conditional + pretrained + [f"asked for {need}" for need in row.model.needs]


def warnings(row: Row) -> list[str]:
    """Marks that stand beside a candidate's name as those of the gates do; controls are there to show them."""
    if row.control:
        return []
    return (
        [f"{clip(mark, 60)} {seeds}".rstrip() for mark, seeds in row.contractions()]
        + ["trained beside its fit"] * row.cost.elsewhere
        + ["hides its processes"] * row.cost.hides
    )


def unlearnt(row: Row) -> list[str]:
    """What a candidate keeps that has no parameters: it may have learnt all of that."""
    return [] if row.cost.unlearnt is None else [f"0 parameters, keeps {size(row.cost.unlearnt)}"]


def trained(row: Row) -> str:
    """What a fit was handed, and the CPU seconds of its processes; a model may hold more from elsewhere."""
    images, cpu = row.cost.images, row.cost.cpu
    handed = f"trained on {images:,} images" if images else "no counted training"
    return handed if cpu is None else f"{handed}, {'≥ ' if row.cost.hides else ''}{number(cpu)} CPU s"


def entry(row: Row, column: Column, board: Leaderboard) -> dict[str, Any]:
    """A cell of the table."""
    cell = row.cells[column.name]
    if cell.mean is None:
        return absent(row, cell)
    density = column.axis is Axis.DENSITY
    sign, kind = LIKELIHOODS.get(row.likelihood if density else "", ("", ""))
    axis = next((axis for axis, own in board.standings.columns.items() if own.name == column.name), "")
    standing, off = place(row, axis) if axis and not row.control else ("", "")
    return {
        "missing": "",
        "value": f"{cell.mean:.6g}",
        "text": figure(cell, cell.mean),
        "spread": spread(cell.mean, cell.half_width),
        "fewer": len(cell.values) if len(cell.values) < len(row.ok) else 0,
        "best": board.is_best(row, column),
        "place": standing,
        "below": below(column, cell.details),
        "assured": row.assurance.value if density and row.assurance else "",
        "unranked": "" if row.control else off or (unaudited(row) if density else ""),
        "sign": sign,
        "words": kind,
        "speed": column.axis is Axis.SPEED,
    }


def absent(row: Row, cell: Cell) -> dict[str, str]:
    """A cell without a value; why a candidate has no result at all is told once, under the table."""
    first = row.results[0].candidate
    reason = cell.missing.reason if cell.missing else ""
    brief = words(first.status, first.exit_code) if row.missing else reason
    return {"missing": cell.missing.kind.value if cell.missing else "n/a", "reason": clip(brief, 80)}


def hardware(board: Leaderboard) -> list[tuple[int, str]]:
    """The machines with their marks where there are several, else nothing."""
    return list(enumerate(board.hardware, 1)) if len(board.hardware) > 1 else []


def exhibits(row: Row, album: Album) -> Iterable[dict[str, Any]]:
    """The pictures of a row's first seed that succeeded, or why there are none."""
    known = {"row": row, "seed": row.ok[0].record.seed if row.ok else None, "name": "", "grid": None, "missing": ""}
    if not row.ok:
        yield {**known, "missing": str(row.missing)}
        return
    pictures = row.ok[0].candidate.exhibits or {"": ""}
    for name, encoded in list(pictures.items())[:EXHIBITS]:
        shown = album.shown(encoded)
        told = {**known, "name": name if len(pictures) > 1 else ""}
        yield {**told, "missing": f"n/a: {shown}"} if isinstance(shown, str) else {**told, "grid": shown}


def pictures(row: Row) -> int:
    """How many pictures a row may show: those of its answers, and that of its nearest pairs."""
    return 1 + (min(EXHIBITS, max(1, len(row.ok[0].candidate.exhibits))) if row.ok else 1)


def curves(board: Leaderboard) -> Iterable[charts.Curve]:
    """A learning curve for each model that logged one, of its first seed."""
    seen: set[str] = set()
    references = {record.model.reference for record in board.records}
    lines = charts.CURVE_LINES * len(references)
    most = min(charts.CURVE_POINTS, max(8, charts.ALL_POINTS // lines))
    for record in board.records:
        reference = record.model.reference
        drawn = None if reference in seen else charts.curve(reference, record.seed, record.curve, most)
        if drawn:
            seen.add(reference)
            yield drawn
