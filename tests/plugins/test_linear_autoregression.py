import itertools
import math

import numpy as np
import pytest
import torch
from genbench_linear_autoregression import LinearAutoregression
from scipy import stats

import genbench

TINY = genbench.Space((1, 2, 2), levels=4)


def tiny() -> LinearAutoregression:
    """A model of four pixels that depend on each other."""
    rng = np.random.default_rng(0)
    x = (1.5 + rng.normal(size=(400, 4)) @ np.triu(np.full((4, 4), 0.6))).round().clip(0, 3)
    split = genbench.Split(genbench.Examples(x.astype(np.uint8).reshape(-1, 1, 2, 2)))
    model = LinearAutoregression(TINY)
    model.fit(genbench.TrainingData(TINY, split, split, 1))
    return model


@pytest.fixture(scope="module")
def everything() -> torch.Tensor:
    return torch.tensor(list(itertools.product(range(4), repeat=4))).view(-1, 1, 2, 2)


def test_it_sums_to_1_over_all_images(everything):
    assert tiny().log_prob(everything).exp().sum().item() == pytest.approx(1, abs=1e-12)


def test_its_samples_follow_its_density(everything):
    model = tiny()
    torch.manual_seed(0)
    index = model.sample(40_000).flatten(1) @ torch.tensor([64, 16, 4, 1])
    seen = np.bincount(index.numpy(), minlength=256)
    expected = model.log_prob(everything).exp().numpy() * 40_000
    often = expected >= 5
    seen, expected = ([*v[often], v[~often].sum()] for v in (seen, expected))
    assert stats.chisquare(seen, expected, sum_check=False).pvalue > 1e-3


def test_the_mean_of_an_entry_is_the_ridge_regression_on_those_before_it(digits):
    data = digits(1)
    model = LinearAutoregression(data.space, ridge=0.5)
    model.fit(data)
    x = data.train.x[:].flatten(1).double().numpy()
    centred, d = x - x.mean(0), 30
    gram = centred[:, :d].T @ centred[:, :d] + 0.5 * len(x) * np.eye(d)
    np.testing.assert_allclose(model.weight[d, :d], np.linalg.solve(gram, centred[:, :d].T @ centred[:, d]), atol=1e-9)
    assert (model.weight.triu() == 0).all() or model.weight.triu().abs().max() < 1e-12


def test_it_beats_independent_pixels_on_digits(digits):
    data = digits(1)
    model = LinearAutoregression(data.space)
    model.fit(data)
    bits = -model.log_prob(data.valid.x[:]).mean().item() / 64 / math.log(2)
    assert bits == pytest.approx(2.24, abs=0.02)


def test_what_is_far_from_every_mean_keeps_a_finite_probability():
    model = tiny()
    model.sigma.fill_(1e-3)
    nats = model.log_prob(torch.tensor([[3, 0, 3, 0]]).view(1, 1, 2, 2))
    assert torch.isfinite(nats).all()
    assert nats.item() >= 4 * math.log(model.uniform / 4) - 1e-9


def test_real_numbers_and_too_many_entries_are_declined():
    with pytest.raises(genbench.Unsuitable, match="needs integer levels"):
        LinearAutoregression(genbench.Space((2,), levels=None))
    with pytest.raises(genbench.Unsuitable, match="196608 entries"):
        LinearAutoregression(genbench.Space((3, 256, 256)))
