"""Clipped density and coverage against naive transcriptions, enumeration and their promise: to read as a share."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from genbench.builtin.metrics.clipped import ClippedCoverage, ClippedDensity, expected_coverage, good_share, real_counts


def distances(x, y):
    return np.sqrt(((x[:, None].astype(np.float64) - y[None]) ** 2).sum(2))


def naive_clipped_density(real, generated, k=5):
    among_real = distances(real, real)
    np.fill_diagonal(among_real, np.inf)
    radii = np.sort(among_real, 1)[:, k - 1]
    radii = np.minimum(radii, np.median(radii))

    def mean_clipped(to_points):
        return np.mean([min((to_points[:, j] <= radii).sum(), k) / k for j in range(to_points.shape[1])])

    return min(1.0, mean_clipped(distances(real, generated)) / mean_clipped(among_real))


def naive_clipped_coverage(real, generated, k=5):
    among_real = distances(real, real)
    np.fill_diagonal(among_real, np.inf)
    radii = np.sort(among_real, 1)[:, k - 1]
    counts = (distances(real, generated) < radii[:, None]).sum(1)
    return np.minimum(counts, k).mean() / k


def enumerated(n, m, k):
    """E min(J, k)/k over all orders of n - 1 real and m good samples; J good ones come before the k-th real one."""
    places = range(n - 1 + m)
    orders = list(combinations(places, n - 1))  # where the real samples stand
    return sum(Fraction(min(order[k - 1] - (k - 1), k), k) for order in orders) / len(orders)


@pytest.mark.parametrize("scale", [0.7, 1.0, 1.5])
def test_clipped_density_is_its_naive_transcription(draw, evidence, scale):
    real, generated = draw(300, 6, 1), draw(250, 6, 2, scale=scale)
    want = naive_clipped_density(real, generated)
    assert ClippedDensity().score(evidence(real, generated)).value == pytest.approx(want, abs=1e-12)


def test_clipped_coverage_before_calibration_is_its_naive_transcription(draw, evidence):
    real, generated = draw(300, 6, 1), draw(250, 6, 2, law=1)
    found = ClippedCoverage().score(evidence(real, generated))
    assert found.details["uncalibrated"] == pytest.approx(naive_clipped_coverage(real, generated), abs=1e-12)
    assert found.value == good_share(found.details["uncalibrated"], 300, 250, 5)


@pytest.mark.parametrize(("n", "k"), [(4, 2), (6, 3), (8, 3), (7, 5)])
def test_expected_coverage_is_that_of_every_order(n, k):
    exact = [float(enumerated(n, m, k)) for m in range(6)]
    np.testing.assert_allclose(expected_coverage(n, 5, k), exact, atol=1e-14)


def test_expected_coverage_is_met_by_samples_of_one_law():
    rng, found = np.random.default_rng(0), []
    for _ in range(200):
        real, generated = rng.standard_normal((60, 3)), rng.standard_normal((40, 3))
        found.append(naive_clipped_coverage(real, generated))
    error = np.std(found) / np.sqrt(len(found))
    assert np.mean(found) == pytest.approx(expected_coverage(60, 40, 5)[-1], abs=4 * error)


@given(n=st.integers(7, 3000), m=st.integers(1, 3000), share=st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_calibration_inverts_the_expectation(n, m, share):
    good = round(share * m)
    expected = expected_coverage(n, m, 5)
    assert expected[0] == 0
    assert (np.diff(expected) > 0).all()
    assert expected[-1] < 1
    assert good_share(expected[good], n, m, 5) == pytest.approx(good / m, abs=1e-9)


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_both_scores_read_the_share_of_good_samples(draw, evidence, share):
    generated = draw(1000, 8, 2)
    generated[round(share * 1000) :] += 1000  # in no ball
    found = evidence(draw(1000, 8, 1), generated)
    # fresh real data of this size scatter by about .02
    assert ClippedDensity().score(found).value == pytest.approx(share, abs=0.05)
    assert ClippedCoverage().score(found).value == pytest.approx(share, abs=0.05)


def test_an_outlier_among_the_real_samples_makes_no_bad_sample_good(draw, evidence):
    real, generated = draw(300, 6, 1), draw(300, 6, 2) + np.float32(30)
    real[:5] += 30 + np.arange(5, dtype=np.float32)[:, None] * 10  # balls that hold all generated samples
    assert ClippedDensity().score(evidence(real, generated)).value < 0.02


def test_radii_of_real_samples_are_clipped_at_their_median(evidence):
    real = np.array([0, 1, 2, 3, 4, 5, 50, 60, 70, 80, 90], np.float32)[:, None]
    within = evidence(real, real).comparison.within_real
    # radii for k = 2: 2 1 1 1 1 2 20 10 10 10 20, their median 2: only the six on the left hold their two neighbours
    np.testing.assert_array_equal(real_counts(within, 2), [1, 2, 3, 3, 2, 1, 0, 0, 0, 0, 0])
