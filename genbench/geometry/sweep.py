"""The sweep: every block of inner products is computed once and handed to all reductions that want it."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from genbench.geometry.cloud import Cloud, Vectors
from genbench.geometry.products import HostProducts, Products
from genbench.geometry.workers import workers

BLOCK = 1000  # rows of a block: 4 MB of products, which stay in the cache while the reductions read them

Product = Callable[[Vectors, Vectors], Products]  # a [r, d], b [c, d] → a bᵀ [r, c]


class Reduction(ABC):
    """What a score keeps of the inner products between two clouds, whatever the order of blocks."""

    @abstractmethod
    def part(self, rows: slice, columns: slice, products: Products) -> Any:
        """What a block comes to. Several threads ask for different blocks at once: it changes nothing.

        Args:
            rows, columns: which vectors of the two clouds the block holds.
            products: [r, c] inner products about the centre; shared with other reductions.
        """

    @abstractmethod
    def add(self, rows: slice, columns: slice, part: Any) -> None:
        """Account for what a block came to. One thread adds, block by block, in an order that is always the same."""


Block = tuple[slice, slice, Sequence[Reduction]]  # rows of one cloud and of another, and who wants their products


class Turned(Reduction):
    """Hands the blocks on with rows and columns exchanged."""

    def __init__(self, reduction: Reduction) -> None:
        self._reduction = reduction

    def part(self, rows: slice, columns: slice, products: Products) -> Any:
        """The block's, transposed."""
        return self._reduction.part(columns, rows, products.turned())

    def add(self, rows: slice, columns: slice, part: Any) -> None:
        """The block's, transposed."""
        self._reduction.add(columns, rows, part)


def sweep_within(cloud: Cloud, reductions: Sequence[Reduction], product: Product, block: int = BLOCK) -> None:
    """All ordered pairs of one cloud, each vector with itself included; half of the products serve for both orders."""
    pairs = [(rows, columns) for rows in cloud.blocks(block) for columns in cloud.blocks(block, rows.start)]
    both = [*reductions, *(Turned(reduction) for reduction in reductions)]
    _sweep(cloud, cloud, [(*pair, reductions if pair[0] == pair[1] else both) for pair in pairs], product)


def sweep_across(
    rows_of: Cloud, columns_of: Cloud, reductions: Sequence[Reduction], product: Product, block: int = BLOCK
) -> None:
    """All pairs of a vector of one cloud and a vector of another, which share their centre."""
    pairs = [(rows, columns) for rows in rows_of.blocks(block) for columns in columns_of.blocks(block)]
    _sweep(rows_of, columns_of, [(*pair, reductions) for pair in pairs], product)


def _sweep(rows_of: Cloud, columns_of: Cloud, blocks: Sequence[Block], product: Product) -> None:
    """Multiply and reduce each block in a thread of its own, and account for the blocks in their order."""

    def parts(a: Vectors, rows: slice, columns: slice, reductions: Sequence[Reduction]) -> list[Any]:
        # A set's product with itself is half the work: NumPy knows it by the array's being the same.
        b = a if rows_of is columns_of and rows == columns else columns_of.block(columns)
        products = product(a, b)
        return [reduction.part(rows, columns, products) for reduction in reductions]

    with workers() as (pool, count):
        pending: deque[tuple[Block, Future[list[Any]]]] = deque()
        for index, block in enumerate(blocks):
            if not index or blocks[index - 1][0] != block[0]:
                a = rows_of.block(block[0])
            pending.append((block, pool.submit(parts, a, *block)))
            if len(pending) > count:
                _account(*pending.popleft())
        while pending:
            _account(*pending.popleft())


def _account(block: Block, parts: "Future[list[Any]]") -> None:
    rows, columns, reductions = block
    for reduction, part in zip(reductions, parts.result(), strict=True):
        reduction.add(rows, columns, part)


def product_on(device: str | None) -> Product:
    """The function that multiplies blocks: NumPy's BLAS where `device` is None, else torch on that device."""
    if device is None:
        return _host_product
    from genbench.geometry.torch_products import TorchProducts

    return lambda a, b: TorchProducts.of(a, b, device)


def _host_product(a: Vectors, b: Vectors) -> Products:
    return HostProducts(a @ b.T)
