"""Rows: samples that are read when they are asked for, a block at a time, so that memory does not grow with them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

AT_ONCE = 2**25  # bytes of rows that are read at a time
KEPT = 2**28  # bytes: a set up to this size is read once and kept

Read = Callable[[int, int], NDArray[Any]]  # the rows from one number up to another


class Rows(NDArrayOperatorsMixin):
    """Rows [N, …] that behave as an array of them does; what needs all of them at once reads all of them.

    Args:
        shape: (N, …).
        dtype: of the entries.
        read: gives the rows from `start` up to `stop`.
    """

    def __init__(self, shape: Sequence[int], dtype: Any, read: Read) -> None:
        self.shape, self.dtype, self._read = tuple(shape), np.dtype(dtype), read

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, which: Any) -> NDArray[Any]:
        if isinstance(which, slice) and which.step in (None, 1):
            start, stop, _ = which.indices(len(self))
            return self._read(start, max(start, stop))
        rows = np.arange(len(self))[which]
        if rows.ndim == 0:
            row: NDArray[Any] = self._read(int(rows), int(rows) + 1)[0]
            return row
        return np.stack([self._read(row, row + 1)[0] for row in rows.tolist()])

    def __iter__(self) -> Iterator[NDArray[Any]]:
        for block in blocks(cast(NDArray[Any], self)):
            yield from block

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        whole: NDArray[Any] = np.empty(self.shape, self.dtype)
        first = 0
        for block in blocks(cast(NDArray[Any], self)):
            whole[first : first + len(block)] = block
            first += len(block)
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [np.asarray(x) if isinstance(x, Rows) else x for x in inputs]
        return getattr(ufunc, method)(*plain, **options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(np.asarray(self), name)


def lazy(shape: Sequence[int], dtype: Any, read: Read) -> NDArray[Any]:
    """Rows that `read` gives: kept where they are few bytes, else read whenever they are asked for."""
    rows = cast(NDArray[Any], Rows(shape, dtype, read))
    return np.asarray(rows) if byte_count(rows) <= KEPT else rows


def joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """The rows of several sets of one shape and dtype, one after the other, never all at once."""
    ends = np.cumsum([len(part) for part in parts])

    def read(start: int, stop: int) -> NDArray[Any]:
        starts = ends - [len(part) for part in parts]
        cut = [part[max(start - a, 0) : max(stop - a, 0)] for part, a in zip(parts, starts, strict=True)]
        return np.concatenate(cut)

    shape = (int(ends[-1]), *parts[0].shape[1:])
    return cast(NDArray[Any], Rows(shape, parts[0].dtype, read))


def some(x: NDArray[Any], which: NDArray[np.intp]) -> NDArray[Any]:
    """Some of the rows, by their numbers; of Rows, Rows again."""
    if isinstance(x, np.ndarray):
        return x[which]
    return cast(NDArray[Any], Rows((len(which), *x.shape[1:]), x.dtype, lambda start, stop: x[which[start:stop]]))


def blocks(x: NDArray[Any], at_once: int = AT_ONCE) -> Iterator[NDArray[Any]]:
    """The rows of an array, or of Rows, in blocks of at most `at_once` bytes, and of one row at least."""
    step = max(1, at_once * max(1, len(x)) // max(1, byte_count(x)))
    for start in range(0, len(x), step):
        yield x[start : start + step]


def byte_count(x: NDArray[Any]) -> int:
    """Bytes of all entries, read or not."""
    return int(np.prod(x.shape, dtype=np.int64)) * x.dtype.itemsize
