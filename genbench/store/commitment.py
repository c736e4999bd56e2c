"""Commitment: what a process says of rows on the clock, so that it can leave no others afterwards."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

HALF = 32  # hexadecimal digits of each part


def committed(rows: NDArray[Any], head: int | None = None) -> str:
    """SHA-256 of the first rows, cut to 32 hexadecimal digits, and of the others.

    Args:
        rows: [n, ...], in the dtype that they are stored in.
        head: how many come first; None: all.
    """
    head = len(rows) if head is None else head
    return _half(rows[:head]) + _half(rows[head:])


def same(rows: NDArray[Any], digest: str, head: int) -> bool:
    """Whether rows are those that were committed to: all of a batch, or its first ones alone.

    Args:
        head: how many came first when the digest was made.
    """
    return digest == committed(rows, head) or (len(rows) == head and digest[:HALF] == _half(rows))


def kept_rows(rows: NDArray[Any], digests: Sequence[str], size: int) -> bool:
    """Whether rows are those of batches that were committed to, one after the other.

    Args:
        rows: [n, ...], of the last batch perhaps only the first ones.
        size: of a batch.
    """
    head = len(rows) - (len(digests) - 1) * size
    blocks = [rows[start : start + size] for start in range(0, len(rows), size)]
    return len(blocks) == len(digests) and all(same(*own, head) for own in zip(blocks, digests, strict=True))


def chained(digests: Iterable[str]) -> str:
    """SHA-256 of the digests of several laps, one after the other."""
    return hashlib.sha256(",".join(digests).encode()).hexdigest()


def _half(rows: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(rows).data).hexdigest()[:HALF]
