"""The sweep: every block of inner products is computed once and handed to all reductions that want it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest

from genbench.metrics.cloud import Cloud, Vectors

BLOCK = 1000  # rows of a block: 4 MB of products, which stay in the cache while the reductions read them

Product = Callable[[Vectors, Vectors], Vectors]  # a [r, d], b [c, d] → a bᵀ [r, c]


class Reduction(ABC):
    """What a score keeps of the inner products between two clouds, block by block, in any order of blocks."""

    @abstractmethod
    def take(self, rows: slice, columns: slice, products: Vectors) -> None:
        """Account for a block.

        Args:
            rows, columns: which vectors of the two clouds the block holds.
            products: [r, c] float32 inner products about the centre; shared with other reductions, never written to.
        """


class Turned(Reduction):
    """Hands the blocks on with rows and columns exchanged."""

    def __init__(self, reduction: Reduction) -> None:
        self._reduction = reduction

    def take(self, rows: slice, columns: slice, products: Vectors) -> None:
        """The block, transposed."""
        self._reduction.take(columns, rows, products.T)


def sweep_within(cloud: Cloud, reductions: Sequence[Reduction], product: Product, block: int = BLOCK) -> None:
    """All ordered pairs of one cloud, each vector with itself included; half of the products serve for both orders."""
    pairs = [(rows, columns) for rows in cloud.blocks(block) for columns in cloud.blocks(block, rows.start)]
    for rows, columns, products in _multiplied(cloud, cloud, pairs, product):
        for reduction in reductions:
            reduction.take(rows, columns, products)
            if columns != rows:
                reduction.take(columns, rows, products.T)


def sweep_across(
    rows_of: Cloud, columns_of: Cloud, reductions: Sequence[Reduction], product: Product, block: int = BLOCK
) -> None:
    """All pairs of a vector of one cloud and a vector of another, which share their centre."""
    pairs = [(rows, columns) for rows in rows_of.blocks(block) for columns in columns_of.blocks(block)]
    for rows, columns, products in _multiplied(rows_of, columns_of, pairs, product):
        for reduction in reductions:
            reduction.take(rows, columns, products)


def _multiplied(
    rows_of: Cloud, columns_of: Cloud, pairs: Sequence[tuple[slice, slice]], product: Product
) -> Iterator[tuple[slice, slice, Vectors]]:
    """The products of each pair of blocks, in order; the next one is multiplied while its predecessor is in use."""

    def multiply(rows: slice, columns: slice) -> Vectors:
        return product(rows_of.block(rows), columns_of.block(columns))

    with ThreadPoolExecutor(1) as ahead:
        pending = ahead.submit(multiply, *pairs[0])
        for pair, following in zip_longest(pairs, pairs[1:]):
            products = pending.result()
            if following:
                pending = ahead.submit(multiply, *following)
            yield *pair, products


def product_on(device: str | None) -> Product:
    """The function that multiplies blocks: NumPy's BLAS where `device` is None, else torch on that device."""
    if device is None:
        return _numpy_product
    import torch

    def product(a: Vectors, b: Vectors) -> Vectors:
        products: Vectors = (torch.from_numpy(a).to(device) @ torch.from_numpy(b).to(device).T).cpu().numpy()
        return products

    return product


def _numpy_product(a: Vectors, b: Vectors) -> Vectors:
    return a @ b.T
