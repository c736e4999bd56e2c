"""A board's parts as plain JSON."""

import math
from dataclasses import asdict
from typing import Any

from genbench.leaderboard.row import Row
from genbench.leaderboard.statistics import ALPHA, Comparison, Verdict


def row_json(row: Row) -> dict[str, Any]:
    """A row without its records."""
    return {
        "name": row.name, "model": row.model["reference"], "family": row.model["family"], "control": row.control,
        "front": row.front, "front_share": row.front_share, "volume": row.volume,
        "likelihood": row.likelihood or None,
        "memorisation": {"status": row.gate.status or None, "reason": row.gate.reason or None,
                         "detectable": dict(row.gate.detectable)},
        "audits": {"status": row.audits.status or None, "reason": row.audits.reason or None},
        "places": {axis: asdict(place) | {"ranks": list(place.ranks) if place.ranks else None}
                   for axis, place in row.places.items()},
        "hardware": list(row.hardware), "seeds_ok": [result.record["seed"] for result in row.ok],
        "seeds_failed": [result.record["seed"] for result in row.results if not result.ok],
        "cells": {name: asdict(cell) | {"values": list(cell.values)} for name, cell in row.cells.items()},
    }  # fmt: skip


def verdict_json(verdict: Verdict, words: str) -> dict[str, Any]:
    """A verdict with its words and the comparisons that decide it."""
    return {
        "value": verdict.outcome.value, "words": words, "winner": verdict.winner or None,
        "unbeaten": list(verdict.unbeaten), "alpha": ALPHA, "margins": verdict.margins, "tested": verdict.tested,
        "comparisons": verdict.comparisons, "deciding": [_comparison_json(found) for found in verdict.deciding],
    }  # fmt: skip


def _comparison_json(comparison: Comparison) -> dict[str, Any]:
    return asdict(comparison) | {"gap": comparison.gap if math.isfinite(comparison.gap) else None}
