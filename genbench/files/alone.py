"""Alone: one process at a time makes what lies in the cache."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def alone(folder: Path, key: str, wait: bool = True) -> Iterator[bool]:
    """Hold the making of what a key names; False: somebody does, and nobody waits.

    The kernel lets go for one that dies. Where the cache cannot be written, everybody makes it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f".making-{key[:16]}"
        lock = path.open("wb")
    except OSError:
        yield True
        return
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                yield False
                return
            fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield True
        finally:
            path.unlink(missing_ok=True)
