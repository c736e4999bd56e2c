"""The shelf: finished stages of the harness's own models in the cache, by their keys, for every run's folder."""

import contextlib
import os
import shutil
from pathlib import Path

from genbench.errors import GenbenchError
from genbench.files.atomic import cache_folder, remove, unique_beside
from genbench.files.plain import digest
from genbench.store.spare import used

LARGEST = 2**28  # bytes of a stage that is kept here


class Shelf:
    """Stages that any run of this machine may take. Whoever takes one verifies it as if it had lain there before.

    Args:
        machine: what times are comparable within; a stage's key does not say all of it.
    """

    def __init__(self, machine: str) -> None:
        self._machine = digest({"machine": machine})[:16]

    def place(self, key: str) -> Path:
        """Where the stage of a key lies, if it does.

        Raises:
            GenbenchError: there is no cache.
        """
        return cache_folder("stages", self._machine) / key

    def take(self, key: str, folder: Path) -> bool:
        """Lay the stage of a key in the place of what lies in `folder`; whether there is one."""
        with contextlib.suppress(OSError, GenbenchError):
            place = self.place(key)
            if place.is_dir():
                folder.parent.mkdir(parents=True, exist_ok=True)
                _copied(place, folder)
                used(place)
                return True
        return False

    def put(self, key: str, folder: Path) -> None:
        """Keep a finished stage; one that is large, or a cache without room, is let pass."""
        with contextlib.suppress(OSError, GenbenchError):
            place = self.place(key)
            size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            if size <= LARGEST:
                _copied(folder, place)
                used(place)

    def drop(self, key: str) -> None:
        """Forget a stage whose files are not as they were written."""
        with contextlib.suppress(OSError, GenbenchError):
            remove(self.place(key))


def _copied(source: Path, target: Path) -> None:
    """Put a folder in the place of what lies at `target`, whole or not at all."""
    partial = unique_beside(target)
    try:
        shutil.copytree(source, partial, copy_function=_linked)
        remove(target)
        os.rename(partial, target)
    finally:
        remove(partial)


def _linked(source: str, target: str) -> None:
    """The same file once more; a copy where the file system cannot share it. Nobody writes into a finished file."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)
