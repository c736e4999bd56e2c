"""JSON as genbench writes and reads it: finite, of bounded size and depth, sealed with its own hash."""

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import msgspec

from genbench.errors import GenbenchError
from genbench.files.atomic import regular_bytes, write_bytes

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"  # numbers are finite
JSON_LIMIT = 16 * 2**20  # bytes of JSON that a child process may hand over

JSON_DEPTH = 32
BLANKS = bytes.maketrans(b"\t\n\r", b"   ")
CONTAINERS = frozenset({dict, list})  # as parsers make them


def write_json(path: Path, value: object) -> None:
    """Write JSON atomically, sorted and indented; NaN and infinity are refused."""
    write_bytes(path, (json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n").encode())


def read_json(path: Path, limit: int = JSON_LIMIT) -> Any:
    """Read JSON that somebody else may have written.

    Raises:
        GenbenchError: not a regular file, larger than `limit` bytes, deeper than 32 levels, not JSON,
            or with NaN, infinity or a key twice in one object.
    """
    return value_of(path, read_bytes(path, limit))


def read_bytes(path: Path, limit: int = JSON_LIMIT) -> bytes:
    """The bytes of a file that should hold JSON.

    Raises:
        GenbenchError: not a regular file, or larger than `limit` bytes.
    """
    try:
        data = regular_bytes(path, limit + 1)
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if len(data) > limit:
        raise _unreadable(path, f"larger than {limit} bytes")
    return data


def value_of(path: Path, data: bytes) -> Any:
    """The JSON in a file's bytes; raises as `read_json` does."""
    try:
        return parsed_json(data)
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, why: object) -> GenbenchError:
    return GenbenchError(f"{path} is not readable JSON: {why}")


def parsed_json(data: bytes) -> Any:
    """JSON without NaN, infinity, doubled keys or more than 32 levels; ValueError else."""
    try:
        value = msgspec.json.decode(data)
        if _keys(value) == _written_keys(data):
            return value
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass  # what Python's own parser takes, or says better
    value = json.loads(data, parse_constant=_refused, parse_float=_finite, object_pairs_hook=_single)
    _keys(value)
    return value


def _written_keys(data: bytes) -> int:
    """How many keys a JSON text has at most, doubled ones included; -1 where blanks before colons make that unclear."""
    return -1 if b" :" in data.translate(BLANKS) else data.count(b'":')


def _keys(value: object) -> int:
    """How many keys all objects in a JSON value have; ValueError where it is deeper than 32 levels."""
    level: list[Any]
    found, level = 0, [value] if type(value) in CONTAINERS else []
    for _ in range(JSON_DEPTH):
        if not level:
            return found
        objects = [item for item in level if type(item) is dict]
        found += sum(map(len, objects))
        inner = [item.values() if type(item) is dict else item for item in level]
        level = [item for items in inner for item in items if type(item) in CONTAINERS]
    if level:
        raise ValueError(f"deeper than {JSON_DEPTH} levels")
    return found


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


def sealed(value: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON object with the hash of itself in "sha256"."""
    return {**value, "sha256": digest({name: item for name, item in value.items() if name != "sha256"})}


def intact(value: Mapping[str, Any]) -> bool:
    """Whether a JSON object is as `sealed` left it."""
    return "sha256" in value and bool(sealed(value)["sha256"] == value["sha256"])


def digest(value: Mapping[str, object]) -> str:
    """SHA-256 of a JSON object in canonical form (sorted keys, no spaces), hexadecimal: what keys are made of."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
