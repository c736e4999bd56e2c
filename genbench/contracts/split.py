"""Split: some rows of a dataset as a model sees them, read when they are indexed."""

from collections.abc import Iterator
from typing import Any, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genbench.contracts.dataset import Examples


class Rows:
    """Rows of an array, read when they are indexed: `rows[3]`, `rows[10:20]`, `rows[indices]` give CPU tensors.

    Integers come as int64, real numbers as float32. They can be iterated, a row at a time.
    """

    def __init__(self, array: NDArray[Any]) -> None:
        self._array = array

    def __len__(self) -> int:
        return len(self._array)

    @property
    def shape(self) -> tuple[int, ...]:
        """[N, *shape]"""
        return self._array.shape

    def __getitem__(self, index: int | slice | Tensor | list[int]) -> Tensor:
        rows = np.asarray(self._array[index.cpu().numpy() if isinstance(index, Tensor) else index])
        return torch.from_numpy(rows.astype(np.float32 if rows.dtype.kind == "f" else np.int64))


class Captions:
    """Texts, a row each: `captions[3]` is one, `captions[10:20]` and `captions[indices]` are lists of them."""

    def __init__(self, texts: NDArray[np.str_]) -> None:
        self._texts = texts

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice | Tensor | list[int]) -> list[str]: ...

    def __getitem__(self, index: int | slice | Tensor | list[int]) -> str | list[str]:
        found = self._texts[index.cpu().numpy() if isinstance(index, Tensor) else index]
        return [str(text) for text in found] if isinstance(found, np.ndarray) else str(found)


class Split:
    """One split as a model sees it: `x` holds int64 [N, *shape] (float32 for real numbers), `y` int64 [N] or None.

    `captions` holds a text for each row, or is None. It is a data set as torch's loaders take one: `split[3]` is the
    tuple `(x, y)` of a row, `(x,)` without labels.
    """

    def __init__(self, examples: Examples) -> None:
        self.x = Rows(examples.x)
        self.y = None if examples.y is None else Rows(examples.y)
        self.captions = None if examples.captions is None else Captions(examples.captions)

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        return (self.x[index],) if self.y is None else (self.x[index], self.y[index])

    def batches(self, size: int, device: torch.device | str = "cpu") -> Iterator[tuple[Tensor, Tensor | None]]:
        """Every row once, in order, `size` at a time (the last batch may be smaller), moved to `device`."""
        for start in range(0, len(self), size):
            rows = slice(start, start + size)
            yield self.x[rows].to(device), None if self.y is None else self.y[rows].to(device)
