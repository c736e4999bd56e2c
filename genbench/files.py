"""Files that are whole or absent: atomic writes, canonical JSON, hashes, the cache folder."""

import contextlib
import hashlib
import json
import math
import os
import secrets
import shutil
import stat
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from genbench.errors import GenbenchError

JSON_LIMIT = 16 * 2**20  # bytes of JSON that a child process may hand over
JSON_DEPTH = 32
DEEPEST = 64  # folders within each other that Python walks through


def cache_folder(*parts: str) -> Path:
    """A folder below the cache (`GENBENCH_CACHE`, else XDG's), made where it is missing."""
    home = os.environ.get("GENBENCH_CACHE")
    base = Path(home) if home else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "genbench"
    folder = base.joinpath(*parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GenbenchError(
            f"the cache folder {folder} cannot be made ({error.strerror}); "
            "set GENBENCH_CACHE to a folder that can be written"
        ) from error
    return folder


def unique_beside(path: Path) -> Path:
    """A fresh temporary name in the folder of `path`, for a file that is renamed to `path` once it is whole."""
    return path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` so that `path` holds all of it or what it held before, also after a power loss."""
    partial = unique_beside(path)
    try:
        with partial.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` survive a power loss."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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


def regular_bytes(path: Path, count: int, last: bool = False) -> bytes:
    """The first, or last, bytes of a regular file; a link, a folder or a pipe is an OSError, and never waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("not a regular file")
        with open(descriptor, "rb", closefd=False) as file:
            if last:
                file.seek(max(0, os.fstat(descriptor).st_size - count))
            return file.read(count)
    finally:
        os.close(descriptor)


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


def remove(path: Path) -> None:
    """Remove whatever is at a path, as far as it goes: a file, a link, or a folder however deep."""
    if not path.is_dir() or path.is_symlink():
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
    elif too_deep(path):  # Python's own walk ends at its depth of calls
        subprocess.run(["rm", "-rf", "--", str(path)], check=False, capture_output=True)
    else:
        shutil.rmtree(path, ignore_errors=True)


def too_deep(folder: Path) -> bool:
    """Whether more folders lie within each other than Python walks through."""
    return any(depth > DEEPEST for _, depth in below(folder))


def below(folder: Path) -> Iterator[tuple[os.DirEntry[str], int]]:
    """All that lies below a folder, and how many folders deep; no link is followed, what is closed is passed over."""
    waiting = [(str(folder), 0)]
    while waiting:
        place, depth = waiting.pop()
        found: list[os.DirEntry[str]] = []
        with contextlib.suppress(OSError), os.scandir(place) as entries:
            found = list(entries)
        for entry in found:
            yield entry, depth
            with contextlib.suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((entry.path, depth + 1))


def sealed(value: Mapping[str, Any]) -> dict[str, Any]:
    """A JSON object with the hash of itself in "sha256"."""
    return {**value, "sha256": digest({name: item for name, item in value.items() if name != "sha256"})}


def intact(value: Mapping[str, Any]) -> bool:
    """Whether a JSON object is as `sealed` left it."""
    return "sha256" in value and sealed(value) == value


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(value: Mapping[str, object]) -> str:
    """SHA-256 of a JSON object in canonical form (sorted keys, no spaces), hexadecimal: what keys are made of."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
