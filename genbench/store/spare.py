"""Spare: what the cache holds only to save time, and how much of it is kept.

Stages, features with what is nearest to them and their moments, and what a driver that was killed had sent here.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from genbench.errors import GenbenchError
from genbench.files.atomic import below, cache_path, remove, unique_beside

MOST = 8 * 2**30  # bytes that are kept
RECENT = 3600.0  # seconds for which whatever was used stays: somebody may be at it
ROOMS = {
    "stages": 2,
    "features": 1,
    "nearest": 1,
    "moments": 1,
    "nodes": 1,
}  # folder of the cache → how many folders deep its entries lie


@dataclass(frozen=True)
class Entry:
    """A file, or a folder with all that lies in it, which is kept or removed as a whole."""

    path: Path
    size: int
    """Bytes."""
    used: float
    """When it was last used, in seconds since 1970."""


def rooms() -> list[Path]:
    """The folders that may be deleted at any time.

    Raises:
        GenbenchError: nobody knows where the cache is.
    """
    return [cache_path(name) for name in ROOMS]


def entries() -> list[Entry]:
    """All that is kept, in no order.

    Raises:
        GenbenchError: nobody knows where the cache is.
    """
    places = (place for name, depth in ROOMS.items() for place in _at(cache_path(name), depth))
    return [entry for place in places if (entry := _entry(place)) is not None]


def trim(most: int = MOST, recent: float = RECENT) -> int:
    """Remove what was not used for longest until no more than `most` bytes are left; how many were removed.

    Args:
        recent: whatever was used in so many seconds stays.
    """
    with contextlib.suppress(GenbenchError):
        found = sorted(entries(), key=lambda entry: entry.used)
        over, removed, now = sum(entry.size for entry in found) - most, 0, time.time()
        for entry in found:
            if removed >= over or entry.used > now - recent:
                break
            if _removed(entry.path):
                removed += entry.size
        return removed
    return 0


def used(path: Path) -> None:
    """Note that an entry was of use just now."""
    with contextlib.suppress(OSError):
        os.utime(path)


def _at(folder: Path, depth: int) -> Iterator[Path]:
    """What lies so many folders deep; 1: in the folder itself."""
    with contextlib.suppress(OSError):
        for place in folder.iterdir():
            if depth == 1:
                yield place
            elif place.is_dir():
                yield from _at(place, depth - 1)


def _entry(place: Path) -> Entry | None:
    with contextlib.suppress(OSError):  # somebody else removed it
        own = place.lstat()
        inside = [entry.stat(follow_symlinks=False) for entry, _ in below(place)] if place.is_dir() else [own]
        return Entry(place, sum(found.st_size for found in inside), own.st_mtime)
    return None


def _removed(path: Path) -> bool:
    """Take an entry from its place at one stroke, so that nobody finds half of it, and then remove it."""
    aside = unique_beside(path)
    with contextlib.suppress(OSError):
        os.rename(path, aside)
        remove(aside)
        return True
    return False
