"""The Fréchet distance against closed forms, an independent implementation, and its own statistics."""

import tracemalloc

import numpy as np
import pytest
import scipy.linalg
import torch
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

from genbench.builtin.metrics.fd import FrechetDistance
from genbench.errors import Unavailable
from genbench.geometry.frechet import COLUMNS, bootstrap, frechet_distance, halves
from genbench.geometry.moments import Moments, moments, pooled

SCALE = np.float32(1.155)
SHIFT = np.resize([1, -1], 64).astype(np.float32) * np.float32(np.sqrt((2.38 - 64 * 0.155**2) / 64))  # FD = 2.38
GENERATED = Moments(0, SHIFT.astype(np.float64), float(SCALE) ** 2 * np.eye(64))


def closed_form(real: Moments, generated: Moments) -> float:
    root = scipy.linalg.sqrtm(real.covariance @ generated.covariance).real
    shift = real.mean - generated.mean
    return float(shift @ shift + np.trace(real.covariance + generated.covariance - 2 * root))


def gaussian(d: int, seed: int) -> Moments:
    """A mean with entries of both signs and a covariance that is nowhere near diagonal."""
    rng = np.random.default_rng(seed)
    mixing = rng.standard_normal((d, d))
    return Moments(10 * d, rng.standard_normal(d), mixing @ mixing.T / d + 0.05 * np.eye(d))


@pytest.mark.parametrize("d", [40, COLUMNS + 1])
def test_distance_is_the_closed_form_for_shifts_of_both_signs_and_full_covariances(d):
    real, generated = gaussian(d, 1), gaussian(d, 2)
    # sqrtm is good to about 1e-12 of the trace here
    assert frechet_distance(real, generated) == pytest.approx(closed_form(real, generated), rel=1e-9)


def test_each_part_of_the_distance_counts_once():
    plain = Moments(100, np.zeros(3), np.eye(3))
    moved = Moments(100, np.array([1.0, -2.0, 0.5]), np.eye(3))
    wider = Moments(100, np.zeros(3), np.diag([4.0, 1.0, 0.25]))
    assert frechet_distance(plain, moved) == pytest.approx(1 + 4 + 0.25, rel=1e-12)
    assert frechet_distance(plain, wider) == pytest.approx(1 + 0 + 0.25, rel=1e-12)  # Σ (σ₁ - σ₂)²


def test_equal_moments_are_at_distance_zero():
    assert frechet_distance(gaussian(30, 3), gaussian(30, 3)) == pytest.approx(0, abs=1e-10)


def test_distance_is_symmetric():
    real, generated = gaussian(20, 4), gaussian(20, 5)
    assert frechet_distance(real, generated) == pytest.approx(frechet_distance(generated, real), rel=1e-10)


def test_a_constant_feature_changes_nothing(draw):
    real, generated = draw(200, 6, 1), draw(200, 6, 2, law=1)
    padded = [np.insert(x, 3, np.float32(2.5), axis=1) for x in (real, generated)]
    want = frechet_distance(moments(real), moments(generated))
    # an eigenvalue that is 0 comes out as 1e-16 of the largest, its root as 1e-8
    assert frechet_distance(moments(padded[0]), moments(padded[1])) == pytest.approx(want, abs=1e-6)


def test_different_dimensions_are_refused():
    with pytest.raises(ValueError, match="dimensions differ: 3 and 4"):
        frechet_distance(gaussian(3, 1), gaussian(4, 1))


def test_moments_are_numpys_also_across_chunks(draw):
    x = draw(5000, 5, 1) + 100  # more rows than one chunk holds
    found = moments(x)
    np.testing.assert_allclose(found.mean, x.mean(0, dtype=np.float64), rtol=1e-12)
    np.testing.assert_allclose(found.covariance, np.cov(x.astype(np.float64), rowvar=False), rtol=1e-9)


def test_moments_take_no_float64_copy_of_the_vectors(draw):
    x = draw(40_000, 32, 1)
    moments(x[:10])
    tracemalloc.start()
    moments(x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < x.nbytes / 2


def test_rows_are_taken_as_often_as_they_are_named(draw):
    x, rows = draw(50, 4, 1), np.array([3, 3, 9, 41, 0, 12])
    np.testing.assert_array_equal(moments(x, rows).covariance, moments(x[rows]).covariance)


def test_rows_that_count_several_times_are_as_good_as_repeated(draw):
    x, times = draw(50, 4, 1), np.random.default_rng(2).integers(0, 4, 50)
    counted, repeated = moments(x, times=times.astype(np.float64)), moments(np.repeat(x, times, axis=0))
    assert counted.count == repeated.count
    np.testing.assert_allclose(counted.mean, repeated.mean, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(counted.covariance, repeated.covariance, rtol=1e-10, atol=1e-13)


def test_one_row_has_no_covariance(draw):
    with pytest.raises(ValueError, match="at least 2 rows, got 1"):
        moments(draw(1, 4, 1))


def test_score_is_that_of_torch_fidelity(draw, evidence):
    real, generated = draw(600, 50, 1), draw(500, 50, 2, law=1)
    theirs = fid_statistics_to_metric(
        *(fid_features_to_statistics(torch.from_numpy(x).double()) for x in (generated, real)), False
    )["frechet_inception_distance"]
    assert FrechetDistance().score(evidence(real, generated)).value == pytest.approx(theirs, rel=1e-9)


def test_no_more_samples_than_features_are_refused_with_the_way_out(draw, evidence):
    with pytest.raises(Unavailable, match=r"more than 30 samples, got 30: draw more samples or take an extractor"):
        FrechetDistance().score(evidence(draw(100, 30, 1), draw(30, 30, 2)))
    assert FrechetDistance().score(evidence(draw(100, 30, 1), draw(31, 30, 2))).value > 0


def test_bias_correction_brings_the_population_value_nearer(draw, evidence):
    population = Moments(0, np.zeros(24), np.eye(24)), Moments(0, np.full(24, 0.3), 1.44 * np.eye(24))
    want = frechet_distance(*population)  # 24 (0.3² + 0.2²) = 3.12
    raw, corrected = [], []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        real = rng.standard_normal((300, 24), dtype=np.float32)
        generated = np.float32(0.3) + np.float32(1.2) * rng.standard_normal((300, 24), dtype=np.float32)
        score = FrechetDistance().score(evidence(real, generated))
        raw.append(score.value)
        corrected.append(score.details["bias_corrected"])
    # the bias is about d²/N·… = 1.1; what remains after one correction is of order 1/N²
    assert np.mean(raw) - want > 0.8
    assert abs(np.mean(corrected) - want) < 0.35 * (np.mean(raw) - want)


@pytest.mark.parametrize(("n", "d"), [(400, 6), (500, 16)])
def test_bootstrap_error_is_the_spread_over_fresh_samples(draw, n, d):
    fresh = [frechet_distance(moments(draw(n, d, s)), moments(draw(n, d, 5000 + s, law=1))) for s in range(800)]
    rng = np.random.default_rng(0)
    errors = [bootstrap(draw(n, d, 10_000 + s), draw(n, d, 20_000 + s, law=1), 60, rng).std(ddof=1) for s in range(12)]
    # 800 draws know a standard deviation to 2.5 %, twelve times 60 to 2.6 %: 15 % are more than 4 of these together
    assert np.mean(errors) == pytest.approx(np.std(fresh, ddof=1), rel=0.15)


def covered(low, high, value):
    return np.mean((np.array(low) <= value) & (value <= np.array(high)))


def test_intervals_cover_what_they_say_and_percentiles_of_the_bootstrap_cover_nothing():
    population = Moments(0, np.zeros(24), np.eye(24)), Moments(0, np.full(24, 0.3), 1.44 * np.eye(24))
    want = frechet_distance(*population)
    rng = np.random.default_rng(0)
    values, quantiles, errors = [], [], []
    for _ in range(40):
        real = rng.standard_normal((300, 24), dtype=np.float32)
        generated = np.float32(0.3) + np.float32(1.2) * rng.standard_normal((300, 24), dtype=np.float32)
        values.append(frechet_distance(moments(real), moments(generated)))
        distances = bootstrap(real, generated, 60, rng)
        quantiles.append(np.quantile(distances, (0.025, 0.975)))
        errors.append(distances.std(ddof=1))
    values, errors, (low, high) = np.array(values), np.array(errors), np.array(quantiles).T
    # of 40 intervals that cover 95 (or 90) in 100, fewer than 32 cover once in 5,000 (or 50) times
    assert covered(low, high, want) == 0
    assert covered(2 * values - high, 2 * values - low, want) >= 0.8
    assert covered(values - 1.96 * errors, values + 1.96 * errors, values.mean()) >= 0.8
    assert covered(values - 1.96 * errors, values + 1.96 * errors, want) == 0


@pytest.mark.parametrize(
    ("n", "reads"), [(500, 7.60), (1000, 4.88), (2000, 3.63), (5000, 2.87), (10_000, 2.63)], ids=str
)
def test_bias_falls_like_one_over_the_samples(n, reads):
    found = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        real, generated = rng.standard_normal((2, n, 64), dtype=np.float32)
        found.append(frechet_distance(moments(real), moments(SHIFT + SCALE * generated)))
    assert frechet_distance(Moments(0, np.zeros(64), np.eye(64)), GENERATED) == pytest.approx(2.38, abs=1e-6)
    # the table does not tell its Gaussians: these agree to first order, the second falls like 1/n²; six scatter by .05
    assert np.mean(found) == pytest.approx(reads, abs=0.4 * (500 / n) ** 2 + 0.05)


def test_interval_is_one_standard_error_times_two_on_either_side(draw, evidence):
    score = FrechetDistance().score(evidence(draw(300, 6, 0), draw(300, 6, 1, law=1)))
    assert score.details["resamples"] == 100
    assert score.high - score.value == pytest.approx(1.96 * score.details["standard_error"], rel=1e-12)
    assert score.value - score.low == pytest.approx(1.96 * score.details["standard_error"], rel=1e-12)


def test_population_interval_lies_around_the_corrected_value_and_not_around_the_raw_one(draw, evidence):
    score = FrechetDistance().score(evidence(draw(300, 24, 0), draw(300, 24, 1, scale=1.2)))
    low, high = score.details["population_low"], score.details["population_high"]
    assert low < score.details["bias_corrected"] < high < score.value  # the bias is more than two errors here


def test_real_floor_is_what_two_fresh_sets_of_its_size_score(draw, evidence):
    fresh = [frechet_distance(moments(draw(500, 16, s)), moments(draw(500, 16, 100 + s))) for s in range(50)]
    details = FrechetDistance().score(evidence(draw(1000, 16, 999), draw(1000, 16, 5, law=1))).details
    assert details["real_floor_count"] == 500
    # one split scatters by 10 %, and four of one set by little less
    assert details["real_floor"] == pytest.approx(np.mean(fresh), rel=0.3)


def test_real_floor_takes_training_data_where_half_of_the_real_are_too_few(draw, evidence):
    fresh = [frechet_distance(moments(draw(60, 32, s)), moments(draw(60, 32, 100 + s))) for s in range(30)]
    real, generated = draw(60, 32, 997), draw(60, 32, 998, law=1)
    details = FrechetDistance().score(evidence(real, generated, train=draw(200, 32, 999))).details
    assert details["real_floor_count"] == 60
    assert details["real_floor"] == pytest.approx(np.mean(fresh), rel=0.3)  # one pair scatters by 10 %
    for train in (None, draw(59, 32, 999)):
        assert "real_floor" not in FrechetDistance().score(evidence(real, generated, train=train)).details


def test_halves_are_disjoint_and_pool_to_the_whole(draw):
    x = draw(101, 7, 1)
    whole, found = moments(x), pooled(*halves(x, np.random.default_rng(0)))
    assert found.count == 101
    np.testing.assert_allclose(found.mean, whole.mean, rtol=1e-12)
    np.testing.assert_allclose(found.covariance, whole.covariance, rtol=1e-9, atol=1e-12)


def test_resamples_that_are_too_dear_are_left_out_and_their_cost_is_stated(draw, evidence):
    details = FrechetDistance().score(evidence(draw(1000, 900, 1), draw(1000, 900, 2))).details
    # 20 (4 · 1000 · 900² + 20 · 900³) operations; half of the real samples are too few for a floor
    assert details == {"resamples": 0, "resample_gflop": pytest.approx(356.4), "budget_gflop": 200}


def test_training_data_are_compared_where_they_are_there(draw, evidence):
    real, generated, train = draw(200, 8, 1), draw(200, 8, 2, law=1), draw(300, 8, 3)
    score = FrechetDistance().score(evidence(real, generated, train=train))
    assert score.details["against_train"] == frechet_distance(moments(train), moments(generated))
    assert score.value == pytest.approx(frechet_distance(moments(real), moments(generated)), rel=1e-10)
    assert "against_train" not in FrechetDistance().score(evidence(real, generated)).details
    assert "against_train" not in FrechetDistance().score(evidence(real, generated, train=train[:8])).details
