"""Products: a block of inner products between two sets of vectors, and the questions that reductions ask of it.

Nobody else reads a block, so that it may stay on the device that computed it: only the few pairs that matter, and
sums, leave it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genbench.geometry.cloud import Indices, Reals, Vectors

STRIP = 2**17  # products that a reduction works on at a time: half a megabyte, which stays in the cache


@dataclass(frozen=True)
class Pairs:
    """Some of a block's pairs: row i[p] and column j[p], counted from the block's first, and their products."""

    i: Indices
    j: Indices
    products: Vectors


@dataclass(frozen=True)
class Cubing:
    """What the kernel (scale x·y + a(x) + b(y))³ is made of, and which of its values are summed.

    Args:
        scale: of the products.
        row_shift, column_shift: a [r] and b [c], float32.
        row_subsets, column_subsets: [B, r] and [B, c] float32, 1 where a subset holds a vector, else 0.
        diagonal: whether pairs i = i count.
    """

    scale: float
    row_shift: Vectors
    column_shift: Vectors
    row_subsets: Vectors
    column_subsets: Vectors
    diagonal: bool


@dataclass(frozen=True)
class CubeSums:
    """Sums of a block's kernel values over its columns [r], over its rows [c], and over each subset [B], float64."""

    of_row: Reals
    of_column: Reals
    of_subset: Reals


class Products(ABC):
    """A block of products x·y, [r, c] float32. What is asked of it changes nothing, and may be asked by threads."""

    @abstractmethod
    def turned(self) -> "Products":
        """The same with rows and columns exchanged."""

    @abstractmethod
    def above(self, row_bound: Vectors, column_bound: Vectors) -> Pairs:
        """The pairs with x·y - column_bound[j] >= row_bound[i], the difference rounded to float32.

        Args:
            row_bound, column_bound: [r] and [c] float32.
        """

    @abstractmethod
    def leading(self, column_bound: Vectors, count: int) -> Pairs:
        """In each row the `count` pairs of greatest x·y - column_bound[j]; among equals the first columns."""

    @abstractmethod
    def cube_sums(self, cubing: Cubing) -> CubeSums:
        """Sums of the kernel's values."""


class HostProducts(Products):
    """Products in memory, in NumPy.

    Args:
        array: [r, c] float32 in C order, or the transpose of such an array.
        strip: products that are worked on at a time.
    """

    def __init__(self, array: Vectors, strip: int = STRIP) -> None:
        self._array, self._strip = array, strip

    def turned(self) -> Products:
        """The same with rows and columns exchanged; no copy."""
        return HostProducts(self._array.T, self._strip)

    def above(self, row_bound: Vectors, column_bound: Vectors) -> Pairs:
        """The pairs that reach their bounds."""
        less: Vectors = np.broadcast_to(column_bound, self._array.shape)
        least: Vectors = np.broadcast_to(row_bound[:, None], self._array.shape)
        if self._array.flags.c_contiguous:
            i, j, products = self._above(self._array, less, least)
        else:
            j, i, products = self._above(self._array.T, less.T, least.T)
        return Pairs(i, j, products)

    def leading(self, column_bound: Vectors, count: int) -> Pairs:
        """The pairs that lead their rows."""
        if count >= self._array.shape[1]:
            i, j = (index.ravel() for index in np.indices(self._array.shape))
            return Pairs(i, j, self._array[i, j])
        nearness = np.subtract(self._array, column_bound, order="C")
        last = np.partition(nearness, -count, axis=1)[:, [-count]]
        lead = nearness >= last
        if np.count_nonzero(lead) > count * len(lead):  # some are as near as the last
            lead, level = nearness > last, nearness == last
            lead |= level & (level.cumsum(axis=1) <= count - lead.sum(axis=1, keepdims=True))
        i, j = np.divmod(np.flatnonzero(lead), lead.shape[1])
        return Pairs(i, j, self._array[i, j])

    @np.errstate(over="ignore", invalid="ignore")  # the score says that the features are too large
    def cube_sums(self, cubing: Cubing) -> CubeSums:
        """Sums of the kernel's values: float32 within a strip, float64 across strips."""
        kernel: Vectors = np.empty(self._array.shape, np.float32)
        of_row, of_column = np.zeros(len(kernel)), np.zeros(len(kernel.T))
        for rows in self._strips(kernel.shape):
            root = np.multiply(self._array[rows], np.float32(cubing.scale), order="C")
            root += cubing.row_shift[rows][:, None]
            root += cubing.column_shift
            cube = np.multiply(root, root, out=kernel[rows])
            cube *= root
            if not cubing.diagonal:
                np.fill_diagonal(cube[:, rows], 0)
            of_row[rows] = cube.sum(axis=1)
            of_column += cube.sum(axis=0)
        partial = cubing.row_subsets @ kernel  # [B, c]
        of_subset = np.einsum("bc,bc->b", partial, cubing.column_subsets, dtype=np.float64)
        return CubeSums(of_row, of_column, of_subset)

    def _above(self, array: Vectors, less: Vectors, least: Vectors) -> tuple[Indices, Indices, Vectors]:
        found = []
        for rows in self._strips(array.shape):
            reached: NDArray[np.bool_] = array[rows] - less[rows] >= least[rows]
            found.append(np.flatnonzero(reached) + rows.start * array.shape[1])
        flat = np.concatenate(found)
        i, j = np.divmod(flat, array.shape[1])
        return i, j, array[i, j]

    def _strips(self, shape: tuple[int, ...]) -> Iterator[slice]:
        step = max(1, self._strip // shape[1])
        for start in range(0, shape[0], step):
            yield slice(start, min(start + step, shape[0]))
