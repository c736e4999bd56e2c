"""Blocks of products: what reductions ask of them, in memory and on a device that torch knows."""

import numpy as np
import pytest
import torch

from genbench.geometry.products import Cubing, HostProducts
from genbench.geometry.sweep import product_on

ARRAY = np.random.default_rng(0).integers(-9, 9, (37, 53)).astype(np.float32)  # integers: many equal products
ROW_BOUND = np.random.default_rng(1).integers(0, 9, 37).astype(np.float32)
STRIP = 5 * 53  # several strips, the last of them shorter
COLUMN_BOUND = np.random.default_rng(2).integers(-2, 3, 53).astype(np.float32)


def host(array):
    return HostProducts(array, STRIP)


def turned_host(array):
    return HostProducts(np.ascontiguousarray(array.T), STRIP).turned()


def by_torch(array):
    return product_on("cpu")(array, np.eye(array.shape[1], dtype=np.float32))


def turned_by_torch(array):
    return product_on("cpu")(np.eye(array.shape[1], dtype=np.float32), array).turned()


@pytest.fixture(params=[host, turned_host, by_torch, turned_by_torch], ids=lambda made: made.__name__)
def made(request):
    return request.param


def as_set(pairs):
    return set(zip(pairs.i.tolist(), pairs.j.tolist(), pairs.products.tolist(), strict=True))


def test_pairs_above_their_bounds_are_all_that_reach_them(made):
    i, j = np.nonzero(ROW_BOUND[:, None] <= ARRAY - COLUMN_BOUND)
    found = made(ARRAY).above(ROW_BOUND, COLUMN_BOUND)
    assert as_set(found) == set(zip(i.tolist(), j.tolist(), ARRAY[i, j].tolist(), strict=True))
    assert len(found.i) == len(i)


@pytest.mark.parametrize("count", [1, 5, 53, 60])
def test_leading_pairs_are_each_rows_greatest_and_the_first_among_equals(made, count):
    order = np.argsort(COLUMN_BOUND - ARRAY, axis=1, kind="stable")[:, :count]
    i, j = np.repeat(np.arange(37), order.shape[1]), order.ravel()
    found = made(ARRAY).leading(COLUMN_BOUND, count)
    assert as_set(found) == set(zip(i.tolist(), j.tolist(), ARRAY[i, j].tolist(), strict=True))


@pytest.mark.parametrize("diagonal", [True, False])
def test_cubes_are_summed_over_rows_columns_and_subsets(made, diagonal):
    array = ARRAY[:, :37]
    rng = np.random.default_rng(3)
    subsets = rng.integers(0, 2, (2, 4, 37)).astype(np.float32)
    cubing = Cubing(0.5, ROW_BOUND, COLUMN_BOUND[:37], *subsets, diagonal)
    kernel = (array.astype(np.float64) / 2 + ROW_BOUND[:, None] + COLUMN_BOUND[:37]) ** 3
    if not diagonal:
        np.fill_diagonal(kernel, 0)
    found = made(array).cube_sums(cubing)
    # halves of integers: every product and every sum is exact in float32
    np.testing.assert_array_equal(found.of_row, kernel.sum(1))
    np.testing.assert_array_equal(found.of_column, kernel.sum(0))
    np.testing.assert_array_equal(found.of_subset, np.einsum("bi,ij,bj->b", subsets[0], kernel, subsets[1]))


def test_products_of_too_few_digits_are_refused():
    torch.set_float32_matmul_precision("high")
    try:
        with pytest.raises(ValueError, match="'highest' float32 precision"):
            by_torch(ARRAY)
    finally:
        torch.set_float32_matmul_precision("highest")
