"""A record, read as if a stranger wrote it: every field of the right type, none missing, none unknown."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genbench.errors import GenbenchError
from genbench.files.plain import intact, read_json, sealed, write_json

Json = Mapping[str, Any]
LARGEST = 1e30  # of a number in a record: sums of squares stay finite

# What a record is read as: a type, a list of one shape, a map from any text to one shape, or an object.
# A field that is missing or null reads as "", None, [], {}; a field that is not listed is not read.
_SCORE = {"value": float, "low": float, "high": float, "details": {str: float}, "title": str, "axis": str,
          "direction": str, "unit": str, "version": str, "extractor": str, "source": str}  # fmt: skip
_MEMORISATION = {"status": str, "reason": str, "detectable": {str: float}, "pairs": str, "extractor": str,
                 "tests": [{"against": str, "test": str, "share": float, "control": float, "p": float,
                            "flagged": bool}],
                 "suspicious": [{"sample": int, "against": str, "row": int, "distance": float}]}  # fmt: skip
# An audit's value and bound stand in its words; as numbers they may exceed any score, and are not read.
_AUDITS = {"status": str, "reason": str, "audits": [{"name": str, "status": str, "words": str}]}
_CANDIDATE = {"sampler": str, "name": str, "status": str, "phase": str, "reason": str, "elapsed": float, "log": str,
              "scores": {str: _SCORE}, "unavailable": {str: str}, "likelihood": str, "grid": str,
              "memorisation": _MEMORISATION, "audits": _AUDITS}  # fmt: skip
_RECORD = {
    "format": int, "protocol": str, "seed": int, "finished": str, "environment": {str: object},
    "suite": {"name": str, "title": str, "seeds": int, "images": int, "count": int, "batch": int, "extractor": str,
              "scores": [str], "axes": {str: str}, "limits": {str: float}, "caps": {str: float}},
    "dataset": {"name": str, "sha256": str, "source": str, "license": str, "rows": {str: int},
                "space": {"shape": [int], "levels": int, "classes": int}},
    "model": {"name": str, "reference": str, "family": str, "source": str, "description": str, "distribution": str,
              "version": str, "code": str, "capabilities": [str], "settings": {str: object}, "control": bool,
              "parameters": int, "pretrained_on": [str], "needs": [str]},
    "stages": {str: {"status": str, "reason": str, "seconds": float}},
    "curve": [{str: float}],
    "candidates": [_CANDIDATE],
}  # fmt: skip
# What the gates may say; "" where they were not asked.
STATUSES = {"memorisation": ("", "clear", "flagged", "unavailable"), "audits": ("", "passed", "failed", "unaudited")}
_EMPTY: dict[object, object] = {str: "", bool: False}


def fitted(value: Any, shape: Any, where: str = "record") -> Any:
    """A copy of `value` that has every field of `shape`, of the right type, and no other.

    Raises:
        GenbenchError: a value of another type, a number beyond ±1e30, NaN.
    """
    if isinstance(shape, list):
        items = _of_type([] if value is None else value, list, where)
        return [fitted(item, shape[0], f"{where}[{i}]") for i, item in enumerate(items)]
    if isinstance(shape, dict):
        value = _of_type({} if value is None else value, dict, where)
        keys = {str(key): shape[str] for key in value} if str in shape else shape
        return {_text(key): fitted(value.get(key), kind, f"{where}.{key}"[:120]) for key, kind in keys.items()}
    if value is None:
        return _EMPTY.get(shape)
    if shape is object:
        return value if isinstance(value, bool | int | float) else _text(str(value))
    return _scalar(value, shape, where)


def _scalar(value: Any, kind: type, where: str) -> str | float | int | bool:
    value = _of_type(value, kind, where)
    if isinstance(value, str):
        return _text(value)
    if not -LARGEST < value < LARGEST:  # also NaN
        raise GenbenchError(f"{shown(where)} is a finite number, got {shown(value)}")
    return kind(value)  # type: ignore[no-any-return]


def _of_type(value: Any, kind: type, where: str) -> Any:
    allowed = (int, float) if kind is float else kind
    if not isinstance(value, allowed) or (isinstance(value, bool) and kind is not bool):
        raise GenbenchError(f"{shown(where)} has type {kind.__name__}, got {shown(value)}")
    return value


def _text(value: str) -> str:
    """`value` with the lone surrogates that JSON can spell, and UTF-8 cannot, replaced."""
    return value.encode("utf-8", "replace").decode()


def shown(value: object) -> str:
    """`value` as an error message quotes it: ASCII, at most 120 characters."""
    text = ascii(value)
    return text if len(text) <= 120 else f"{text[:119]}…"


def fitted_record(found: Json) -> Json:
    """A record with every field that a board reads; what is missing reads as "", None, [] or {}.

    Raises:
        GenbenchError: another format, a field of another type, or no protocol, seed or name.
    """
    known: Json = fitted(found, _RECORD)
    names = [known["protocol"], known["model"]["reference"], *(c["name"] for c in known["candidates"])]
    if known["format"] != 1 or known["seed"] is None or not all(names):
        raise GenbenchError("a record has format 1, a protocol, a seed, and names for its model and candidates; got "
                            f"format {known['format']}, seed {known['seed']}, {shown(names)}")  # fmt: skip
    for index, candidate in enumerate(known["candidates"]):
        for gate, statuses in STATUSES.items():
            if candidate[gate]["status"] not in statuses:
                raise GenbenchError(f"record.candidates[{index}].{gate}.status is {', '.join(filter(None, statuses))} "
                                    f"or absent, got {shown(candidate[gate]['status'])}")  # fmt: skip
    return known


def read_records(folder: Path) -> list[Json]:
    """The records in a folder, as they were written: its `*.json` by file name, or those of a run's trials by theirs.

    Raises:
        GenbenchError: a file that is not JSON, is larger or deeper than a record may be, was changed after it was
            written, or holds no record.
    """
    return [_read(path) for path in sorted(folder.glob("*.json")) or sorted(folder.glob("*/record.json"))]


def _read(path: Path) -> Json:
    value: Json = read(path)
    try:
        fitted_record(value)
    except GenbenchError as error:
        raise GenbenchError(f"{path}: {error}") from None
    return value


FORMAT = 1


def write(path: Path, record: Mapping[str, Any]) -> dict[str, Any]:
    """Write a record with the hash of itself, as which it is returned."""
    value = sealed(record)
    write_json(path, value)
    return value


def read(path: Path) -> dict[str, Any]:
    """A record, as it was written.

    Raises:
        GenbenchError: a file that is not JSON, is larger or deeper than a record may be, or was changed.
    """
    value = read_json(path)
    if not isinstance(value, dict) or not intact(value):
        raise GenbenchError(f"{path} is not as genbench wrote it: its content and its sha256 differ; take the original")
    return value


def undated(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a record says, without when it was written."""
    return {name: value for name, value in record.items() if name not in ("finished", "sha256")}
