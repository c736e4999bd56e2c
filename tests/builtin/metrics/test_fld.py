"""The feature likelihood divergence against an independent fit with autograd, closed forms, and what it is for."""

import math

import numpy as np
import pytest
import torch

from genbench.builtin.metrics.fld import (
    FeatureLikelihoodDivergence,
    Mixture,
    Sizes,
    distances,
    divergence,
    fitted,
    shuffled,
    standardised,
)
from genbench.errors import Unavailable


def score(found):
    return FeatureLikelihoodDivergence().score(found)


def torch_fit(centres, x, epochs=50):
    """Variances by torch's own Adam and gradients, from the definition."""
    centres, x = (torch.from_numpy(a).double() for a in (centres, x))
    dim = x.shape[1]
    squared = ((x[:, None] - centres[None]) ** 2).sum(2)
    wide = 0.81 * ((x - x.mean(0)) ** 2).sum(1, keepdim=True)
    v = ((squared.min(0).values + 1e-3) / dim).log().requires_grad_()
    v_wide = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    adam = torch.optim.Adam([v, v_wide], lr=0.5)

    def log_normal(squared, v):
        return -squared / (2 * v.exp()) - dim / 2 * v - dim / 2 * math.log(2 * math.pi)

    for _ in range(epochs):
        adam.zero_grad()
        parts = torch.cat([log_normal(squared, v) - math.log(len(centres)), log_normal(wide, v_wide)], 1)
        (-torch.logsumexp(parts, 1).mean() / dim).backward()
        adam.step()
    return v.detach().numpy()


def test_variances_are_those_of_torchs_adam_on_the_same_likelihood(draw):
    centres, x = draw(30, 4, 1), draw(200, 4, 2)
    found = fitted(centres, x, np.random.default_rng(0)).log_variances
    np.testing.assert_allclose(found, torch_fit(centres, x), atol=1e-4)  # shares are float32


def test_likelihood_is_that_of_scipys_normal_densities(draw):
    from scipy.special import logsumexp
    from scipy.stats import multivariate_normal

    centres, x = draw(6, 3, 1), draw(40, 3, 2)
    v = np.linspace(-1, 1, 6)
    parts = [multivariate_normal(mu, math.exp(s) * np.eye(3)).logpdf(x) for mu, s in zip(centres, v, strict=True)]
    want = -np.mean(logsumexp(parts, axis=0) - math.log(6)) / 3
    assert Mixture(centres, v).nll(x) == pytest.approx(want, rel=1e-12)


def test_value_is_made_of_the_fit_and_of_a_baseline_from_two_halves_of_the_training_data(draw, evidence):
    real, generated, train = draw(80, 4, 1), draw(60, 4, 2, law=1), draw(101, 4, 3)
    found = score(evidence(real, generated, train=train))
    mean, deviation = real.mean(0, dtype=np.float64), real.std(0, dtype=np.float64, ddof=1)
    s, g, t = (((x - mean) / deviation).astype(np.float32) for x in (real, generated, train))
    halves = shuffled(t, "train")
    nll = Mixture(g, torch_fit(g, t)).nll(s)
    baseline = Mixture(halves[:50], torch_fit(halves[:50], halves[50:])).nll(s)
    assert found.details["baseline"] == pytest.approx(baseline, abs=1e-5)
    assert found.value == pytest.approx(100 * (nll - baseline), abs=2e-3)
    gap = 100 * (Mixture(g, torch_fit(g, t)).nll(t) - nll)
    assert found.details["gap"] == pytest.approx(gap, abs=2e-3)
    assert found.details["gaussians"] == 60


def test_affine_changes_of_single_features_change_nothing(draw, evidence):
    real, generated, train = draw(80, 4, 1), draw(80, 4, 2, law=1), draw(80, 4, 3)
    scale, shift = np.array([0.5, 2, 4, 8], np.float32), np.array([1, -2, 0, 3], np.float32)
    moved = evidence(real * scale + shift, generated * scale + shift, train=train * scale + shift)
    # the features are rounded anew, and the halves of the training data are others
    halves = score(evidence(real, generated, train=train)), score(moved)
    nll = [one.value / 100 + one.details["baseline"] for one in halves]
    assert nll[0] == pytest.approx(nll[1], abs=1e-5)


def test_fresh_samples_score_about_nothing_and_copies_of_training_data_thousands(draw, evidence):
    real, fresh, train = draw(300, 8, 1), draw(300, 8, 2), draw(300, 8, 3)
    honest, copied = score(evidence(real, fresh, train=train)), score(evidence(real, train.copy(), train=train))
    assert abs(honest.value) < 20
    assert copied.value > 1000
    assert copied.details["gap"] < -1000


def test_distances_of_copies_are_exactly_nothing_and_those_of_near_copies_are_exact(draw):
    x = draw(50, 300, 1) * np.float32(30)
    near = x.copy()
    near[:, 7] += np.float32(1e-3)  # its square is 1e-12 of the norms
    for y in (x, near):
        want = ((x.astype(np.float64) - y) ** 2).sum(axis=1)
        np.testing.assert_allclose(distances(x, y).diagonal(), want, rtol=1e-12)


def test_copies_with_noise_have_a_gap_that_fresh_samples_lack(draw, evidence):
    real, fresh, train = draw(300, 8, 1), draw(300, 8, 2), draw(300, 8, 3)
    near = train + np.float32(0.1) * draw(300, 8, 4)
    gaps = [score(evidence(real, g, train=train)).details["gap"] for g in (fresh, near)]
    assert gaps[1] < gaps[0] - 20


def test_order_changes_nothing_to_the_last_bit_but_for_that_of_test_data(draw, evidence):
    real, generated, train = draw(80, 4, 1), draw(70, 4, 2, law=1), draw(90, 4, 3)
    assert score(evidence(real, generated, train=train)) == score(
        evidence(real, generated[::-1].copy(), train=train[::-1].copy())
    )


def test_features_that_do_not_vary_in_test_data_are_left_out(draw, evidence):
    real, generated, train = draw(80, 4, 1), draw(80, 4, 2, law=1), draw(80, 4, 3)
    padded = [np.insert(x, 2, np.float32(0.3), axis=1) for x in (real, generated)]
    found = standardised(evidence(*padded, train=np.insert(train, 2, np.float32(0.3), axis=1)).comparison)
    for one, other in zip(found, standardised(evidence(real, generated, train=train).comparison), strict=True):
        np.testing.assert_array_equal(one, other)


def test_many_samples_are_drawn_from_and_many_rows_taken_in_steps(draw, evidence):
    given = evidence(draw(80, 4, 1), draw(70, 4, 2), train=draw(90, 4, 3))
    found = divergence(given.comparison, Sizes(pairs=90 * 40, batch=32))
    assert found.details["gaussians"] == 40
    assert abs(found.value) < 60


def test_blocks_of_any_size_give_the_same_fit(draw):
    centres, x = draw(30, 4, 1), draw(200, 4, 2)
    whole = fitted(centres, x, np.random.default_rng(0))
    parts = fitted(centres, x, np.random.default_rng(0), Sizes(entries=500))
    np.testing.assert_allclose(parts.log_variances, whole.log_variances, atol=1e-4)  # float32 sums in another order
    assert parts.nll(x) == pytest.approx(whole.nll(x), abs=1e-5)


def test_what_cannot_be_fitted_is_refused_with_the_reason(draw, evidence):
    x = draw(20, 4, 1)
    with pytest.raises(Unavailable, match="needs the features of the training data"):
        score(evidence(x, x))
    with pytest.raises(Unavailable, match="at least 2 real samples"):
        score(evidence(x, x, train=x[:1]))
    with pytest.raises(Unavailable, match="no feature of the test data varies"):
        score(evidence(np.ones_like(x), x, train=x))
    with pytest.raises(Unavailable, match="deviations of the test data away"):
        score(evidence(x * np.float32(1e-3), x * np.float32(1e14), train=x))
