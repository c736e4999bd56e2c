"""Samples: rows that somebody has, with where they come from and the hash of what they are."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.records.space import Space

Source = str | Path | NDArray[Any]


@dataclass(frozen=True)
class Samples:
    """Rows that were read, and what their reader should know of them.

    Args:
        name: where they come from: the path, or "an array".
        x: [N, *shape] in the Space's storage dtype; features: float32 [N, d].
        space: where they live.
        warnings: what is allowed and moves scores all the same.
    """

    name: str
    x: NDArray[Any]
    space: Space
    warnings: tuple[str, ...] = ()

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the rows: of their shape, dtype and bytes, in order."""
        return rows_sha256(self.x)


def rows_sha256(x: NDArray[Any]) -> str:
    """SHA-256 of an array's shape, dtype and bytes."""
    state = hashlib.sha256(f"{list(x.shape)} {x.dtype}".encode())
    state.update(np.ascontiguousarray(x).data)
    return state.hexdigest()
