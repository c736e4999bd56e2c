"""Files that a package brings along: they are read, and the package is never imported."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from genbench.errors import GenbenchError


def folder(dataset: str, package: str, inner: str, places: Sequence[Path]) -> Path:
    """A package's folder `inner`, of a copy in one of the places or of the package that is installed.

    Args:
        dataset: its name, for the error.
        package: the name by which it is imported and installed.
        inner: relative to the package's folder.
    Raises:
        GenbenchError: it is not there; says how to get it.
    """
    spec = find_spec(package)
    installed = (spec and spec.submodule_search_locations) or ()
    for home in (*(place / package for place in places), *map(Path, installed)):
        if (home / inner).is_dir():
            return home / inner
    raise GenbenchError(
        f"dataset {dataset} is not on this machine: expected the folder {package}/{inner}; pip install {package}, or "
        f"put it into DIR and say --data-root DIR"
    )
