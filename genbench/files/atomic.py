"""Files that are whole or absent: atomic writes, canonical JSON, hashes, the cache folder."""

import contextlib
import hashlib
import os
import secrets
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

from genbench.errors import GenbenchError

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


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
