"""The excess over a control: its bound is that of the literature, and what it says that it can detect it flags."""

from dataclasses import replace

import numpy as np
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from genbench.geometry.excess import EXCESS, Excess, at_least, at_most, newcombe

Z = 3.090232306167813


def drawn(n: int, seed: int) -> np.ndarray:
    """n values, all different."""
    return np.random.default_rng(seed).random(n) + 1


def test_the_bound_is_the_one_that_newcombe_printed():
    # His table II, method 10, two-sided 95 %: 56/70 - 48/80, 9/10 - 3/10 and 10/10 - 0/20.
    assert newcombe(56, 70, 48, 80, 1.959964) == pytest.approx(0.0524, abs=5e-5)
    assert newcombe(9, 10, 3, 10, 1.959964) == pytest.approx(0.1705, abs=5e-5)
    assert newcombe(10, 10, 0, 20, 1.959964) == pytest.approx(0.6791, abs=5e-5)


@pytest.mark.parametrize(("n", "m"), [(30, 30), (449, 300), (10_000, 2000), (7, 900)])
def test_the_bound_is_that_of_another_implementation(n, m):
    rng = np.random.default_rng(n)
    for a, b in zip(rng.integers(0, min(n, 40), 5), rng.integers(0, min(m, 40), 5), strict=True):
        low, _ = confint_proportions_2indep(a, n, b, m, method="newcomb", alpha=0.002)
        assert newcombe(int(a), n, int(b), m, Z) == pytest.approx(low, abs=1e-9)


@pytest.mark.parametrize(("n", "share"), [(600, 0.0421), (2000, 0.0247), (10_000, 0.0160)])
def test_what_can_be_detected_is_what_the_test_itself_flags(n, share):
    control = drawn(n, 0)
    found = at_most(drawn(n, 1), control)
    assert found.detectable == pytest.approx(share, abs=1e-4)
    # Of the others as many pass as of the control.
    passing = round((found.detectable * (1 - found.control) + found.control) * n)
    for count, expected in ((passing, True), (passing - 1, False)):
        x = np.full(n, 3.0)
        x[:count] = 0
        assert at_most(x, control).flagged is expected


def test_values_that_are_all_equal_show_nothing():
    found = at_most(np.zeros(100), np.zeros(100))  # data with many equal rows: everyone lies at 0
    assert (found.share, found.control, found.flagged, found.detectable) == (1, 1, False, None)


def test_large_values_are_counted_as_small_ones_are():
    x, control = drawn(300, 2), drawn(200, 3)
    low, high = at_most(-x, -control), at_least(x, control)
    assert (high.passing, high.expected, high.threshold) == (low.passing, low.expected, -low.threshold)
    assert high.passing == (x >= np.quantile(control, 0.99)).sum()


def test_an_excess_below_a_point_is_never_flagged_however_many_samples_show_it():
    found = Excess(1_990_000, 100_000_000, 1_000_000, 100_000_000, 0.0)
    assert 0.0098 < found.bound < EXCESS
    assert not found.flagged
    assert replace(found, passing=2_010_000).flagged


def test_samples_drawn_as_the_control_is_are_flagged_next_to_never():
    flagged = [at_most(drawn(300, 2 * seed), drawn(300, 2 * seed + 1)).flagged for seed in range(3000)]
    assert sum(flagged) <= 9  # 1 in 1000 by the bound alone, and fewer for the point of excess: 9 has a chance of .001
