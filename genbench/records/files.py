"""Files of records: each is sealed with the hash of its text, and read as if a stranger wrote it."""

import gc
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from genbench.errors import GenbenchError
from genbench.files import codec
from genbench.files.atomic import write_bytes
from genbench.files.codec import decoded, encoded
from genbench.files.plain import intact, read_bytes, value_of
from genbench.records import format1, format2
from genbench.records.record import FORMAT, Record

VERIFIED = "verified.json"  # beside a board's records: how far each was verified
PLACES = (  # of records in a folder
    "*.json",
    "*/record.json",  # a run
    "records/*.json",  # a board
    "*/records/*.json",  # boards
    "*/*/record.json",  # runs
)
UPGRADES: Mapping[int, Callable[[Mapping[str, Any]], Record]] = {1: format1.upgraded, 2: format2.upgraded}


def write(path: Path, record: Record) -> Record:
    """Write a record, atomically and in the order of its fields, and return it with the hash of its text."""
    value = encoded(record)
    own = replace(record, sha256=_hash(_text(value, "")))
    write_bytes(path, _text(value, own.sha256))
    return own


def read(path: Path) -> Record:
    """The record that a file holds, of today's format or of an earlier one.

    Raises:
        GenbenchError: no JSON, larger or deeper than a record may be, changed after it was written, or no record.
    """
    data = read_bytes(path)
    if (own := codec.as_written(Record, data)) is not None and own.sha256 == _hash(_unsealed(data, own.sha256)):
        return own
    value = value_of(path, data)
    if not isinstance(value, dict) or not _is_whole(data, value):
        raise GenbenchError(f"{path} is not as genbench wrote it: its content and its sha256 differ; take the original")
    try:
        return record_of(value)
    except GenbenchError as error:
        raise GenbenchError(f"{path}: {error}") from None


def _text(value: Mapping[str, Any], sha256: str) -> bytes:
    """A record as it stands in a file."""
    return codec.text({**value, "sha256": sha256}) + b"\n"


def _unsealed(text: bytes, sha256: str) -> bytes:
    """The text of a record with the place of its seal empty."""
    return text.replace(json.dumps(sha256).encode(), b'""')


def _hash(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _is_whole(data: bytes, value: Mapping[str, Any]) -> bool:
    """Whether a file says what it said when it was sealed: its SHA-256, in which its own place was empty, tells.

    Laid out anew it is what it was. Earlier formats were sealed in canonical form, which takes longer than all else.
    """
    stated = value.get("sha256")
    if not isinstance(stated, str):
        return False
    if _format_of(value) in UPGRADES:
        return intact(value)
    return stated in (_hash(_unsealed(data, stated)), _hash(_text(value, "")))


def record_of(value: object) -> Record:
    """The record that plain JSON stands for; whether it is as it was written is not asked.

    Raises:
        GenbenchError: another format; a field of another type, out of range, missing or unknown; says which.
    """
    known = _format_of(value)
    if isinstance(value, dict) and known in UPGRADES:
        return UPGRADES[known](value)
    if known == FORMAT:
        return decoded(Record, value, "record")
    way_out = "; a newer genbench wrote it, which reads it too" if known > FORMAT else ""
    raise GenbenchError(f"a record is a JSON object of format 1 to {FORMAT}, got {_format(value)}{way_out}")


def _format_of(value: object) -> int:
    """The format that a record states; 0 of what states none."""
    known = value.get("format") if isinstance(value, dict) else None
    return known if isinstance(known, int) and not isinstance(known, bool) else 0


def _format(value: object) -> str:
    return f"format {ascii(value.get('format'))[:80]}" if isinstance(value, dict) else f"a {type(value).__name__}"


def read_records(folder: Path) -> list[Record]:
    """The records in a folder, by their paths: see `record_files`.

    Raises:
        GenbenchError: as `read` does, or there is no such folder.
    """
    files = record_files(folder)
    with _uncollected():
        return [read(path) for path in files]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without looking for garbage in circles: reading makes none, and a look at all records takes ever longer."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def record_files(folder: Path) -> list[Path]:
    """The files of records in a folder: its `*.json`, those of a run's trials, or those of boards or runs in it.

    The first of `PLACES` where there is any counts.

    Raises:
        GenbenchError: there is no such folder.
    """
    if not folder.is_dir():
        raise GenbenchError(f"{folder} is no folder of records; name one with *.json, or a run's: runs/SUITE")
    places = (sorted(path for path in folder.glob(place) if path.name != VERIFIED) for place in PLACES)
    return next((found for found in places if found), [])


def undated(record: Record) -> Record:
    """What a record says, without when it was written."""
    return replace(record, finished="", sha256="")
