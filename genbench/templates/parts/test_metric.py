"""The metric: closed forms, and the battery that every metric has to pass."""

import numpy as np

from genbench.conformance import findings
from genbench.templates.parts.metric import NewPlugin, sliced_wasserstein

X = np.random.default_rng(1).normal(size=(400, 3))


def test_equal_sets_have_no_distance_whatever_their_order() -> None:
    assert sliced_wasserstein(X, X[::-1]) < 1e-12


def test_a_shift_is_seen_as_long_as_it_is_along_the_lines() -> None:
    # The mean of cos² of the angle to a line in three dimensions is 1/3; 256 lines know it to a few percent.
    assert abs(sliced_wasserstein(X, X + np.array([3.0, 0, 0])) - 3 / np.sqrt(3)) < 0.15


def test_the_battery_finds_nothing() -> None:
    assert findings(NewPlugin) == []
