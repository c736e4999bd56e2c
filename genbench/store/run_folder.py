"""Run_folder."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genbench.errors import GenbenchError


def check_writable(folder: Path) -> None:
    """Refuse, before any work is done and without making it, a folder that could not take its results.

    Raises:
        GenbenchError: it cannot be made or written.
    """
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    try:
        tempfile.TemporaryFile(dir=existing).close()
    except OSError as error:
        raise _refused(folder, error) from error


def _refused(folder: Path, error: OSError) -> GenbenchError:
    return GenbenchError(f"{folder} cannot be written ({error.strerror}); choose another place with --out")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the run folder for one coordinator; the kernel lets go of the lock when the holder ends, however it ends.

    Raises:
        GenbenchError: it cannot be written, or another process holds it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise _refused(folder, error) from error
    with os.fdopen(descriptor, "r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = lock.read().strip() or "another process"
            raise GenbenchError(f"{folder} is in use by {owner}; wait for it, or choose another --out") from error
        lock.truncate()
        lock.write(f"process {os.getpid()}")
        lock.flush()
        yield
