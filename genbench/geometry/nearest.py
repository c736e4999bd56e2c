"""Nearest: whose rows of one set are nearest to the vectors of another, from a sweep of their own."""

import numpy as np

from genbench.errors import Unavailable
from genbench.geometry.cloud import LARGEST, Features, cloud
from genbench.geometry.neighbours import Nearest, Neighbours
from genbench.geometry.sweep import Product, sweep_across, sweep_within


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
