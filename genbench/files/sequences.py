"""Sequences: rows of tokens of which one, the end, is followed by nothing but itself."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def told(x: NDArray[Any], end: int | None) -> NDArray[np.bool_]:
    """Which entries of rows [N, D] say something: those up to the first end, the end counted, [N, D].

    Args:
        end: the token; None: all entries do.
    """
    if end is None:
        return np.ones(x.shape, bool)
    over: NDArray[np.bool_] = np.logical_or.accumulate(x == end, axis=1)  # from the first end on
    return np.concatenate([np.ones((len(x), 1), bool), ~over[:, :-1]], axis=1)


def token_counts(x: NDArray[Any], end: int | None) -> NDArray[np.int64]:
    """Tokens of each row [N, D], the end counted where there is one, [N]."""
    counts: NDArray[np.int64] = told(x, end).sum(1, dtype=np.int64)
    return counts


def cut(x: NDArray[Any], end: int | None) -> NDArray[Any]:
    """The rows [N, D] with nothing but the end after the first one; a copy."""
    return x.copy() if end is None else np.where(told(x, end), x, np.asarray(end, x.dtype))


def fault(x: NDArray[Any], end: int | None) -> str:
    """What rows [N, D] hold after their end, in words, with the way out; "" for nothing."""
    if end is None:
        return ""
    strange = (x != end) & ~told(x, end)
    if not strange.any():
        return ""
    rows = np.flatnonzero(strange.any(1))
    place = int(strange[rows[0]].argmax())
    first = f"row {rows[0]} first, which goes on with {x[rows[0], place]} at place {place}"
    return (
        f"{len(rows)} of {len(x)} rows that go on after their end ({first}), expected nothing but {end} after the "
        f"first {end}; fill up with it what follows"
    )


def lines(x: NDArray[Any], symbols: str, end: int | None) -> tuple[str, ...]:
    """Rows [N, D] as text, a line each, up to their end and without it.

    Args:
        symbols: a character for each token.
    """
    counts = token_counts(x, end)
    whole = ["".join(symbols[token] for token in row[:count]) for row, count in zip(x.tolist(), counts, strict=True)]
    return tuple(whole if end is None else (line.removesuffix(symbols[end]) for line in whole))
