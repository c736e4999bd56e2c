"""Kept: arrays that real data alone give, which each process that scores would compute anew otherwise."""

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from genbench.files.alone import alone
from genbench.files.atomic import cache_path, offer
from genbench.files.plain import digest
from genbench.geometry.moments import Moments
from genbench.geometry.neighbours import Nearest
from genbench.store.spare import used

Arrays = Mapping[str, NDArray[Any]]


def kept(room: str, names: Mapping[str, str], computed: Callable[[], Arrays]) -> Arrays:
    """Arrays by name: read from the cache, or computed and put there, by one process at a time.

    Args:
        room: the folder of the cache.
        names: what the arrays are of; equal names stand for equal arrays.
    """
    key = digest(names)
    path = cache_path(room) / f"{key}.npz"
    found = _read(path)
    if found is not None:
        return found
    with alone(path.parent, key):
        found = _read(path)  # somebody may have made them since
        return _made(path, computed()) if found is None else found


def _read(path: Path) -> Arrays | None:
    """The arrays that lie there; None where there are none, or not as they were written."""
    with (
        contextlib.suppress(OSError, ValueError, EOFError, BadZipFile),
        path.open("rb") as raw,
        np.load(raw, allow_pickle=False) as file,
    ):
        used(path)
        return {name: file[name] for name in file.files}
    return None


def _made(path: Path, arrays: Arrays) -> Arrays:
    def fill(partial: Path) -> Path:
        np.savez(partial, allow_pickle=False, **arrays)
        return path

    offer(path, fill)
    return arrays


def kept_nearest(names: Mapping[str, str], computed: Callable[[], Nearest]) -> Nearest:
    """Nearest rows, likewise."""
    found = kept("nearest", names, lambda: nearest_arrays(computed()))
    return nearest_of(found)


def kept_moments(names: Mapping[str, str], computed: Callable[[], Moments]) -> Moments:
    """Moments, likewise."""

    def arrays() -> Arrays:
        found = computed()
        return {"count": np.array(found.count), "mean": found.mean, "covariance": found.covariance}

    found = kept("moments", names, arrays)
    return Moments(int(found["count"]), found["mean"], found["covariance"])


def nearest_arrays(near: Nearest) -> dict[str, NDArray[Any]]:
    """Nearest rows as they are kept."""
    return {"squared": near.squared, "indices": near.indices}


def nearest_of(arrays: Arrays) -> Nearest:
    """Nearest rows that were kept."""
    return Nearest(arrays["squared"], arrays["indices"])
