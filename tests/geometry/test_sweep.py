"""The sweep and its reductions: exact where float32 is not, in bounded memory, the same for any cut into blocks."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays

from genbench.errors import Unavailable
from genbench.geometry.balls import Balls, NestedBalls
from genbench.geometry.cloud import Cloud, cloud, squared_distances
from genbench.geometry.comparison import Comparison
from genbench.geometry.neighbours import Neighbours
from genbench.geometry.sweep import Turned, product_on, sweep_across, sweep_within

NUMPY = product_on(None)


def exact(x, y):
    return ((x[:, None].astype(np.float64) - y[None]) ** 2).sum(2)


def nearest_within(x, k, block=1000):
    own = cloud(x, x)
    found = Neighbours(own, own, k)
    sweep_within(own, [found], NUMPY, block)
    return found.nearest()


@pytest.mark.parametrize("block", [7, 64, 1000])
def test_neighbours_are_those_of_every_distance_in_float64(draw, block):
    x = draw(200, 5, 1)
    squared, index = nearest_within(x, 3, block)
    everyone = exact(x, x)
    np.fill_diagonal(everyone, np.inf)
    np.testing.assert_array_equal(index, np.argsort(everyone, 1)[:, :3])
    np.testing.assert_allclose(squared, np.sort(everyone, 1)[:, :3], rtol=1e-13)


def test_neighbours_across_two_sets_include_the_copies(draw):
    x = draw(50, 5, 1)
    y = np.concatenate([draw(60, 5, 2), x[::-1]])
    rows, columns = cloud(x, x), cloud(y, x)
    found = Neighbours(rows, columns, 2)
    sweep_across(rows, columns, [found], NUMPY, 16)
    squared, index = found.nearest()
    np.testing.assert_array_equal(squared[:, 0], 0)
    np.testing.assert_array_equal(index[:, 0], np.arange(109, 59, -1))
    np.testing.assert_allclose(squared[:, 1], np.sort(exact(x, y), 1)[:, 1], rtol=1e-13)


def test_fewer_others_than_neighbours_leave_infinite_distances(draw):
    squared, _ = nearest_within(draw(3, 4, 1), 5)
    np.testing.assert_array_equal(np.isinf(squared), [[False, False, True, True, True]] * 3)


@pytest.mark.parametrize("block", [8, 30, 1000])
def test_of_equally_near_vectors_the_first_are_kept_for_any_cut_into_blocks(block):
    x = np.repeat(np.float32([[0, 0], [3, 4], [0, 1]]), [60, 20, 1], axis=0)
    x = x[np.random.default_rng(0).permutation(len(x))]
    (zeros,) = np.nonzero((x == 0).all(1))
    squared, index = nearest_within(x, 5, block)
    np.testing.assert_array_equal(squared[zeros], 0)
    others = [[j for j in zeros if j != i][:5] for i in zeros]
    np.testing.assert_array_equal(index[zeros], others)


def test_sorted_data_whose_first_block_is_far_from_all_others_lose_no_neighbour(draw):
    x = draw(300, 5, 1) + 20 * np.arange(6, dtype=np.float32).repeat(50)[:, None]
    _, index = nearest_within(x, 3, 25)
    everyone = exact(x, x)
    np.fill_diagonal(everyone, np.inf)
    np.testing.assert_array_equal(index, np.argsort(everyone, 1)[:, :3])


def test_copies_and_near_copies_keep_their_distances_far_from_the_centre():
    rng = np.random.default_rng(0)
    x = rng.choice([-1000, 1000], (40, 1)).astype(np.float32) + rng.standard_normal((40, 30), dtype=np.float32)
    near = x + np.float32(2**-12)  # four steps of float32 at this magnitude
    squared, index = nearest_within(np.concatenate([x, x, near]), 2)
    np.testing.assert_array_equal(squared[:80, 0], 0)
    np.testing.assert_array_equal(index[:80, 0], np.arange(80).reshape(2, 40)[::-1].ravel())
    pairs = np.arange(80), 80 + np.tile(np.arange(40), 2)
    want = squared_distances(np.concatenate([x, x]), pairs[0], near, pairs[1] - 80)
    assert (want < 1e-5).all()  # while the squared norms are 3e7
    np.testing.assert_array_equal(squared[:80, 1], want)


@given(
    x=arrays(np.int8, (12, 2), elements=st.integers(-3, 3)),
    y=arrays(np.int8, (9, 2), elements=st.integers(-3, 3)),
    closed=st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_balls_decide_ties_exactly(x, y, closed):
    centres, points = x.astype(np.float32) / 3, y.astype(np.float32) / 3  # no exact thirds, centred at no exact mean
    radii = squared_distances(centres[:1], np.zeros(12, int), centres, np.arange(12))
    clouds = cloud(centres, centres), cloud(points, centres)
    balls = Balls(*clouds, radii, closed=closed)
    sweep_across(*clouds, [balls], NUMPY, 5)
    distances = exact(centres, points)
    inside = distances <= radii[:, None] if closed else distances < radii[:, None]
    np.testing.assert_array_equal(balls.points_in_ball, inside.sum(1))
    np.testing.assert_array_equal(balls.balls_around_point, inside.sum(0))


def test_turned_balls_are_balls_around_the_columns(draw):
    x, y = draw(30, 4, 1), draw(20, 4, 2)
    clouds = cloud(x, x), cloud(y, x)
    balls = Balls(*clouds[::-1], np.full(20, 4.0), closed=True)
    sweep_across(*clouds, [Turned(balls)], NUMPY, 8)
    np.testing.assert_array_equal(balls.points_in_ball, (exact(y, x) <= 4).sum(1))
    np.testing.assert_array_equal(balls.balls_around_point, (exact(y, x) <= 4).sum(0))


def test_nested_balls_are_each_counted_by_its_own_rule():
    x, y = np.arange(12, dtype=np.float32)[:, None], np.arange(9, dtype=np.float32)[:, None]
    clouds = cloud(x, x), cloud(y, x)
    kinds = [(np.full(12, 9.0), False), (np.full(12, 1.0), True), (np.minimum(9, np.arange(12.0)), True)]
    alone, nested = ([Balls(*clouds, radii, closed=closed) for radii, closed in kinds] for _ in range(2))
    sweep_across(*clouds, [*alone, NestedBalls(*nested)], NUMPY, 5)
    for one, other in zip(alone, nested, strict=True):
        np.testing.assert_array_equal(one.points_in_ball, other.points_in_ball)
        np.testing.assert_array_equal(one.balls_around_point, other.balls_around_point)
    assert len({balls.points_in_ball.sum() for balls in nested}) == 3


@pytest.mark.parametrize("dim", [3, 100, 2048])
def test_float32_products_are_within_the_slack(dim):
    rng = np.random.default_rng(dim)
    x = np.abs(rng.standard_normal((300, dim), dtype=np.float32)) * rng.choice([1e-3, 1, 1e3], (300, 1))
    x = Cloud(x.astype(np.float32), np.full(dim, 0.5, np.float32))
    rows = slice(0, 300)
    true = x.block(rows).astype(np.float64) @ x.block(rows).astype(np.float64).T
    error = np.abs(x.block(rows) @ x.block(rows).T - true)
    assert (error < (x.slack[:, None] + x.slack[None]) / 2).all()  # the other half is for what is added to them


def counts(comparison):
    balls = [getattr(comparison.across, name) for name in ("real3", "generated3", "real5", "clipped5")]
    return [c for b in balls for c in (b.points_in_ball, b.balls_around_point)]


def test_blocks_of_any_size_give_the_same_counts_and_sums(draw):
    real, generated = draw(1100, 9, 1), draw(1050, 9, 2)
    large, small = Comparison(real, generated, block=5000), Comparison(real, generated, block=97)
    for one, other in zip(counts(large), counts(small), strict=True):
        np.testing.assert_array_equal(one, other)
    for pair in ("within_real", "within_generated", "across"):
        one, other = getattr(large, pair).kernel, getattr(small, pair).kernel
        np.testing.assert_allclose(one.of_row, other.of_row, rtol=1e-6)  # float32 products
        np.testing.assert_allclose(one.of_column, other.of_column, rtol=1e-6)
        np.testing.assert_allclose(one.of_subset, other.of_subset, rtol=1e-6)


def test_torch_multiplies_blocks_as_numpy_does(draw):
    real, generated = draw(300, 9, 1), draw(250, 9, 2)
    ours, theirs = Comparison(real, generated), Comparison(real, generated, device="cpu")
    for one, other in zip(counts(ours), counts(theirs), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(ours.across.kernel.of_row, theirs.across.kernel.of_row, rtol=1e-6)


def test_memory_is_that_of_blocks_not_of_all_pairs(draw):
    n = 4000
    comparison = Comparison(draw(n, 16, 1), draw(n, 16, 2), block=200)
    tracemalloc.start()
    _ = comparison.across
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    subsets = 2 * 100 * n * 4
    assert peak - subsets < n * n * 4 / 8  # a whole matrix in float32 takes eight times as much


def test_features_are_left_as_they_were(draw):
    real, generated = draw(1000, 9, 1), draw(1000, 9, 2)
    before = real.copy(), generated.copy()
    real.flags.writeable = generated.flags.writeable = False
    counts(Comparison(real, generated, block=300))
    np.testing.assert_array_equal(real, before[0])
    np.testing.assert_array_equal(generated, before[1])


def test_features_of_another_kind_are_refused(draw):
    x = draw(20, 4, 1)
    with pytest.raises(ValueError, match=r"generated: expected float32 \[N, 4\], got float32 \[20, 3\]"):
        Comparison(x, x[:, :3])
    with pytest.raises(ValueError, match=r"train: expected float32 \[N, 4\], got float32 \[20, 3\]"):
        Comparison(x, x, x[:, :3])
    for bad in (np.nan, np.inf, 1e16):
        with pytest.raises(Unavailable, match="features of the generated samples are not all finite"):
            Comparison(x, np.where(x == x[3, 2], np.float32(bad), x))
