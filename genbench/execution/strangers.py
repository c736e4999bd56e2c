"""Strangers: other people's distributions on the path, any of which may be broken.

Importing torch asks all of them for entry points, as many libraries do, and fails with the first that cannot be read.
"""

from collections.abc import Iterator
from importlib import metadata
from typing import Any

everything = metadata.distributions  # whatever this process passes over


def pass_over_broken() -> None:
    """Hide from this process's libraries the distributions whose entry points cannot be read, if there are any."""
    if not all(map(_readable, everything())):
        vars(metadata)["distributions"] = _whole


def _whole(**where: Any) -> Iterator[metadata.Distribution]:
    return filter(_readable, everything(**where))


def _readable(distribution: metadata.Distribution) -> bool:
    try:
        return distribution.entry_points is not None
    except Exception:  # noqa: BLE001  # a stranger's files may hold anything, and raise as they like
        return False
