"""The difference of two groups of seeds, against SciPy's own Welch test and against the ruler."""

import math

import numpy as np
import pytest
from scipy import stats

from genbench.leaderboard.difference import differences
from genbench.leaderboard.statistics import MODERATED, WELCH, Ruler
from genbench.records.kinds import Scale

PLAIN = Ruler(Scale.PLAIN)


def drawn(seed: int, *sizes: int, spread: float = 1.0) -> dict[str, list[float]]:
    rng = np.random.default_rng(seed)
    return {
        name: list(rng.normal(0, spread * (1 + place), size))
        for place, (name, size) in enumerate(zip("abcdef", sizes, strict=False))
    }


@pytest.mark.parametrize("seed", range(5))
def test_five_seeds_are_compared_by_welchs_test_with_its_interval(seed: int) -> None:
    groups = drawn(seed, 5, 8, 30)
    (found,) = differences(groups, [("a", "b")], PLAIN)
    theirs = stats.ttest_ind(groups["b"], groups["a"], equal_var=False)
    between = theirs.confidence_interval(0.95)
    assert found.procedure == WELCH.name
    assert found.estimate == pytest.approx(np.mean(groups["b"]) - np.mean(groups["a"]))
    assert found.p == pytest.approx(theirs.pvalue)
    assert (found.low, found.high) == pytest.approx((between.low, between.high))


def test_a_score_of_which_less_is_better_keeps_its_sign() -> None:
    groups = {"a": [-1.0, -1.1, -0.9, -1.0, -1.05], "b": [-2.0, -2.1, -1.9, -2.0, -2.05]}  # positions of 1 and of 2
    (found,) = differences(groups, [("a", "b")], Ruler(Scale.PLAIN, higher=False))
    assert found.estimate == pytest.approx(1.0)
    assert found.low is not None
    assert found.high is not None
    assert 0.8 < found.low < 1 < found.high < 1.2


@pytest.mark.parametrize("sizes", [(3, 3), (4, 3), (5, 4), (5, 5)])
@pytest.mark.parametrize("seed", range(8))
def test_the_interval_leaves_out_no_difference_just_where_p_is_below_five_percent(
    seed: int, sizes: tuple[int, int]
) -> None:
    groups = drawn(seed, *sizes, 4, 5)
    groups["b"] = [value + seed for value in groups["b"]]
    (found,) = differences(groups, [("a", "b")], PLAIN)
    assert found.procedure == (WELCH if min(sizes) >= 5 else MODERATED).name
    assert found.p is not None
    assert found.low is not None
    assert found.high is not None
    assert (found.low > 0 or found.high < 0) == (found.p < 0.05)


def test_a_third_group_of_few_seeds_takes_welchs_test_from_nobody() -> None:
    groups = drawn(0, 5, 5, 3)
    alone = differences({name: groups[name] for name in "ab"}, [("a", "b")], PLAIN)
    assert differences(groups, [("a", "b"), ("a", "c")], PLAIN)[:1] == alone


def test_two_seeds_have_a_difference_and_no_test() -> None:
    (found,) = differences({"a": [1.0, 1.1], "b": [2.0] * 5}, [("a", "b")], PLAIN)
    assert found.estimate == pytest.approx(0.95)
    assert (found.low, found.high, found.p, found.procedure) == (None, None, None, "")


@pytest.mark.parametrize("higher", [True, False])
@pytest.mark.parametrize(
    ("scale", "first", "second", "estimate"),
    [(Scale.SHARE, 0.6, 0.7, 0.1), (Scale.DISTANCE, 20.0, 10.0, 0.5), (Scale.SPEED, 100.0, 400.0, 4.0)],
)
def test_differences_are_in_the_scores_unit(
    scale: Scale, first: float, second: float, estimate: float, higher: bool
) -> None:
    ruler = Ruler(scale, higher)
    values = {
        "a": [first * f for f in (0.99, 1, 1.01, 0.98, 1.02)],
        "b": [second * f for f in (0.99, 1, 1.01, 0.98, 1.02)],
    }
    groups = {name: [ruler.position(value) or 0.0 for value in own] for name, own in values.items()}
    (found,) = differences(groups, [("a", "b")], ruler)
    assert found.estimate == pytest.approx(estimate, rel=1e-3)  # the mean on the scale is not that of the values
    assert found.factor is (scale is not Scale.SHARE)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.estimate < found.high


def test_a_tie_is_no_difference() -> None:
    ruler = Ruler(Scale.SPEED, tie=1.25)
    groups = {
        name: [ruler.position(value * f) or 0.0 for f in (1, 1.001, 0.999, 1, 1)]
        for name, value in (("a", 100), ("b", 120), ("c", 130))
    }
    near, far = differences(groups, [("a", "b"), ("a", "c")], ruler)
    assert (near.p, far.p) == (pytest.approx(1.0), pytest.approx(0.0, abs=1e-6))


def test_values_that_are_as_far_apart_as_a_record_allows_have_finite_ends() -> None:
    ruler = Ruler(Scale.DISTANCE)
    groups = {
        name: [ruler.position(value) or 0.0 for value in own]
        for name, own in (("a", [1e-300, 1e29, 1e-300]), ("b", [1e29] * 3))
    }
    (found,) = differences(groups, [("a", "b")], ruler)
    assert all(math.isfinite(end) for end in (found.estimate, found.low or 0, found.high or 0))


def test_equal_seeds_without_any_spread_are_the_same_or_certain() -> None:
    groups = {"a": [3.0] * 5, "b": [3.0] * 5, "c": [4.0] * 5}
    same, other = differences(groups, [("a", "b"), ("a", "c")], PLAIN)
    assert (same.estimate, same.p, other.estimate, other.p, other.low) == (0.0, 1.0, 1.0, 0.0, 1.0)
