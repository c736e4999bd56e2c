"""The Monge inception distance against closed forms, optimal assignments and a plain transcription."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from genbench.builtin.metrics.mind import DIRECTIONS, MongeInceptionDistance, directions, sliced_distances
from genbench.geometry.rows import drawn


def score(found):
    return MongeInceptionDistance().score(found)


def test_each_line_is_at_the_cost_of_the_best_assignment_of_its_projections(draw):
    x, y, along = draw(40, 5, 1), draw(40, 5, 2, law=1), directions(7, 5)
    for u, found in zip(along, sliced_distances(x, y, along), strict=True):
        costs = np.subtract.outer((x @ u).astype(np.float64), (y @ u).astype(np.float64)) ** 2
        assert found == pytest.approx(costs[linear_sum_assignment(costs)].mean(), rel=1e-5)  # float32 projections


def test_value_is_that_of_a_plain_transcription_of_the_definition(draw, evidence):
    x, y = draw(300, 9, 1), draw(300, 9, 2, law=1)
    total = 0.0
    for u in directions(DIRECTIONS, 9).astype(np.float64):
        a, b = sorted(x.astype(np.float64) @ u), sorted(y.astype(np.float64) @ u)
        total += sum((p - q) ** 2 for p, q in zip(a, b, strict=True)) / 300
    assert score(evidence(x, y)).value == pytest.approx(3 * 9 * total / DIRECTIONS, rel=1e-5)  # float32 projections


def test_a_shift_costs_three_times_its_square(draw, evidence):
    x = draw(200, 12, 1)
    shift = np.linspace(-1, 2, 12).astype(np.float32)  # both signs
    found = score(evidence(x, x + shift))
    exact = 3 * 12 * np.mean((directions(DIRECTIONS, 12).astype(np.float64) @ shift) ** 2)
    assert found.value == pytest.approx(exact, rel=1e-5)  # on these lines
    # on all lines 3 |shift|²; the mean over 1000 of them is within four of its standard errors
    assert found.value == pytest.approx(3 * shift @ shift, abs=4 * found.details["directions_error"])


def test_a_scaling_costs_what_it_adds_to_each_projection(draw, evidence):
    x = draw(200, 6, 1) - draw(200, 6, 1).mean(axis=0)
    want = 3 * 6 * 0.25 * np.mean((x @ directions(DIRECTIONS, 6).T) ** 2)
    assert score(evidence(x, 1.5 * x)).value == pytest.approx(want, rel=1e-5)


def test_a_set_is_at_distance_zero_from_itself_in_any_order(draw, evidence):
    x = draw(300, 8, 1)
    assert score(evidence(x, x.copy())).value == 0
    assert score(evidence(x, x[::-1].copy())).value < 1e-9  # products of another order round otherwise


def test_distance_is_symmetric(draw, evidence):
    x, y = draw(200, 8, 1), draw(200, 8, 2, law=1)
    assert score(evidence(x, y)).value == pytest.approx(score(evidence(y, x)).value, rel=1e-6)


def test_a_common_shift_far_from_the_origin_changes_little(draw, evidence):
    x, y = draw(200, 8, 1), draw(200, 8, 2, law=1)
    far = np.float32(1000)
    # features of magnitude 1000 hold steps of 6e-5 in float32
    assert score(evidence(x + far, y + far)).value == pytest.approx(score(evidence(x, y)).value, rel=1e-3)


def test_directions_are_unit_vectors_that_are_always_the_same_and_favour_none():
    along = directions(4000, 3)
    np.testing.assert_allclose(np.linalg.norm(along, axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(along, directions(4000, 3))
    np.testing.assert_allclose(along.T @ along / 4000, np.eye(3) / 3, atol=0.03)  # four standard errors


def test_blocks_of_any_size_give_the_same_distances(draw):
    x, y, along = draw(100, 8, 1), draw(100, 8, 2), directions(50, 8)
    whole = sliced_distances(x, y, along)
    parts = sliced_distances(x, y, along, entries=700)  # seven lines at a time
    np.testing.assert_allclose(parts, whole, rtol=1e-5)


def test_fewer_samples_than_features_will_do(draw, evidence):
    assert 0 < score(evidence(draw(5, 40, 1), draw(5, 40, 2))).value < np.inf


def test_of_unequal_sets_as_many_are_drawn_from_the_larger(draw, evidence):
    x, y = draw(50, 4, 1), draw(30, 4, 2)
    found = score(evidence(x, y))
    assert found.details["drawn"] == 30
    assert found.value == score(evidence(x[drawn(50, 30, "real")], y)).value
    assert "drawn" not in score(evidence(x, x)).details
    with pytest.raises(ValueError, match="differ in shape"):
        sliced_distances(draw(50, 4, 1), draw(49, 4, 2), directions(3, 4))
