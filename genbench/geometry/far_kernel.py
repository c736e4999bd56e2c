"""The kernel far from the origin: sums of what is left of it without the parts that cancel in every discrepancy."""

from dataclasses import dataclass

import numpy as np

from genbench.geometry.cloud import Cloud, Reals, Vectors
from genbench.geometry.workers import workers

FAR = 30.0  # times what a feature's square has about the centre: from there on the centre's share hides the rest
UNEVEN = 1e4  # times the median of the real squared norms: a vector beyond it hides what others bring
ROWS = 512  # of a block of float64 products


@dataclass(frozen=True)
class FarSums:
    """Sums of a kernel over rows [N], over columns [M], and over subsets of both [B], float64; k(x, x) is left out."""

    of_row: Reals
    of_column: Reals
    of_subset: Reals


def is_far(real: Cloud, generated: Cloud) -> bool:
    """Whether float32 is too coarse for (x·y/d + 1)³: the vectors lie far from the origin, or some of them far off."""
    centre, norms = real.centre.astype(np.float64), np.concatenate([real.half_norms, generated.half_norms])
    spread = float(2 * real.half_norms.mean()) / real.dim
    uneven = bool(norms.max() > UNEVEN * np.median(real.half_norms))
    return uneven or float(centre @ centre) / real.dim > FAR * (1 + spread)


def far_sums(rows_of: Cloud, columns_of: Cloud, row_subsets: Vectors, column_subsets: Vectors) -> FarSums:
    r"""Sums of (x·y/d + 1)³ without what x alone and y alone bring, in float64.

    With x = c + u, y = c + v, m = |c|²/d + 1, a = c·u/(dm), b = c·v/(dm) and p = u·v/d the kernel is
    m³ (1 + a + b + p/m)³. Of it every f(x) + g(y) cancels where pairs within x, within y and across are averaged and
    subtracted, also where a vector is left out or subsets are drawn; what is left is

        3m² [p (1+s)² + p² (1+s)/m + p³/(3m²) + m a b (2+s)],   s = a + b,

    which is small where all vectors are near the centre, however far that lies from the origin.

    Args:
        rows_of, columns_of: the clouds, which share their centre; the same object for the sums within one cloud.
        row_subsets, column_subsets: [B, N] and [B, M] float32, 1 where a subset holds a vector, else 0.
    """
    within = rows_of is columns_of
    sums = FarSums(np.zeros(len(rows_of)), np.zeros(len(columns_of)), np.zeros(len(row_subsets)))

    def kernel(rows: slice, columns: slice) -> Reals:
        found = _kernel(rows_of.wide(rows), columns_of.wide(columns), rows_of.centre.astype(np.float64))
        if within and rows == columns:
            np.fill_diagonal(found, 0)
        return found

    blocks = [(rows, columns) for rows in rows_of.blocks(ROWS) for columns in columns_of.blocks(ROWS)]
    with workers() as (pool, count):
        for first in range(0, len(blocks), count):
            some = blocks[first : first + count]
            for (rows, columns), values in zip(some, pool.map(lambda block: kernel(*block), some), strict=True):
                sums.of_row[rows] += values.sum(axis=1)
                sums.of_column[columns] += values.sum(axis=0)
                sums.of_subset[:] += ((row_subsets[:, rows] @ values) * column_subsets[:, columns]).sum(axis=1)
    return sums


def _kernel(u: Reals, v: Reals, centre: Reals) -> Reals:
    dim = len(centre)
    m = float(centre @ centre) / dim + 1
    a, b = (u @ centre)[:, None] / (dim * m), v @ centre / (dim * m)
    p, s = u @ v.T / dim, a + b
    left: Reals = 3 * m**2 * (p * (1 + s) ** 2 + p**2 * (1 + s) / m + p**3 / (3 * m**2) + m * a * b * (2 + s))
    return left
