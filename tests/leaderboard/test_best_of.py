"""The best of k: what enumerating all draws gives, and where the two ways of drawing agree."""

import itertools
import math
import statistics

import pytest

from genbench.leaderboard.statistics.best_of import best_of

VALUES = (-3.0, 1.5, 0.25, 1.5, 7.0)  # unordered, with equal ones


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("replacement", [True, False])
def test_mean_and_variance_are_those_of_all_draws(k: int, replacement: bool):
    draws = itertools.product(VALUES, repeat=k) if replacement else itertools.combinations(VALUES, k)
    largest = [max(draw) for draw in draws]
    found = best_of(VALUES, k, replacement)
    assert found.mean == pytest.approx(statistics.fmean(largest), rel=1e-12)  # rounding of sums alone
    assert found.variance == pytest.approx(statistics.pvariance(largest), rel=1e-12, abs=1e-12)


def test_the_best_of_one_is_the_mean_and_of_all_without_replacement_the_largest():
    assert best_of(VALUES, 1).mean == pytest.approx(statistics.fmean(VALUES), rel=1e-12)
    assert (best_of(VALUES, 5, replacement=False).mean, best_of(VALUES, 5, replacement=False).variance) == (7.0, 0.0)


def test_with_replacement_the_largest_is_missed_as_often_as_it_is_not_drawn():
    values = [0.0, 0.0, 0.0, 1.0]
    assert best_of(values, 6).mean == pytest.approx(1 - (3 / 4) ** 6, rel=1e-12)
    assert best_of(values, 40).mean > best_of(values, 6).mean


@pytest.mark.parametrize(("values", "k", "replacement"), [((), 1, True), ((1.0,), 0, True), ((1.0, 2.0), 3, False)])
def test_what_cannot_be_drawn_is_refused(values: tuple[float, ...], k: int, replacement: bool):
    with pytest.raises(ValueError, match=rf"the best of {k} of {len(values)}"):
        best_of(values, k, replacement)


def test_more_values_than_a_float_can_count_draws_of():
    found = best_of([float(i) for i in range(300)], 150, replacement=False)  # C(300, 150) has 89 digits
    assert math.isfinite(found.mean)
    assert found.mean == pytest.approx(150 / 151 * 301 - 1, rel=1e-9)  # of an order statistic: k (n + 1) / (k + 1) - 1
