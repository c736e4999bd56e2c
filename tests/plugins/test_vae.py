import itertools
import math

import pytest
import torch
from genbench_vae import VAE, LogisticMixture

import genbench

SHAPES = [(1, 8, 8), (1, 28, 28), (3, 9, 7)]
SMALL = {"width": 8, "hidden": 32, "latent": 4}


@pytest.fixture(autouse=True)
def without_gradients():
    """`fit` is called under enable_grad here, everything else as the harness calls it."""
    with torch.no_grad():
        yield


def fitted(model, data):
    with torch.enable_grad():
        model.fit(data)
    return model.eval()


@pytest.fixture(scope="module")
def trained(digits):
    """A small VAE after a short fit, and the data it saw."""
    torch.manual_seed(0)
    data = digits(10_000)
    return fitted(VAE(data.space, width=16, hidden=128, batch=64), data), data


def every_image(space):
    return torch.tensor(list(itertools.product(range(space.levels), repeat=space.dim))).view(-1, *space.shape)


@pytest.mark.parametrize("space", [genbench.Space((1, 1, 1), 256), genbench.Space((3, 1, 2), 2)])
def test_the_masses_of_all_images_sum_to_one(space):
    x = every_image(space)
    parameters = 2 * torch.randn(1, 2 * (1 + 2 * space.shape[0]), *space.shape[1:], dtype=torch.float64)
    nats = LogisticMixture(parameters.expand(len(x), -1, -1, -1), space).log_prob(x)
    assert nats.exp().sum().item() == pytest.approx(1, abs=1e-12)  # the terms telescope


def test_draws_have_the_masses_that_log_prob_states():
    space = genbench.Space((3, 1, 1), levels=2)
    parameters, x = torch.randn(1, 14, 1, 1), every_image(space)
    stated = LogisticMixture(parameters.expand(8, -1, -1, -1), space).log_prob(x).exp()
    draws = LogisticMixture(parameters.expand(40_000, -1, -1, -1), space).sample().flatten(1)
    drawn = torch.bincount((draws * torch.tensor([4, 2, 1])).sum(1), minlength=8) / 40_000
    assert (drawn - stated).abs().max() < 5 * 0.5 / math.sqrt(40_000)  # five standard errors at most


def test_a_mass_far_in_the_tail_keeps_its_digits():
    parameters = torch.tensor([0.0, -1.0, -7.0]).view(1, 3, 1, 1)  # one narrow logistic around level 0
    nats = LogisticMixture(parameters, genbench.Space((1, 1, 1))).log_prob(torch.full((1, 1, 1, 1), 200))
    scale = math.exp(-7) * 256 / 4
    assert nats.item() == pytest.approx(-199.5 / scale, rel=1e-4)  # out there the mass is the upper tail's


def test_the_bound_on_all_images_of_a_tiny_space_sums_to_at_most_one(ramps):
    space = genbench.Space((1, 2, 2), levels=4)
    model = fitted(VAE(space, **VAE.audit_settings), ramps(space, 8_000))
    total = model.log_prob(every_image(space)).double().exp().sum().item()
    assert 0.3 < total < 1.02  # a bound, but not an empty one; Monte-Carlo noise of 64 draws is below 0.02


def test_the_bound_lies_below_a_tighter_importance_weighted_one(trained):
    model, data = trained
    x = data.valid.x[:100]
    elbo = model.log_prob(x).mean()
    draws = torch.stack([importance_weight(model, x) for _ in range(64)])
    iwae = (draws.logsumexp(0) - math.log(64)).mean()
    assert elbo + 0.5 < iwae < elbo + 20
    assert draws.mean().item() == pytest.approx(elbo.item(), abs=0.5)  # the analytic KL and the sampled one agree


def importance_weight(model, x):
    """log p(x|z) + log p(z) - log q(z|x) at one draw of z, from the definition."""
    mu, log_sigma = model.encoder(2 * x / (model.space.levels - 1) - 1).chunk(2, dim=1)
    q = torch.distributions.Normal(mu, log_sigma.clamp(-7, 3).exp())
    z = q.sample()
    ratio = torch.distributions.Normal(0, 1).log_prob(z) - q.log_prob(z)
    return LogisticMixture(model.decoder(z), model.space).log_prob(x) + ratio.sum(1)


def test_a_short_fit_improves_the_bound(trained):
    model, data = trained
    x = data.valid.x[:]
    untrained = VAE(data.space, width=16, hidden=128).eval()
    assert model.log_prob(x).mean() > untrained.log_prob(x).mean() + 40  # 44 nats are a bit a dimension
    assert data.curve[-1]["valid_nats_per_dim"] < data.curve[0]["valid_nats_per_dim"]


def test_small_data_are_not_passed_over_more_often_than_asked(ramps):
    space = genbench.Space((1, 4, 4), levels=4)
    data = ramps(space, 50_000)
    fitted(VAE(space, epochs=5, batch=32, **SMALL), data)
    assert data.seen == 5 * len(data.train)


def test_a_code_says_more_about_its_image_than_another_images_code(trained):
    model, data = trained
    x = data.valid.x[:50]
    z = model.encode(x)
    assert z.shape == (50, model.latent_dim)
    wrong = (model.render(z.roll(1, 0)) - x).square().mean()
    assert (model.render(z) - x).square().mean() < 0.6 * wrong


def test_the_mean_sampler_shows_no_pixel_noise():
    model = VAE(genbench.Space((1, 8, 8)), **SMALL).eval()
    z = torch.randn(1, 4).expand(2, -1)
    assert torch.equal(*model.render(z))
    assert not torch.equal(*LogisticMixture(model.decoder(z), model.space).sample())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("sampler", ["ancestral", "mean"])
def test_a_reloaded_model_samples_the_same_integers(shape, sampler, ramps, reloaded):
    space = genbench.Space(shape)
    model = fitted(VAE(space, batch=32, **SMALL), ramps(space, 320))
    twin, settings = reloaded(model, **SMALL), VAE.samplers[sampler]
    torch.manual_seed(1)
    samples = model.sample(9, **settings)
    torch.manual_seed(1)
    assert torch.equal(twin.sample(9, **settings), samples)
    assert samples.dtype == torch.int64
    assert samples.shape == (9, *shape)
    assert 0 <= samples.min() <= samples.max() < 256
    assert not torch.equal(model.sample(9, **settings), samples)


@pytest.mark.parametrize("space", [genbench.Space((12,)), genbench.Space((1, 1, 8)), genbench.Space((1, 8, 8), None)])
def test_other_spaces_are_declined(space):
    with pytest.raises(genbench.Unsuitable, match="needs images"):
        VAE(space)
