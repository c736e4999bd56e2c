"""Vectors on disk: what was computed once of some samples by some extractor is read from then on."""

import contextlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genbench.files.alone import alone
from genbench.files.atomic import cache_path, offer, sha256_of
from genbench.files.plain import digest
from genbench.store.spare import used

PART = 2_500  # rows of which the vectors are kept together: a minute's work of a network on a CPU core


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
        vectors = self._found(names, computed, wait=True)
        assert vectors is not None  # who waits gets them
        return vectors

    def found_in_parts(
        self, names: Mapping[str, str], computed: Callable[[slice], NDArray[np.float32]], rows: int
    ) -> NDArray[np.float32]:
        """The same of many rows, kept part by part: who is stopped goes on, and several processes share the work.

        Args:
            computed: the vectors of a range of the rows.
            rows: how many there are.
        """
        if rows <= PART:
            return self.found(names, lambda: computed(slice(0, rows)))
        ranges = [slice(start, min(start + PART, rows)) for start in range(0, rows, PART)]
        parts: dict[int, NDArray[np.float32]] = {}
        for wait in (False, True):  # first what nobody else is at
            for part in ranges:
                if part.start not in parts:
                    own = {**names, "rows": f"{part.start}-{part.stop}"}
                    vectors = self._found(own, partial(computed, part), wait)
                    parts |= {} if vectors is None else {part.start: vectors}
        return np.concatenate([parts[part.start] for part in ranges])

    def _found(
        self, names: Mapping[str, str], computed: Callable[[], NDArray[np.float32]], wait: bool
    ) -> NDArray[np.float32] | None:
        """None where another process is at them and nobody waits for it."""
        folder, key = cache_path("features"), digest(names)
        vectors = self._read(folder, key)
        if vectors is not None:
            return vectors
        with alone(folder, key, wait) as own:
            if not own:
                return None
            vectors = self._read(folder, key)  # somebody may have made them since
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
            self._damaged += {f"{path} is not as it was written; set aside as {place.name}"} - {*self._damaged}
            with contextlib.suppress(OSError):  # a cache that cannot be written: it is passed over each time
                path.rename(place)
        return None

    def _made(self, folder: Path, key: str, computed: Callable[[], NDArray[np.float32]]) -> NDArray[np.float32]:
        vectors = computed()

        def fill(place: Path) -> Path:
            np.save(place, vectors, allow_pickle=False)
            return folder / f"{key}.{sha256_of(place)}.npy"

        offer(folder / f"{key}.npy", fill)
        return vectors
