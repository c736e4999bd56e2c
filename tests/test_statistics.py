import math

import pytest
from hypothesis import given, strategies as st

from genbench.statistics import Interval, interval, pareto_front

# t quantiles at .975 from Student's table: 12.7062 at 1 degree of freedom, 4.30265 at 2, 2.77645 at 4.
TABLE = {2: 12.706204736, 3: 4.302652730, 5: 2.776445105}
points = st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=12)


@pytest.mark.parametrize("n", TABLE)
def test_an_interval_is_the_t_quantile_times_the_standard_error(n: int) -> None:
    values = [float(i) for i in range(n)]
    deviation = math.sqrt(n * (n + 1) / 12)  # of 0 … n - 1, with n - 1 in the denominator
    found = interval(values)
    assert found.mean == (n - 1) / 2
    assert found.half_width == pytest.approx(TABLE[n] * deviation / math.sqrt(n), rel=1e-9)  # digits of the table


def test_one_value_has_no_interval() -> None:
    assert interval([3.5]) == Interval(3.5, None)


def test_equal_values_have_an_interval_of_width_zero() -> None:
    assert interval([0.1, 0.1, 0.1]).half_width == pytest.approx(0, abs=1e-15)  # 0.1 three times: one rounding


def test_more_confidence_is_a_wider_interval() -> None:
    assert interval([1.0, 2.0, 4.0], 0.99).half_width > interval([1.0, 2.0, 4.0]).half_width


def test_no_values_have_no_mean() -> None:
    with pytest.raises(ValueError, match="at least one value"):
        interval([])


def test_the_front_keeps_what_no_other_point_dominates() -> None:
    assert pareto_front([(3, 1), (2, 2), (1, 3), (1, 2), (2, 1)]) == [True, True, True, False, False]


def test_equal_points_share_their_fate() -> None:
    assert pareto_front([(2, 2), (2, 2), (1, 1), (1, 1)]) == [True, True, False, False]


def test_a_tie_on_one_axis_is_decided_by_the_other() -> None:
    assert pareto_front([(2, 1), (2, 2)]) == [False, True]


def test_no_points_have_no_front() -> None:
    assert pareto_front([]) == []


def test_points_with_different_numbers_of_axes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shorter|longer"):
        pareto_front([(1, 2), (1, 2, 3)])


@given(points)
def test_every_point_off_the_front_is_dominated_by_one_on_it(values: list[tuple[int, ...]]) -> None:
    on = pareto_front(values)
    front = [value for value, is_on in zip(values, on, strict=True) if is_on]
    assert front
    for value, is_on in zip(values, on, strict=True):
        beaten = any(all(a >= b for a, b in zip(f, value, strict=True)) and f != value for f in front)
        assert beaten is not is_on


@given(points, st.randoms(use_true_random=False))
def test_the_front_does_not_depend_on_the_order(values: list[tuple[int, ...]], random: object) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)
    by_value = dict(zip(shuffled, pareto_front(shuffled), strict=True))
    assert pareto_front(values) == [by_value[value] for value in values]
