"""Pairs of a sample and the rows that are nearest to it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.errors import Unavailable
from genbench.geometry.cloud import LARGEST, Features, Indices, Vectors, cloud
from genbench.geometry.neighbours import Nearest, Neighbours
from genbench.geometry.sweep import Product, sweep_across, sweep_within
from genbench.records.gates import CopyPair

PAIRS = 8  # that are kept and shown


def nearest_pairs(found: Mapping[str, Nearest], most: int = PAIRS) -> list[CopyPair]:
    """The pairs at the smallest distances over all sets, nearest first; each row of a set comes with one sample."""
    pairs: list[CopyPair] = []
    for against, near in found.items():
        order = np.argsort(near.squared[:, 0], kind="stable")
        rows, first = np.unique(near.indices[order, 0], return_index=True)
        samples = order[first]
        for row, sample in zip(rows, samples, strict=True):
            pairs.append(CopyPair(int(sample), against, int(row), float(np.sqrt(near.squared[sample, 0]))))
    return sorted(pairs, key=lambda pair: pair.distance)[:most]


def nearest(x: Features, known: Features, product: Product, k: int = 2) -> Nearest:
    """The k nearest rows of a set to each vector; fewer where it has fewer.

    Args:
        x, known: [N, d] and [M, d], of one dtype; N vectors and the M rows of the set.
        product: multiplies blocks.
    Raises:
        Unavailable: the set has fewer than two rows, or values are too large or not finite.
    """
    if len(known) < 2:
        raise Unavailable("needs at least two distinct rows of real data")
    _check(x, known)
    rows_of, columns_of = cloud(x, known), cloud(known, known)
    neighbours = Neighbours(rows_of, columns_of, min(k, len(known)))
    sweep_across(rows_of, columns_of, [neighbours], product)
    return Nearest(*neighbours.nearest())


def nearest_others(x: Features, product: Product, k: int) -> Nearest:
    """The k nearest to each of N > k vectors [N, d] float32 among the others.

    Raises:
        Unavailable: values are too large or not finite.
    """
    _check(x)
    own = cloud(x, x)
    neighbours = Neighbours(own, own, k)
    sweep_within(own, [neighbours], product)
    return Nearest(*neighbours.nearest())


def _check(*sets: Features) -> None:
    if not max(np.abs(x).max() for x in sets) <= LARGEST:  # NaN fails as well
        raise Unavailable(f"values are not all finite, or exceed {LARGEST:g}")


def flat(x: NDArray[Any]) -> Vectors:
    """Samples as vectors [N, D] float32: their entries as they are, without any extractor."""
    return x.reshape(len(x), -1).astype(np.float32)


def distinct(x: NDArray[Any]) -> Indices:
    """The first row of each distinct sample, [M] ascending."""
    first: dict[bytes, int] = {}
    for row, sample in enumerate(x):
        first.setdefault(sample.tobytes(), row)
    return np.array(list(first.values()), np.intp)
