import math

import numpy as np
import pytest
import torch
from genbench_gaussian import Gaussian, box_muller
from scipy import stats

import genbench

SHAPES = [(1, 8, 8), (1, 28, 28), (3, 9, 7)]


def test_box_muller_draws_are_independent_standard_normals():
    z = box_muller(20_000, 10, torch.device("cpu")).double()
    assert stats.kstest(z.flatten().numpy(), "norm").pvalue > 1e-3
    # 200,000 draws: the standard error of the mean is 0.0022, of the fourth moment (variance 96) 0.022.
    assert z.mean().abs() < 4 * 0.0022
    assert (z**4).mean() == pytest.approx(3, abs=4 * 0.022)
    # Each of 45 correlations has standard error 0.0071; columns 0 and 5 come of the same two uniforms.
    assert (torch.corrcoef(z.T) - torch.eye(10)).abs().max() < 4.5 * 0.0071
    assert torch.corrcoef((z**2).T)[0, 5].abs() < 4.5 * 0.0071


@pytest.mark.parametrize("d", [1, 2, 7])
def test_box_muller_returns_odd_and_even_numbers_of_columns(d):
    assert box_muller(3, d, torch.device("cpu")).shape == (3, d)


def test_a_uniform_of_zero_gives_a_finite_number(monkeypatch):
    monkeypatch.setattr(torch, "rand", lambda *size, device: torch.zeros(size, device=device))
    assert torch.equal(box_muller(3, 4, torch.device("cpu")), torch.zeros(3, 4))


def test_the_fit_is_the_mean_and_the_maximum_likelihood_covariance(digits):
    data = digits(100)
    model = Gaussian(data.space, jitter=1e-9)
    model.fit(data)
    x = data.train.x[:].flatten(1).double().numpy()
    assert np.allclose(model.mu, x.mean(0), atol=1e-5)  # float32 buffers of values up to 16
    assert np.allclose(model.scale_tril @ model.scale_tril.T, np.cov(x.T, bias=True), atol=1e-4)


def test_samples_have_the_fitted_moments():
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(4, 4))
    x = (100 + 8 * rng.normal(size=(500, 4)) @ mixing).round().clip(0, 255).astype(np.uint8).reshape(-1, 1, 2, 2)
    space = genbench.Space((1, 2, 2))
    split = genbench.Split(genbench.Examples(x))
    model = Gaussian(space)
    model.fit(genbench.TrainingData(space, split, split, 1))
    samples = model.sample(50_000).flatten(1).double().numpy()
    real = x.reshape(-1, 4).astype(float)
    sigma = real.std(0)
    assert np.abs((samples.mean(0) - real.mean(0)) / sigma).max() < 5 / math.sqrt(50_000)
    # A covariance of 50,000 draws is off by at most √2 σᵢσⱼ/√50,000 in standard error; rounding adds 1/12.
    allowed = 5 * math.sqrt(2) * np.outer(sigma, sigma) / math.sqrt(50_000) + np.eye(4) / 6
    assert (np.abs(np.cov(samples.T) - np.cov(real.T, bias=True)) < allowed).all()


def test_constant_pixels_stay_constant(digits):
    data = digits(100)
    model = Gaussian(data.space)
    model.fit(data)
    constant = data.train.x[:].amax(0) == data.train.x[:].amin(0)
    assert constant.any()
    assert (model.sample(200)[:, constant] == data.train.x[:1][:, constant]).all()


def test_real_numbers_are_not_rounded():
    space = genbench.Space((3,), levels=None)
    split = genbench.Split(genbench.Examples(np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)))
    model = Gaussian(space)
    model.fit(genbench.TrainingData(space, split, split, 1))
    samples = model.sample(20)
    assert samples.dtype == torch.float32
    assert not torch.equal(samples, samples.round())


def test_a_covariance_that_would_not_fit_in_memory_is_declined():
    with pytest.raises(genbench.Unsuitable, match="196608 entries"):
        Gaussian(genbench.Space((3, 256, 256)))
