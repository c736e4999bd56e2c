"""The index of a site: each board's verdict, and which model stands where on all of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from genbench.leaderboard import Leaderboard, Row
from genbench.leaderboard.words import listed
from genbench.records.status import Status, words
from genbench.report import provenance
from genbench.report.board_page import leaders
from genbench.report.charts import family_of
from genbench.report.site import Edition, Link, Site, Spot
from genbench.report.text import NOT_STATED, clip

DAY = 10  # characters of a time that tell its day


@dataclass(frozen=True)
class Entry:
    """What a model got on one board."""

    tiers: tuple[str, ...]
    """By axis the best tier of its candidates, "–" where none has one."""
    seeds: str
    """At how many of its seeds it has a result: "5 of 5 seeds"."""
    trouble: str
    """What keeps it from ranks, or ended it, in a few words; "" where nothing does."""
    address: Markup
    """The way to its page."""
    best: bool
    """Whether it is of the first tier on an axis."""
    answered: bool
    """Whether it has a result at all."""


def values(site: Site, spot: Spot) -> dict[str, Any]:
    """Everything that the template asks for."""
    places = [(edition, board) for edition in site.editions for board in edition.boards]
    return {
        "title": "Boards",
        "description": "; ".join(f"{edition.title}: {board.sentence}" for edition, board in places),
        "trail": [Link("Boards", spot.way(spot.path), here=True)],
        "editions": [_edition(edition, spot) for edition in site.editions],
        "heads": [_head(edition, board, spot, len(site.editions) > 1) for edition, board in places],
        "lines": list(lines(places, spot)),
    }


def _edition(edition: Edition, spot: Spot) -> dict[str, Any]:
    board = edition.boards[0]
    records = board.records
    days = sorted({record.finished[:DAY] for record in records} - {""})
    return {
        "title": edition.title,
        "protocol": spot.way(edition.protocol),
        "facts": [
            ("Data", f"{board.dataset.name or NOT_STATED}, {provenance.space_of(board)}"),
            ("Training budget", provenance.budget(board.suite)),
            ("Seeds", str(len({record.seed for record in records}))),
            ("Measured", " to ".join(dict.fromkeys((days[0], days[-1]))) if days else NOT_STATED),
            ("Hardware", "; ".join(board.hardware) or NOT_STATED),
        ],
        "boards": [
            {
                "task": own.task,
                "address": spot.way(edition.board(own)),
                "sentence": own.sentence,
                "ruling": own.standings.verdict.ruling.value,
                "leaders": list(leaders(own)),
                "candidates": len(own.rows),
                "failed": sum(not row.ok for row in own.rows),
            }
            for own in edition.boards
        ],
    }


def _head(edition: Edition, board: Leaderboard, spot: Spot, several: bool) -> dict[str, Any]:
    return {
        "suite": edition.title if several else "",
        "task": board.task,
        "address": spot.way(edition.board(board)),
        "axes": listed(board.standings.axes, "and"),
    }


def lines(places: Sequence[tuple[Edition, Leaderboard]], spot: Spot) -> Iterable[dict[str, Any]]:
    """A line of the matrix for each model with its settings, those that are of the first tier most often first."""
    rows = [_rows(board) for _, board in places]
    found = []
    for reference in dict.fromkeys(reference for own in rows for reference in own):
        entries = [
            _entry(own[reference], board, spot.way(edition.model(reference))) if reference in own else None
            for own, (edition, board) in zip(rows, places, strict=True)
        ]
        known = [entry for entry in entries if entry]
        firsts = sum(tier == "1" for entry in known for tier in entry.tiers)
        row = next(own[reference][0] for own in rows if reference in own)
        answered = sum(entry.answered for entry in known)
        line = {"name": reference, "family": family_of(row), "entries": entries, "count": answered}
        line["address"] = next(entry.address for entry in known)
        found.append((-firsts, -answered, reference, line))
    return [line for *_, line in sorted(found, key=lambda item: item[:3])]


def _rows(board: Leaderboard) -> dict[str, list[Row]]:
    """The candidates of a board by their model."""
    found: dict[str, list[Row]] = {}
    for row in board.rows:
        found.setdefault(row.model.reference, []).append(row)
    return found


def _entry(rows: Sequence[Row], board: Leaderboard, address: Markup) -> Entry:
    tiers = []
    for axis in board.standings.axes:
        own = [place.tier for row in rows if (place := row.places.get(axis)) and place.tier is not None]
        tiers.append(str(min(own)) if own else "–")
    most = max(rows, key=lambda row: len(row.ok))
    outside = next((row.bar or row.outside for row in rows if row.bar or row.outside), "")
    trouble = _brief(most) if most.missing else outside if all(tier == "–" for tier in tiers) else ""
    seeds = f"{len(most.ok)} of {len(most.results)} seeds"
    return Entry(tuple(tiers), seeds, clip(trouble, 80), address, "1" in tiers, answered=bool(most.ok))


def _brief(row: Row) -> str:
    """Why a candidate has no result, in two words or so; its page says more."""
    first = row.results[0].candidate
    return "does not answer this" if first.status is Status.SKIPPED else words(first.status, first.exit_code)
