"""JSON as genbench writes and reads it: finite, of bounded size and depth, sealed with its own hash."""

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from genbench.errors import GenbenchError
from genbench.files.atomic import regular_bytes, write_bytes

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"  # numbers are finite
JSON_LIMIT = 16 * 2**20  # bytes of JSON that a child process may hand over

JSON_DEPTH = 32


def write_json(path: Path, value: object) -> None:
    """Write JSON atomically, sorted and indented; NaN and infinity are refused."""
    write_bytes(path, (json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n").encode())


def read_json(path: Path, limit: int = JSON_LIMIT) -> Any:
    """Read JSON that somebody else may have written.

    Raises:
        GenbenchError: not a regular file, larger than `limit` bytes, deeper than 32 levels, not JSON,
            or with NaN, infinity or a key twice in one object.
    """
    try:
        data = regular_bytes(path, limit + 1)
        if len(data) > limit:
            raise ValueError(f"larger than {limit} bytes")
        return parsed_json(data)
    except (OSError, ValueError, RecursionError) as error:
        raise GenbenchError(f"{path} is not readable JSON: {error}") from error


def parsed_json(data: bytes) -> Any:
    """JSON without NaN, infinity, doubled keys or more than 32 levels; ValueError else."""
    value = json.loads(data, parse_constant=_refused, parse_float=_finite, object_pairs_hook=_single)
    _check_depth(value, JSON_DEPTH)
    return value


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refused(text)


def _single(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return value


def _check_depth(value: object, left: int) -> None:
    if not isinstance(value, dict | list):
        return
    if left == 0:
        raise ValueError(f"deeper than {JSON_DEPTH} levels")
    for item in value.values() if isinstance(value, dict) else value:
        _check_depth(item, left - 1)


def sealed(value: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON object with the hash of itself in "sha256"."""
    return {**value, "sha256": digest({name: item for name, item in value.items() if name != "sha256"})}


def intact(value: Mapping[str, Any]) -> bool:
    """Whether a JSON object is as `sealed` left it."""
    return "sha256" in value and sealed(value) == value


def digest(value: Mapping[str, object]) -> str:
    """SHA-256 of a JSON object in canonical form (sorted keys, no spaces), hexadecimal: what keys are made of."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
