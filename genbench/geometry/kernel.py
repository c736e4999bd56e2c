"""Kernel sums: what the kernel inception distance keeps of the inner products."""

import numpy as np

from genbench.geometry.cloud import Cloud, Vectors
from genbench.geometry.products import CubeSums, Cubing, Products
from genbench.geometry.sweep import Reduction


class KernelSums(Reduction):
    """Sums of k(x, y) = (x·y/d + 1)³ over rows, over columns, and over drawn subsets of both; k(x, x) is left out.

    Within one cloud `of_row` and `of_column` are the same sums.

    Args:
        rows_of, columns_of: the clouds, which share their centre; the same object for the sums within one cloud.
        row_subsets, column_subsets: [B, N] and [B, M] float32, 1 where a subset holds a vector, else 0.
    """

    def __init__(self, rows_of: Cloud, columns_of: Cloud, row_subsets: Vectors, column_subsets: Vectors) -> None:
        self._within = rows_of is columns_of
        self._dim = rows_of.dim
        self._row_shift, self._column_shift = _shift(rows_of), _shift(columns_of)
        self._row_subsets, self._column_subsets = row_subsets, column_subsets
        self.of_row = np.zeros(len(rows_of))
        self.of_column = self.of_row if self._within else np.zeros(len(columns_of))
        self.of_subset = np.zeros(len(row_subsets))

    def part(self, rows: slice, columns: slice, products: Products) -> CubeSums | None:
        """The block's sums; of two blocks that mirror each other one stands for both."""
        if self._within and columns.start < rows.start:
            return None
        cubing = Cubing(
            1 / self._dim,
            self._row_shift[rows],
            self._column_shift[columns],
            self._row_subsets[:, rows],
            self._column_subsets[:, columns],
            diagonal=not (self._within and rows == columns),
        )
        return products.cube_sums(cubing)

    def add(self, rows: slice, columns: slice, part: CubeSums | None) -> None:
        """Add the block's sums to the whole."""
        if part is None:
            return
        twice = self._within and rows == columns  # here each pair stands twice, once in either order
        share = 0.5 if twice else 1.0
        self.of_row[rows] += share * part.of_row
        self.of_column[columns] += share * part.of_column
        self.of_subset += 2 * share * part.of_subset if self._within else part.of_subset


def _shift(cloud: Cloud) -> Vectors:
    """The half of (x·y - (x-c)·(y-c))/d + 1 that x brings, [N] float32, for the centre c."""
    centre = cloud.centre.astype(np.float64)
    inner = np.concatenate([cloud.block(rows) @ centre for rows in cloud.blocks(1024)])
    return ((inner + centre @ centre / 2) / cloud.dim + 0.5).astype(np.float32)
