"""What a page shows, as plain values for the templates: no judgement beyond the board's own, no markup."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from genbench.leaderboard import Cell, Column, Leaderboard, Row
from genbench.report import charts
from genbench.report.gates import flags, gates, unaudited
from genbench.report.images import Album
from genbench.report.standing import front, place, verdicts
from genbench.report.text import NOT_STATED, clip, duration, number, spread

KINDS = {  # of a likelihood, as bits/dim: sign, words
    "lower bound": ("≤", "upper bound, from a lower bound of the likelihood"),
    "exact": ("=", "exact"),
    "estimate": ("≈", "estimate"),
    "mixed": ("~", "the seeds' likelihoods differ in kind"),
}
LEADERS = {"quality": "Highest quality", "coverage": "Highest coverage", "speed": "Fastest"}


def page(board: Leaderboard, album: Album) -> dict[str, Any]:
    """Everything that the templates ask for; pictures find their place in the album."""
    controls = "Controls: what every column is read against"
    return {
        "title": board.suite["title"] or board.suite["name"] or "Leaderboard",
        "suite": board.suite,
        "dataset": board.dataset,
        "protocol": board.protocol,
        "facts": facts(board),
        "several_seeds": len({record["seed"] for record in board.records}) > 1,
        "verdict": verdicts(board),
        "leaders": list(leaders(board)),
        "columns": [head(column, board) for column in board.columns],
        "groups": [(name, [line(row, board) for row in rows])
                   for name, rows in (("", board.rows), (controls, board.controls))],
        "hardware": hardware(board),
        "charts": charts.trilemma(board),
        "families": list(dict.fromkeys(charts.family_of(row) for row in board.rows)),
        "has_controls": bool(board.controls),
        "samples": [samples(row, album) for row in (*board.rows, *board.controls)],
        "gates": gates(board, album),
        "curves": list(curves(board)),
        "failures": [(failure, duration(failure.elapsed)) for failure in board.failures],
        "models": list(models(board)),
        "limits": limits(board.suite),
        "environments": environments(board),
        "finished": sorted({record["finished"] for record in board.records} - {""}),
    }  # fmt: skip


def facts(board: Leaderboard) -> list[tuple[str, str]]:
    """The summary line: (name, value)."""
    seeds = {record["seed"] for record in board.records}
    space = board.dataset["space"]
    entries = "real numbers" if space["levels"] is None else f"{space['levels']} levels"
    failed = sum(not row.ok for row in board.rows)
    levels = {str(r["environment"]["isolation"]) for r in board.records if r["environment"].get("isolation")}
    return [
        ("Candidates", f"{len(board.rows)}" + (f", {failed} without a result" if failed else "")),
        ("Controls", str(len(board.controls))),
        ("Training seeds", str(len(seeds))),
        ("Dataset", f"{board.dataset['name'] or NOT_STATED}, {'×'.join(map(str, space['shape']))}, {entries}"),
        ("Training budget", _count(board.suite["images"], "images")),
        ("Scored samples", _count(board.suite["count"], f"in batches of {_count(board.suite['batch'])}")),
        ("Hardware", "; ".join(board.hardware) or NOT_STATED),
        ("Isolation", "; ".join(sorted(levels)) or NOT_STATED),
    ]  # fmt: skip


def _count(value: int | None, unit: str = "") -> str:
    return NOT_STATED if value is None else f"{value:,} {unit}".strip()


def leaders(board: Leaderboard) -> Iterable[dict[str, str]]:
    """The highest mean on each of the suite's axes, with how many share it; nothing where speeds are not comparable."""
    known = {column.name: column for column in board.columns}
    for axis, words in LEADERS.items():
        column = known.get(board.suite["axes"].get(axis, ""))
        best = board.best(column) if column else None
        if column and best is not None:
            ranked = [row for row in board.rows if not row.unranked(column)]
            first, *others = [row for row in ranked if row.cells[column.name].mean == best]
            yield {
                "words": words,
                "name": first.name,
                "family": charts.family_of(first),
                "shared": f" and {len(others)} more" if others else "",
                "title": column.title,
                "value": f"{number(best)} {column.further_unit}".strip(),
            }


def head(column: Column, board: Leaderboard) -> dict[str, Any]:
    """A column's head; `first` is the order of the first click, best first."""
    quality = board.suite["axes"].get("quality") == column.name
    return {
        "column": column,
        "arrow": {"higher": "↑", "lower": "↓"}.get(column.direction, ""),
        "words": f"{column.direction} is better" if column.direction else "no candidate has this score",
        "first": "ascending" if column.direction == "lower" else "descending",
        "sorted": quality and column.direction != "",
        "basis": [part for part in (column.unit, column.extractor.partition("/")[0]) if part],
        "is_axis": column.name in board.suite["axes"].values(),
    }


def floor(details: Mapping[str, float]) -> str:
    """What real data score against real data, with how many samples of each; "" for scores without a floor."""
    if "real_floor" not in details:
        return ""
    count = details.get("real_floor_count")
    return number(details["real_floor"]) + (f", n = {number(count)}" if count else "")


def line(row: Row, board: Leaderboard) -> dict[str, Any]:
    """A row of the table."""
    letters = dict(zip(board.hardware, range(1, len(board.hardware) + 1), strict=True))
    return {
        "row": row,
        "family": charts.family_of(row),
        "marks": marks(row),
        "flags": list(flags(row)),
        "front": front(row),
        "seeds": f"{len(row.ok)}" if len(row.ok) == len(row.results) else f"{len(row.ok)} of {len(row.results)}",
        "cells": [entry(row, column, board) for column in board.columns],
        "hardware": [letters[name] for name in row.hardware] if len(letters) > 1 else [],
    }


def marks(row: Row) -> list[str]:
    """What a reader should know of the model before comparing it."""
    conditional = ["conditional"] if "conditional" in row.model["capabilities"] else []
    pretrained = [f"pretrained on {data}" for data in row.model["pretrained_on"]]
    return conditional + pretrained + [f"asked for {need}" for need in row.model["needs"]]


def entry(row: Row, column: Column, board: Leaderboard) -> dict[str, Any]:
    """A cell of the table."""
    cell: Cell = row.cells[column.name]
    if cell.mean is None:
        kind, _, reason = cell.missing.partition(": ")
        brief = row.missing and row.results[0].candidate["status"]  # the reason is told once, under the table
        return {"missing": kind, "reason": clip(brief or reason, 48)}
    sign, words = KINDS.get(row.likelihood if column.axis == "density" else "", ("", ""))
    axis = next((axis for axis, own in board.standings.columns.items() if own.name == column.name), "")
    standing, off = place(row, axis) if axis and not row.control else ("", "")
    return {
        "missing": "",
        "value": f"{cell.mean:.6g}",
        "text": number(cell.mean),
        "spread": spread(cell.mean, cell.half_width),
        "fewer": len(cell.values) if len(cell.values) < len(row.ok) else 0,
        "best": not row.unranked(column) and cell.mean == board.best(column),
        "place": standing,
        "floor": floor(cell.details),
        "unranked": "" if row.control else off or (unaudited(row) if column.axis == "density" else ""),
        "sign": sign,
        "words": words,
        "speed": column.axis == "speed",
    }


def limits(suite: Mapping[str, Any]) -> str:
    """What a stage may take: seconds and caps, with their units."""
    told = [(stage, value, "s") for stage, value in suite["limits"].items()]
    for name, value in suite["caps"].items():
        what, _, unit = name.rpartition("_")
        told.append((what.replace("_", " "), value, f"{unit[:1].upper()}iB"))
    return ", ".join(f"{what} {number(value)} {unit}" for what, value, unit in told) or NOT_STATED


def hardware(board: Leaderboard) -> list[tuple[int, str]]:
    """The machines with their marks where there are several, else nothing."""
    return list(enumerate(board.hardware, 1)) if len(board.hardware) > 1 else []


def samples(row: Row, album: Album) -> dict[str, Any]:
    """A row's sample grid, of its first seed that succeeded, or why there is none."""
    if not row.ok:
        return {"row": row, "seed": None, "grid": None, "missing": row.missing}
    shown = album.shown(row.ok[0].candidate["grid"])
    known = {"row": row, "seed": row.ok[0].record["seed"]}
    if isinstance(shown, str):
        return {**known, "grid": None, "missing": f"n/a: {shown}"}
    return {**known, "grid": shown, "missing": ""}


def curves(board: Leaderboard) -> Iterable[charts.Curve]:
    """A learning curve for each model that logged one, of its first seed."""
    seen: set[str] = set()
    references = {record["model"]["reference"] for record in board.records}
    lines = charts.CURVE_LINES * len(references)
    most = min(charts.CURVE_POINTS, max(8, charts.ALL_POINTS // lines))
    for record in board.records:
        reference = record["model"]["reference"]
        drawn = None if reference in seen else charts.curve(reference, record["seed"], record["curve"], most)
        if drawn:
            seen.add(reference)
            yield drawn


def models(board: Leaderboard) -> Iterable[dict[str, Any]]:
    """Where each model comes from, with its settings and what fitting it took."""
    by_reference: dict[str, list[Mapping[str, Any]]] = {}
    for record in board.records:
        by_reference.setdefault(record["model"]["reference"], []).append(record)
    for records in by_reference.values():
        model = records[0]["model"]
        times = [seconds for r in records if (seconds := r["stages"].get("fit", {}).get("seconds")) is not None]
        yield {
            "model": model,
            "settings": ", ".join(f"{key}={value}" for key, value in sorted(model["settings"].items())) or "none",
            "capabilities": ", ".join(model["capabilities"]) or "none",
            "pretrained": ", ".join(model["pretrained_on"]) or "nothing",
            "parameters": _count(model["parameters"]),
            "fit": duration(sum(times) / len(times) if times else None),
        }


def environments(board: Leaderboard) -> list[tuple[int, Sequence[tuple[str, object]]]]:
    """The distinct environments, the most frequent first: (number of records, sorted entries)."""
    counts: dict[tuple[tuple[str, object], ...], int] = {}
    for record in board.records:
        key = tuple(sorted(record["environment"].items()))
        counts[key] = counts.get(key, 0) + 1
    return sorted(((count, key) for key, count in counts.items()), key=lambda pair: (-pair[0], repr(pair[1])))
