"""Vectors on disk: what was computed once of some samples by some extractor is read from then on."""

import contextlib
import fcntl
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genbench.files.atomic import cache_path, offer, sha256_of
from genbench.files.plain import digest
from genbench.store.spare import used


class VectorCache:
    """Vectors by what they are of; the hash of their bytes stands in the file's name and is checked at each reading."""

    def __init__(self) -> None:
        self._damaged: list[str] = []

    @property
    def damaged(self) -> tuple[str, ...]:
        """The files that were not as they were written, in words; their vectors were computed anew."""
        return tuple(self._damaged)

    def found(self, names: Mapping[str, str], computed: Callable[[], NDArray[np.float32]]) -> NDArray[np.float32]:
        """Vectors read from the cache, or computed and put there, by one process at a time.

        Args:
            names: what the vectors are of; equal names stand for equal vectors.
        """
        folder, key = cache_path("features"), digest(names)
        vectors = self._read(folder, key)
        if vectors is not None:
            return vectors
        with _alone(folder, key) as first:
            vectors = None if first else self._read(folder, key)
            return self._made(folder, key, computed) if vectors is None else vectors

    def _read(self, folder: Path, key: str) -> NDArray[np.float32] | None:
        """The vectors that lie there, whole; None without any."""
        for path in sorted(folder.glob(f"{key}.*.npy")):
            try:
                if sha256_of(path) == path.name.split(".")[1]:
                    vectors: NDArray[np.float32] = np.load(path, allow_pickle=False)
                    used(path)
                    return vectors
            except FileNotFoundError:
                continue  # somebody made room
            place = path.with_name(f".damaged-{path.name}")
            self._damaged.append(f"{path} is not as it was written; set aside as {place.name}")
            with contextlib.suppress(OSError):  # a cache that cannot be written: it is passed over each time
                path.rename(place)
        return None

    def _made(self, folder: Path, key: str, computed: Callable[[], NDArray[np.float32]]) -> NDArray[np.float32]:
        vectors = computed()

        def fill(partial: Path) -> Path:
            np.save(partial, vectors, allow_pickle=False)
            return folder / f"{key}.{sha256_of(partial)}.npy"

        offer(folder / f"{key}.npy", fill)
        return vectors


@contextlib.contextmanager
def _alone(folder: Path, key: str) -> Iterator[bool]:
    """Wait until no other process makes these vectors; tells whether none did. The kernel lets go for one that dies.

    Minutes of work are done once. Where the cache cannot be written, everybody does it.
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
            first = True
        except BlockingIOError:
            fcntl.flock(lock, fcntl.LOCK_EX)
            first = False
        try:
            yield first
        finally:
            path.unlink(missing_ok=True)
