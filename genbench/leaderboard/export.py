"""A board's parts as plain JSON."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from genbench.files.codec import encoded
from genbench.files.plain import Json
from genbench.leaderboard.assembly import Failure
from genbench.leaderboard.row import Place, Row
from genbench.leaderboard.statistics import ALPHA, Contrast, Verdict


def row_json(row: Row) -> dict[str, Json]:
    """A row without its records."""
    gate, audits = row.gate, row.audits
    return {
        "name": row.name,
        "model": row.model.reference,
        "family": encoded(row.model.family),
        "control": bool(row.control),
        "samples_only": row.samples_only,
        "training_images": row.cost.images,
        "fit_cpu_seconds": row.cost.cpu,
        "fit_wall_seconds": row.cost.seconds,
        "contracted": dict(row.contracted),
        "front": row.front,
        "front_share": row.front_share,
        "volume": row.volume,
        "outside": row.outside or None,
        "elsewhere": row.elsewhere or None,
        "likelihood": row.likelihood or None,
        "assurance": encoded(row.assurance),
        "memorisation": {
            "status": encoded(gate.status),
            "reason": gate.reason or None,
            "detectable": dict(gate.detectable),
        },
        "audits": {"status": encoded(audits.status), "reason": audits.reason or None},
        "verified": {extent.value: count for extent, count in row.verified.items()},
        "places": {axis: encoded(place) for axis, place in row.places.items()},
        "hardware": list(row.hardware),
        "seeds_ok": [result.record.seed for result in row.ok],
        "seeds_failed": [result.record.seed for result in row.results if not result.ok],
        "cells": {
            name: encoded(cell) | {"missing": str(cell.missing) if cell.missing else ""}
            for name, cell in row.cells.items()
        },
    }


def table_row(row: Row, axes: Sequence[str]) -> dict[str, Json]:
    """A row of a data frame; what is absent is None."""
    found = {name: value for name, value in row_json(row).items() if name not in ("cells", "places")}
    found |= {
        "memorisation": encoded(row.gate.status),
        "audits": encoded(row.audits.status),
        "verified": row.extent.value,
        "contracted": max(row.contracted.values(), default=0),
    }
    for axis in axes:
        place = row.places.get(axis, Place(missing="a control"))
        low, high = place.ranks or (None, None)
        found |= {
            f"{axis} rank": place.rank,
            f"{axis} rank low": low,
            f"{axis} rank high": high,
            f"{axis} tier": place.tier,
            f"{axis} missing": place.missing,
        }
    for name, cell in row.cells.items():
        missing = str(cell.missing) if cell.missing else ""
        found |= {name: cell.mean, f"{name} ±": cell.half_width, f"{name} missing": missing}
    return {_encodable(name): _encodable(value) for name, value in found.items()}


def _encodable(value: Json) -> Any:
    """A text without lone surrogates, which no data frame can hold; all else as it is."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def failure_json(failure: Failure) -> dict[str, Json]:
    """A failure without its log."""
    told: dict[str, Json] = encoded(failure)
    del told["log"]
    return told | {"status": failure.words}


def verdict_json(verdict: Verdict, words: str) -> dict[str, Json]:
    """A verdict with its words and the comparisons that decide it."""
    return {
        "value": verdict.ruling.value,
        "words": words,
        "winner": verdict.winner or None,
        "unbeaten": list(verdict.unbeaten),
        "alpha": ALPHA,
        "margins": verdict.margins,
        "tested": verdict.tested,
        "comparisons": verdict.comparisons,
        "fragile": list(verdict.fragile),
        "without": encoded(dict(verdict.without)),
        "deciding": [_contrast_json(found) for found in verdict.deciding],
    }


def _contrast_json(contrast: Contrast) -> dict[str, Json]:
    return asdict(contrast) | {"gap": contrast.gap if math.isfinite(contrast.gap) else None}
