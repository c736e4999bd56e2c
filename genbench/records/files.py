"""Files of records: each is sealed with the hash of what it says, and read as if a stranger wrote it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from genbench.errors import GenbenchError
from genbench.files.atomic import write_bytes
from genbench.files.codec import decoded, encoded
from genbench.files.plain import intact, read_json, sealed
from genbench.records import format1, format2
from genbench.records.record import FORMAT, Record

PLACES = (  # of records in a folder
    "*.json",
    "*/record.json",  # a run
    "records/*.json",  # a board
    "*/records/*.json",  # boards
    "*/*/record.json",  # runs
)
UPGRADES: Mapping[int, Callable[[Mapping[str, Any]], Record]] = {1: format1.upgraded, 2: format2.upgraded}


def write(path: Path, record: Record) -> Record:
    """Write a record, atomically and in the order of its fields, and return it with the hash of itself."""
    value = sealed(encoded(record))
    write_bytes(path, (json.dumps(value, indent=1, allow_nan=False) + "\n").encode())
    return replace(record, sha256=str(value["sha256"]))


def read(path: Path) -> Record:
    """The record that a file holds, of today's format or of an earlier one.

    Raises:
        GenbenchError: no JSON, larger or deeper than a record may be, changed after it was written, or no record.
    """
    value = read_json(path)
    if not isinstance(value, dict) or not intact(value):
        raise GenbenchError(f"{path} is not as genbench wrote it: its content and its sha256 differ; take the original")
    try:
        return record_of(value)
    except GenbenchError as error:
        raise GenbenchError(f"{path}: {error}") from None


def record_of(value: object) -> Record:
    """The record that plain JSON stands for; whether it is as it was written is not asked.

    Raises:
        GenbenchError: another format; a field of another type, out of range, missing or unknown; says which.
    """
    known = value.get("format") if isinstance(value, dict) else None
    if isinstance(value, dict) and isinstance(known, int) and not isinstance(known, bool) and known in UPGRADES:
        return UPGRADES[known](value)
    if known == FORMAT:
        return decoded(Record, value, "record")
    newer = isinstance(known, int) and known > FORMAT
    way_out = "; a newer genbench wrote it, which reads it too" if newer else ""
    raise GenbenchError(f"a record is a JSON object of format 1 to {FORMAT}, got {_format(value)}{way_out}")


def _format(value: object) -> str:
    return f"format {ascii(value.get('format'))[:80]}" if isinstance(value, dict) else f"a {type(value).__name__}"


def read_records(folder: Path) -> list[Record]:
    """The records in a folder, by their paths: see `record_files`.

    Raises:
        GenbenchError: as `read` does, or there is no such folder.
    """
    return [read(path) for path in record_files(folder)]


def record_files(folder: Path) -> list[Path]:
    """The files of records in a folder: its `*.json`, those of a run's trials, or those of boards or runs in it.

    The first of `PLACES` where there is any counts.

    Raises:
        GenbenchError: there is no such folder.
    """
    if not folder.is_dir():
        raise GenbenchError(f"{folder} is no folder of records; name one with *.json, or a run's: runs/SUITE")
    return next((found for place in PLACES if (found := sorted(folder.glob(place)))), [])


def undated(record: Record) -> Record:
    """What a record says, without when it was written."""
    return replace(record, finished="", sha256="")
