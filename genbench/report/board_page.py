"""What a board's page shows, as plain values for the templates: no judgement beyond the board's own, no markup."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from genbench.leaderboard import Column, Leaderboard, Row
from genbench.leaderboard.statistics import ENOUGH
from genbench.leaderboard.words import listed
from genbench.records.kinds import Axis
from genbench.records.vouchers import NO_KEY, Extent
from genbench.report import charts, provenance, tuning
from genbench.report.gates import gates, ordered
from genbench.report.glossary import Glossary
from genbench.report.images import Album, Lines
from genbench.report.site import Edition, Spot
from genbench.report.standing import verdicts
from genbench.report.table import figure, table, warnings
from genbench.report.text import NOT_STATED, clip, duration, number, spread

BESIDES = ("classes", "verified", "audit", "void", "busy")  # terms of a score that are no score
EXHIBITS = 4  # of one candidate


def values(board: Leaderboard, edition: Edition, spot: Spot, album: Album) -> dict[str, Any]:
    """Everything that the templates ask for; pictures find their place in the album."""
    glossary = Glossary.of(board)
    trilemma, effort = charts.trilemma(board), charts.effort(board)
    ways = {reference: spot.way(edition.model(reference)) for reference in edition.references}
    return {
        "title": edition.title,
        "description": board.sentence,
        "several": len(edition.boards) > 1,
        "trail": spot.trail(edition),
        "ways": ways,
        "protocol_way": spot.way(edition.protocol),
        "goal": board.goal,
        "axes": listed(board.standings.axes, "and"),
        "facts": facts(board),
        "several_seeds": len({record.seed for record in provenance.asked(board)}) > 1,
        "tested": board.standings.running.tested,
        "verdict": verdicts(board, glossary),
        "glossed": glossary.glossed,
        "terms_used": glossary.terms,
        "known_terms": {term.key for term in glossary.terms},
        "defined": [term for term in glossary.terms if term.needs and term.key not in BESIDES],
        "leaders": list(leaders(board)),
        **table(board),
        "charts": [*trilemma, *effort],
        "trilemma": len(trilemma),
        "key": charts.key(board, [*trilemma, *effort]),
        "box": charts.BOX,
        "references": references(board),
        **{"downloads": [], "records": "", "figures": [], "meaning": ""},  # of a site alone
        "families": list(dict.fromkeys(charts.family_of(row) for row in board.rows)),
        "has_controls": bool(board.controls),
        "samples": [card for row in (*board.rows, *board.controls) for card in exhibits(row, album)],
        "gates": gates(board, album, alone=not spot.path),
        "in_order": ordered(board) if spot.path else [],
        "curves": list(curves(board)),
        "failures": [(failure, duration(failure.elapsed)) for failure in board.failures],
        **provenance.section(board),
        **tuning.section(board),
    }


def facts(board: Leaderboard) -> list[tuple[str, str]]:
    """The summary line: (name, value)."""
    suite, failed = board.suite, sum(not row.ok for row in board.rows)
    batch = board.terms.batch or suite.batch
    levels = {record.machine.isolation for record in provenance.asked(board)} - {""}
    provisional = [("Standing", f"provisional, fewer than {ENOUGH} seeds")] if board.standings.provisional else []
    return [
        *provisional,
        ("Candidates", f"{len(board.rows)}" + (f", {failed} without a result" if failed else "")),
        ("Controls", str(len(board.controls))),
        ("Training seeds", str(len({record.seed for record in provenance.asked(board)}))),
        ("Dataset", f"{board.dataset.name or NOT_STATED}, {provenance.space_of(board)}"),
        ("Training budget", provenance.budget(suite)),
        ("Scored samples", provenance.count(board.terms.count, f"in batches of {provenance.count(batch)}")),
        ("Verified", verified(board)),
        ("Hardware", "; ".join(board.hardware) or NOT_STATED),
        ("Isolation", "; ".join(sorted(levels)) or NOT_STATED),
    ]


def verified(board: Leaderboard) -> str:
    """How many candidates were verified how far, each by the seed that was the least, and whose key says so."""
    least = Counter(row.extent for row in board.rows if row.ok)
    told = [f"{least[extent]} {extent.value}" for extent in reversed(Extent) if least[extent]]
    found = [own.voucher for row in board.rows for own in row.ok if own.voucher]
    keys = sorted({own.by for own in found if own.status is not Extent.SELF_REPORTED})
    by = [f"vouched for by {name}" if name else NO_KEY for name in keys]
    return ", ".join([*(told if len(told) > 1 else [own.partition(" ")[2] for own in told]), *by]) or NOT_STATED


def references(board: Leaderboard) -> dict[str, Any]:
    """Values that others published: the scores that any of them has, and a line for each."""
    titles = {column.name: column.title for column in board.columns}
    names = list(dict.fromkeys(name for own in board.references for name in own.values))
    lines = [
        (own, [number(own.values[name]) if name in own.values else "–" for name in names]) for own in board.references
    ]
    return {"heads": [titles.get(name, name) for name in names], "lines": lines}


def leaders(board: Leaderboard) -> Iterable[dict[str, Any]]:
    """The best mean on each of the task's axes, with how many share it; nothing where speeds are not comparable."""
    known = {column.name: column for column in board.columns}
    for axis, name in board.terms.ranked:
        column = known.get(name)
        best = board.best(column) if column else None
        if column and best is not None:
            first, *others = board.leads(column)
            if first.outside:  # noise is fast: of those that are any good, the best
                first, *others = _best_running(board, column) or [first]
            yield {
                "words": "Fastest" if column.axis is Axis.SPEED else f"Best {clip(axis, 24)}",
                "name": first.name,
                "family": charts.family_of(first),
                "shared": f" and {len(others)} more" if others else "",
                "title": column.title,
                "outside": bool(first.outside),
                "value": _told(first, column),
                "flags": warnings(first),
            }


def _told(row: Row, column: Column) -> str:
    """A mean with its interval and its unit."""
    cell, mean = row.cells[column.name], _mean(row, column)
    return " ".join(filter(None, (figure(cell, mean), spread(mean, cell.half_width), column.further_unit)))


def _best_running(board: Leaderboard, column: Column) -> list[Row]:
    """Those in the running that have the best mean of them."""
    own = [row for row in board.rows if not row.outside and not row.unranked(column) and row.cells[column.name].mean]
    best = max((column.oriented(_mean(row, column)) for row in own), default=0.0)
    return [row for row in own if column.oriented(_mean(row, column)) == best]


def _mean(row: Row, column: Column) -> float:
    return row.cells[column.name].mean or 0.0


def exhibits(row: Row, album: Album) -> Iterable[dict[str, Any]]:
    """The pictures of a row's first seed that succeeded, or why there are none."""
    known = {"row": row, "seed": row.ok[0].record.seed if row.ok else None, "name": "", "grid": None, "lines": None}
    known["missing"] = ""
    if not row.ok:
        yield {**known, "missing": str(row.missing)}
        return
    pictures = row.ok[0].candidate.exhibits or {"": ""}
    for name, encoded in list(pictures.items())[:EXHIBITS]:
        shown = album.exhibited(encoded)
        told = {**known, "name": name if len(pictures) > 1 else ""}
        if isinstance(shown, str):
            yield {**told, "missing": f"n/a: {shown}"}
        else:
            yield {**told, "lines" if isinstance(shown, Lines) else "grid": shown}


def pictures(row: Row) -> int:
    """How many pictures a row may show: those of its answers, and that of its nearest pairs."""
    return 1 + (min(EXHIBITS, max(1, len(row.ok[0].candidate.exhibits))) if row.ok else 1)


def curves(board: Leaderboard) -> Iterable[charts.Curve]:
    """A learning curve for each model that logged one, of its first seed."""
    seen: set[str] = set()
    references = {record.model.reference for record in provenance.asked(board)}
    lines = charts.CURVE_LINES * len(references)
    most = min(charts.CURVE_POINTS, max(8, charts.ALL_POINTS // lines))
    for record in provenance.asked(board):
        reference = record.model.reference
        drawn = None if reference in seen else charts.curve(reference, record.seed, record.curve, most)
        if drawn:
            seen.add(reference)
            yield drawn
