"""The table of a page: the columns that it opens with, its rows, and the reasons in its footnotes."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from genbench.leaderboard import Cell, Column, Leaderboard, Row
from genbench.leaderboard.anchors import control
from genbench.leaderboard.row import MIXED
from genbench.records.kinds import Axis, ControlKind, Direction, Likelihood
from genbench.records.score import AT_LEAST
from genbench.records.status import words
from genbench.report import charts
from genbench.report.gates import flags, unaudited
from genbench.report.rows import controls, ids
from genbench.report.speeds import VOID, remarks, voided
from genbench.report.standing import front, place
from genbench.report.text import clip, number, size, spread

LIKELIHOODS = {  # of a likelihood, as bits/dim: sign, words
    Likelihood.LOWER_BOUND.value: ("≤", "upper bound, from a lower bound of the likelihood"),
    Likelihood.EXACT.value: ("=", "exact"),
    Likelihood.ESTIMATE.value: ("≈", "estimate"),
    MIXED: ("~", "the seeds' likelihoods differ in kind"),
}
CONTROLS = "Controls: what every column is read against"
BESIDE = (Axis.OVERALL, Axis.DENSITY)  # the first score of each stands beside the axes,
COST = "fit-time"  # and this one
DETAILED = 40  # rows of a table, beyond which it has no details below its values
EVERYONE = "generate"  # what all models can
OTHERS = "without-a-score"
_PLAIN = re.compile(r"−?[\d,]+(\.\d+)?")  # a figure that the page's script reads as people do


class Notes:
    """The reasons that cells give, each told once below the table."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, reason: str) -> int:
        """The number of a reason's note, from 1 on; 0 for none."""
        return self._numbers.setdefault(reason, len(self._numbers) + 1) if reason else 0

    @property
    def reasons(self) -> list[tuple[int, str]]:
        """Each note's number and text, in order."""
        return [(number, reason) for reason, number in self._numbers.items()]


@dataclass(frozen=True)
class Shown:
    """What the cells of one table have in common."""

    board: Leaderboard
    columns: Sequence[Column]
    groups: Mapping[str, str]
    """By column, by which choice it is shown; "" for what always is."""
    best: Mapping[str, Collection[str]]
    """By column, the names of those that have its best mean."""
    ids: Mapping[str, str]
    """By name, the id of a row."""
    notes: Notes = field(default_factory=Notes)

    @classmethod
    def of(cls, board: Leaderboard) -> "Shown":
        """The columns of a board, those first that its table opens with."""
        first = opening(board)
        columns = [*first, *sorted((column for column in board.columns if column not in first), key=_order)]
        groups = {column.name: "" if column in first else _group(column) for column in columns}
        best = {column.name: {row.name for row in board.leads(column)} for column in columns}
        return cls(board, columns, groups, best, ids(board))


def table(board: Leaderboard) -> dict[str, Any]:
    """What the template of the table asks for; a table of many rows has no details below its values."""
    shown = Shown.of(board)
    further = [group for group in shown.groups.values() if group]
    return {
        "columns": [{**head(column, board), "group": shown.groups[column.name]} for column in shown.columns],
        "choices": [(group, further.count(group)) for group in dict.fromkeys(further)],
        "groups": [
            (name, [line(row, shown) for row in rows]) for name, rows in (("", board.rows), (CONTROLS, controls(board)))
        ],
        "notes": shown.notes.reasons,
        "brief": len(board.rows) + len(board.controls) > DETAILED,
        "spoken": {column.axis.value for column in board.columns if column.axis},
        "hardware": hardware(board),
        "home": next((mark for mark, name in hardware(board) if name == board.home), 0),
    }


def opening(board: Leaderboard) -> list[Column]:
    """The columns that a table opens with: the axes, FD, bits/dim and the cost of a fit, where they are there."""
    known = {column.name: column for column in board.columns}
    beside = [next((column.name for column in board.columns if column.axis is axis), "") for axis in BESIDE]
    names = dict.fromkeys([*(name for _, name in board.terms.ranked), *beside, COST])
    return [known[name] for name in names if name in known]


def _order(column: Column) -> int:
    return list(Axis).index(column.axis) if column.axis else len(Axis)


def _group(column: Column) -> str:
    return column.axis.value if column.axis else OTHERS


def figure(cell: Cell, mean: float) -> str:
    """The mean as people read it, "≥" before one that is a lower bound."""
    return ("≥ " if AT_LEAST in cell.details else "") + number(mean)


def head(column: Column, board: Leaderboard) -> dict[str, Any]:
    """A column's head; `first` is the order of the first click, best first."""
    names = [name for _, name in board.terms.ranked]
    return {
        "column": column,
        "axis": column.axis.value if column.axis else "",
        "arrow": column.direction.arrow if column.direction else "",
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


def line(row: Row, shown: Shown) -> dict[str, Any]:
    """A row of the table."""
    board = shown.board
    letters = dict(zip(board.hardware, range(1, len(board.hardware) + 1), strict=True))
    return {
        "row": row,
        "id": shown.ids[row.name],
        "family": charts.family_of(row),
        "stated": row.model.family.value if row.model.family else "",
        "marks": marks(row),
        "flags": [*flags(row), *warnings(row)],
        "front": front(row),
        "can": [can for can in row.model.capabilities if can != EVERYONE],
        "standing": standing(row),
        "seeds": f"{len(row.ok)}" if len(row.ok) == len(row.results) else f"{len(row.ok)} of {len(row.results)}",
        "cells": [{**entry(row, column, shown), "group": shown.groups[column.name]} for column in shown.columns],
        "hardware": [letters[name] for name in row.hardware] if len(letters) > 1 else [],
    }


def standing(row: Row) -> list[str]:
    """How a candidate stands, in the words by which a table is filtered."""
    ranked = [] if row.missing or row.bar else ["not in the running" if row.outside else "in the running"]
    first = [f"tier 1 of {clip(axis, 24)}" for axis, place in row.places.items() if place.tier == 1]
    least = [row.extent.value] if row.verified else []
    return ranked + ["on the front"] * bool(row.front) + first + ["not ranked"] * (not ranked) + least


def marks(row: Row) -> list[str]:
    """What a reader should know of the model before comparing it."""
    conditional = ["conditional"] if "conditional" in row.model.capabilities else []
    pretrained = [f"pretrained on {data}" for data in row.model.pretrained_on]
    outside = ["not in the running"] if row.outside else []
    fit = [] if row.control or row.cost.images is None else [trained(row), *unlearnt(row)]
    alone = ["samples only, without a model"] if row.samples_only else []
    asked = [f"asked for {need}" for need in row.model.needs]
    return alone + outside + vouched(row) + fit + conditional + pretrained + asked


def vouched(row: Row) -> list[str]:
    """How far its numbers were verified, at the seeds where the least; nothing on a board of which nobody says it."""
    if row.control:
        return []
    least = next(iter(row.verified.items()), None)
    return [] if least is None else [f"{least[0].value}{of_seeds(least[1], row)}"]


def of_seeds(count: int, row: Row) -> str:
    """At how many seeds, in words; "" for all of them."""
    return "" if count == len(row.ok) else f" at {count} of {len(row.ok)} seeds"


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


def entry(row: Row, column: Column, shown: Shown) -> dict[str, Any]:
    """A cell of the table."""
    cell, notes = row.cells[column.name], shown.notes
    if cell.mean is None:
        return absent(row, cell, notes)
    density = column.axis is Axis.DENSITY
    sign, kind = LIKELIHOODS.get(row.likelihood if density else "", ("", ""))
    axis = next((axis for axis, own in shown.board.standings.columns.items() if own.name == column.name), "")
    best = row.name in shown.best[column.name]
    standing, off = place(row, axis) if axis and not row.control else ("", "")
    return {
        "missing": "",
        "value": f"{cell.mean:.6g}",
        "plain": bool(_PLAIN.fullmatch(figure(cell, cell.mean))) and not (best or sign),
        "text": figure(cell, cell.mean),
        "spread": spread(cell.mean, cell.half_width),
        "fewer": len(cell.values) if len(cell.values) < len(row.ok) else 0,
        "best": best,
        "place": standing,
        "below": below(column, cell.details),
        "remarks": remarks(row) if column.axis is Axis.SPEED and not row.control else [],
        "assured": row.assurance.value if density and row.assurance else "",
        "note": notes.number("" if row.control else clip(off or (unaudited(row) if density else ""), 120)),
        "sign": sign,
        "words": kind,
        "speed": column.axis is Axis.SPEED,
    }


def absent(row: Row, cell: Cell, notes: Notes) -> dict[str, Any]:
    """A cell without a value; why a candidate has no result at all is told once, among the failures."""
    first = row.results[0].candidate
    reason = cell.missing.reason if cell.missing else ""
    brief = words(first.status, first.exit_code) if row.missing else reason
    kind = VOID if voided(cell) and not row.control else cell.missing.kind.value if cell.missing else "n/a"
    return {"missing": kind, "note": notes.number(clip(brief, 160))}


def hardware(board: Leaderboard) -> list[tuple[int, str]]:
    """The machines with their marks where there are several, else nothing."""
    return list(enumerate(board.hardware, 1)) if len(board.hardware) > 1 else []
