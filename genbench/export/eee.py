"""eee: Every Eval Ever's JSON, a file a candidate and task, at the places that its datastore asks for.

What a gate bars is left out, since the files have no field that would say so.

Source: https://github.com/evaleval/every_eval_ever, every_eval_ever/schemas/eval.schema.json, version 0.3.0
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from genbench.export.places import place_name
from genbench.files.plain import Json
from genbench.leaderboard import Cell, Column, Leaderboard, Row
from genbench.leaderboard.row import SAMPLES_ONLY
from genbench.records.kinds import Direction, Scale
from genbench.records.record import DataFacts, Record

VERSION = "0.3.0"  # of the schema
UNKNOWN = "unknown"
LEVEL = 0.95  # of a cell's interval
Ends = tuple[float, float]
BOUNDS: Mapping[Scale, Ends] = {Scale.SHARE: (0, 1), Scale.DISTANCE: (0, math.inf), Scale.SPEED: (0, math.inf)}
EVERYTHING: Ends = (-math.inf, math.inf)
_ADDRESS = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;)]")


def files(board: Leaderboard, organization: str = "") -> dict[str, bytes]:
    """Path → file, of each candidate that has a score which ranks.

    Args:
        organization: who provides the results; "": unknown.
    """
    found = {}
    for row in board.rows:
        told = _log(board, row, organization or UNKNOWN)
        if told["evaluation_results"]:
            data = (json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
            folder = f"{place_name(f'genbench-{board.suite.name}')}/{_model_id(row)}"
            # Of what does not change with time: who exports again replaces the file.
            digest = hashlib.sha256(f"{board.protocol}/{board.task}/{_model_id(row)}".encode()).digest()
            found[f"data/{folder}/{UUID(bytes=digest[:16], version=4)}.json"] = data
    return found


def ranked(board: Leaderboard, row: Row) -> list[Column]:
    """The columns in which a candidate has a score that no gate bars."""
    return [c for c in board.columns if row.ok and row.cells[c.name].mean is not None and not _barred(row, c)]


def _barred(row: Row, column: Column) -> bool:
    """Whether a value counts for nothing; a speed of another machine does not, since the file names its hardware."""
    return row.control is not None or bool(row.bar or row.off(column))


def _log(board: Leaderboard, row: Row, organization: str) -> dict[str, Json]:
    newest = max((result.record for result in row.results), key=lambda record: record.finished)
    name = f"genbench.{board.suite.name}.{board.task}"
    return {
        "schema_version": VERSION,
        "evaluation_id": f"{name}/{_model_id(row)}/{board.protocol}/{newest.finished}",
        "evaluation_timestamp": newest.finished,
        "retrieved_timestamp": _epoch(newest),
        "source_metadata": {
            "source_name": board.suite.title or board.suite.name,
            "source_type": "documentation",  # what is held are means: samples stay with who drew them
            "source_organization_name": organization,
            "evaluator_relationship": "other",
        },
        "eval_library": {
            "name": "genbench",
            "version": newest.machine.genbench or UNKNOWN,
            "additional_details": {"protocol": board.protocol, "torch": newest.machine.torch},
        },
        "model_info": _model(row),
        "evaluation_results": [_result(board, row, column, name) for column in ranked(board, row)],
    }


def _epoch(record: Record) -> str:
    """When the record was written, in seconds since 1970; "0" where it does not say."""
    try:
        return str(int(datetime.fromisoformat(record.finished).timestamp()))
    except (ValueError, OverflowError):
        return "0"


def _model_id(row: Row) -> str:
    """Its folder in the datastore: the plugin's distribution in the place of a developer, and the candidate."""
    return f"{place_name(row.model.distribution)}/{place_name(row.name)}"


def _model(row: Row) -> dict[str, Json]:
    model = row.model
    told = {"family": model.family.value if model.family else "", "source": model.source, "version": model.version}
    told |= {"settings": json.dumps(dict(model.settings), sort_keys=True), "code_sha256": model.code}
    told |= {"parameters": str(model.parameters), "training_images": str(row.cost.images)}
    told |= {"samples_only": SAMPLES_ONLY if row.samples_only else ""}
    return {
        "name": row.name,
        "id": _model_id(row),
        "additional_details": {
            "deployment_type": UNKNOWN if row.samples_only else "self_deployed",
            "model_availability": UNKNOWN,
            **{name: text for name, text in told.items() if text not in ("", "None")},
        },
    }


def _result(board: Leaderboard, row: Row, column: Column, name: str) -> dict[str, Json]:
    cell = row.cells[column.name]
    return {
        "evaluation_name": name,
        "source_data": _data(board.dataset),
        "evaluation_timestamp": max(result.record.finished for result in row.ok),
        "metric_config": _metric(column, cell),
        "score_details": _score(row, cell),
        "generation_config": {
            "additional_details": {
                "sampler": row.ok[0].candidate.sampler,
                "questions": str(board.terms.count),
                "batch": str(board.terms.batch or board.suite.batch),
                "hardware": "; ".join(row.hardware),
            }
        },
    }


def _data(data: DataFacts) -> dict[str, Json]:
    known: dict[str, Json] = {"sha256": data.sha256, "license": data.license, "split": "test", "source": data.source}
    told: dict[str, Json] = {"dataset_name": data.name, "additional_details": known}
    addresses: list[Json] = [*_ADDRESS.findall(data.source)]
    return told | ({"source_type": "url", "url": addresses} if addresses else {"source_type": "other"})


def _metric(column: Column, cell: Cell) -> dict[str, Json]:
    low, high = BOUNDS.get(column.scale, EVERYTHING)
    low, high = (low, high) if all(low <= value <= high for value in cell.values) else EVERYTHING
    parameters: dict[str, Json] = {"version": column.version, "extractor": column.extractor}
    return {
        "evaluation_description": f"{column.title}: {column.source}",
        "metric_id": f"genbench.{column.name}",
        "metric_name": column.title,
        "metric_unit": column.unit or "1",
        "metric_parameters": parameters,
        "lower_is_better": column.direction is Direction.LOWER,
        "score_type": "continuous",
        "min_score": _bound(low),
        "max_score": _bound(high),
    }


def _bound(value: float) -> float | str:
    return value if math.isfinite(value) else "Infinity" if value > 0 else "-Infinity"


def _score(row: Row, cell: Cell) -> dict[str, Json]:
    seeds = [str(result.record.seed) for result in row.ok]
    told: dict[str, Json] = {"score": cell.mean}
    told["details"] = {"seeds": ", ".join(seeds), "values": json.dumps(cell.values), "is": "mean over training seeds"}
    if cell.mean is not None and cell.half_width is not None:
        told["uncertainty"] = {
            "confidence_interval": {
                "lower": cell.mean - cell.half_width,
                "upper": cell.mean + cell.half_width,
                "confidence_level": LEVEL,
                "method": "Student's t over training seeds",
            },
            "num_samples": len(cell.values),
        }
    return told
