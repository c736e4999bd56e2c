"""The page of a protocol: what was measured, on which data, by which scores, and what those do not see."""

from typing import Any

from genbench.leaderboard import Column, Leaderboard, Row
from genbench.leaderboard.anchors import control
from genbench.records.kinds import ControlKind
from genbench.report import provenance
from genbench.report.definition import Definitions
from genbench.report.images import Album
from genbench.report.model_page import Picture, pictures
from genbench.report.site import Edition, Spot
from genbench.report.text import clip, number, spread


def values(edition: Edition, spot: Spot, album: Album, known: Definitions) -> dict[str, Any]:
    """Everything that the template asks for; pictures find their place in the album."""
    board = edition.boards[0]
    ceiling = next((row for own in edition.boards if (row := control(own.controls, ControlKind.CEILING))), None)
    return {
        "title": edition.title,
        "description": f"What was measured on {edition.title}, and how.",
        "trail": spot.trail(edition),
        "suite": board.suite,
        "protocol": board.protocol,
        "dataset": board.dataset,
        "space": provenance.space_of(board),
        "budget": provenance.budget(board.suite),
        "used": used(board),
        "limits": provenance.limits(board.suite),
        "seeds": sorted({record.seed for record in board.records}),
        "times": provenance.times(board.records),
        "machines": provenance.machines(board.records),
        "pictures": _real(ceiling, album),
        "tasks": [_task(own, spot, edition, known) for own in edition.boards],
    }


def used(board: Leaderboard) -> str:
    """How many training images the fits of candidates were handed, from the fewest to the most; "" where none says."""
    found = sorted({row.cost.images for row in board.rows if row.cost.images})
    return " to ".join(f"{count:,}" for count in dict.fromkeys((found[0], found[-1]))) if found else ""


def _real(ceiling: Row | None, album: Album) -> list[Picture]:
    return pictures(ceiling, album, "Real data, held out")[:1] if ceiling else []


def _task(board: Leaderboard, spot: Spot, edition: Edition, known: Definitions) -> dict[str, Any]:
    ceiling, floor = (control(board.controls, kind) for kind in (ControlKind.CEILING, ControlKind.FLOOR))
    return {
        "task": board.task,
        "terms": board.terms,
        "address": spot.way(edition.board(board)),
        "procedure": board.procedure,
        "scores": [score(column, known, ceiling, floor) for column in board.columns],
        "controls": [(row.name, row.control, row.model.description) for row in board.controls],
    }


def score(column: Column, known: Definitions, ceiling: Row | None, floor: Row | None) -> dict[str, Any]:
    """A score: its definition where the metric that made it is installed, and what real data and noise have."""
    found = known.metrics.get(column.name.partition("@")[0])
    own = found if found and found.version == column.version else None
    return {
        "column": column,
        "words": own.words if own else "",
        "blind": ", ".join(name.replace("-", " ") for name in own.blind_to) if own else "",
        "ends": [
            f"{clip(row.name, 40)} {number(cell.mean)} {spread(cell.mean, cell.half_width)}".strip()
            for row in (ceiling, floor)
            if row and (cell := row.cells[column.name]).mean is not None
        ],
    }
