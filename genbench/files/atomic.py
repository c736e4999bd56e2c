"""Files that are whole or absent: atomic writes, canonical JSON, hashes, the cache folder."""

import contextlib
import hashlib
import os
import secrets
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from genbench.errors import GenbenchError

CACHE = "GENBENCH_CACHE"  # the environment variable
ELSEWHERE = f"set {CACHE} to a folder that can be written, with room"
DEEPEST = 64  # folders within each other that Python walks through


def cache_path(*parts: str) -> Path:
    """A place below the cache (`GENBENCH_CACHE`, else XDG's), which need not be there.

    Raises:
        GenbenchError: no variable says where, and the user has no home.
    """
    home, shared = os.environ.get(CACHE), os.environ.get("XDG_CACHE_HOME")
    try:
        base = Path(home) if home else (Path(shared) if shared else Path.home() / ".cache") / "genbench"
    except RuntimeError as error:  # neither HOME nor the system's list of users knows
        raise GenbenchError(f"no home folder is known for a cache; {ELSEWHERE}") from error
    return base.absolute().joinpath(*parts)


def cache_folder(*parts: str) -> Path:
    """A folder below the cache, made where it is missing.

    Raises:
        GenbenchError: it cannot be made.
    """
    folder = cache_path(*parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GenbenchError(f"the cache folder {folder} cannot be made ({error.strerror}); {ELSEWHERE}") from error
    return folder


@contextlib.contextmanager
def cache_told(folder: Path) -> Iterator[None]:
    """Say in one line that what has to lie in the cache cannot be written there.

    Raises:
        GenbenchError: it is another user's, read-only, or full.
    """
    try:
        yield
    except OSError as error:
        why = error.strerror or error  # NumPy says in words alone that there is no room
        raise GenbenchError(f"the cache folder {folder} cannot be written ({why}); {ELSEWHERE}") from error


def offer(path: Path, fill: Callable[[Path], Path]) -> None:
    """Put a file into the cache, whole or not at all: where it cannot be kept, that costs time alone.

    Args:
        path: in whose folder it will lie, and whose suffix it has.
        fill: writes it at a temporary place, and returns where it goes from there.
    """
    partial = unique_beside(path).with_suffix(path.suffix)
    with contextlib.suppress(OSError):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(partial, fill(partial))
        finally:
            partial.unlink(missing_ok=True)


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
