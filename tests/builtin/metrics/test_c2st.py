"""The two-sample test by the nearest neighbour."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from genbench.builtin.metrics.c2st import TwoSampleAccuracy


def theirs(real, generated):
    """Leave-one-out accuracy of scikit-learn's classifier, on each side."""
    x, y = np.concatenate([real, generated]), np.repeat([0, 1], [len(real), len(generated)])
    found = KNeighborsClassifier(2, algorithm="brute").fit(x, y).kneighbors(x, return_distance=False)
    right = y[found[:, 1]] == y
    return right[: len(real)].mean(), right[len(real) :].mean()


@pytest.mark.parametrize("law", [0, 1])
def test_it_is_the_leave_one_out_accuracy_of_a_nearest_neighbour_classifier(draw, evidence, law):
    real, generated = draw(120, 4, 0), draw(90, 4, 1, law=law)
    score = TwoSampleAccuracy().score(evidence(real, generated))
    expected = theirs(real, generated)
    assert (score.details["real"], score.details["generated"]) == pytest.approx(expected, abs=1e-12)
    assert score.value == pytest.approx(sum(expected) / 2)


def test_copies_lie_nearer_to_real_data_than_their_own(draw, evidence):
    real = draw(120, 4, 0)
    assert TwoSampleAccuracy().score(evidence(real, real.copy())).value == 0


def test_equal_distances_count_half(evidence):
    real = np.repeat(np.float32([[0, 0]]), 8, 0)
    assert TwoSampleAccuracy().score(evidence(real, real.copy())).value == 0.5
