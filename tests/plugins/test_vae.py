import itertools
import math

import pytest
import torch
from genbench_training import validated
from genbench_vae import VAE, WARM_UP, LogisticMixture

import genbench

SHAPES = [(1, 8, 8), (1, 18, 20), (3, 9, 7)]
SMALL = {"width": 8, "latent": 4, "planes": 1}


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
    return fitted(VAE(data.space, width=16, batch=64), data), data


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


def test_the_quick_masses_of_all_levels_are_those_of_each():
    space, parameters = genbench.Space((1, 3, 2), levels=100), 2 * torch.randn(4, 15, 3, 2)
    law = LogisticMixture(parameters, space)
    each = torch.stack([law.log_mass(torch.full((4, 1, 3, 2), v)).exp() for v in range(100)], dim=1)
    torch.testing.assert_close(law.masses(), each, rtol=0, atol=1e-6)


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
    draws = torch.stack([importance_weight(model, x) for _ in range(64)])
    elbo, iwae = draws.mean(), (draws.logsumexp(0) - math.log(64)).mean()
    assert elbo + 0.5 < model.log_prob(x).mean() < iwae < elbo + 20  # of 16 draws


def importance_weight(model, x):
    """log p(x|z) + log Σ_y p(y) p(z|y) - log q(z|x) at one draw of z, from the definition."""
    latents = sum(model.net.counts)
    found = model.net.inferred(2 * x / (model.space.levels - 1) - 1, torch.randn(len(x), latents))
    q = torch.distributions.Normal(found.mu, found.log_sigma.exp())
    cov = torch.linalg.inv(model.prior.W.mT @ model.prior.W)
    p = torch.distributions.MultivariateNormal(model.prior.mu, cov).log_prob(found.z[:, None])
    ratio = (p + model.prior.share.log()).logsumexp(1) - q.log_prob(found.z).sum(1)
    return LogisticMixture(model.net(found.z), model.space).log_prob(x) + ratio


def test_the_analytic_divergence_of_training_is_the_mean_of_the_sampled_one(trained):
    model, data = trained
    x = data.valid.x[:20]
    noise = torch.randn(20, sum(model.net.counts))
    sampled = []
    for _ in range(300):
        found = model.net.inferred(2 * x / 16 - 1, torch.randn_like(noise))
        q, p = torch.distributions.Normal(found.mu, found.log_sigma.exp()), torch.distributions.Normal(0, 1)
        sampled.append((q.log_prob(found.z) - p.log_prob(found.z)).sum(1))
    analytic = torch.stack([model._terms(x)[1] for _ in range(100)]).mean()
    assert torch.stack(sampled).mean().item() == pytest.approx(analytic.item(), rel=0.02)


@pytest.mark.parametrize("particles", [1, 4])
def test_what_training_maximises_is_the_importance_weighted_bound_of_its_particles(particles):
    """At β = 1 and under N(0, I): as many weights by the definition, of the same noise."""
    space = genbench.Space((1, 8, 8), levels=17)
    model = VAE(space, particles=particles, **SMALL).eval()
    x = torch.randint(17, (400, 1, 8, 8))
    torch.manual_seed(1)
    found = model.bounded(x, 1.0)[0]
    torch.manual_seed(1)
    weighed = torch.stack([importance_weight(model, x) for _ in range(particles)])
    weighed = weighed.logsumexp(0) - math.log(particles)
    if particles > 1:
        torch.testing.assert_close(found, weighed, rtol=1e-4, atol=0)  # float32
    else:  # the KL term is in closed form there: equal in the mean, of which the error is this
        assert (found - weighed).mean().abs() < 5 * (found - weighed).std() / math.sqrt(400)


def test_more_particles_make_what_is_trained_tighter():
    space = genbench.Space((1, 8, 8), levels=17)
    x = torch.randint(17, (400, 1, 8, 8))
    bounds = []
    for particles in (1, 8):
        torch.manual_seed(0)
        bounds.append(VAE(space, particles=particles, **SMALL).eval().bounded(x, 1.0)[0].mean())
    assert bounds[0] < bounds[1] - 0.1


def test_particles_are_trained(ramps):
    space = genbench.Space((1, 4, 4), levels=4)
    model = VAE(space, particles=3, batch=32, **SMALL)
    data = ramps(space, 3_000)
    before = validated(model, data, VAE.bound, batch=32)
    assert validated(fitted(model, data), data, VAE.bound, batch=32) < before - 0.1


@pytest.mark.parametrize("shape", SHAPES)
def test_the_plain_autoencoder_has_one_vector_of_latents_and_a_standard_normal(shape, ramps):
    space = genbench.Space(shape, levels=17)
    model = VAE(space, width=8, latent=4, planes=0, beta=1.0, prior="standard", batch=32, draws=1)
    assert [sum(model.net.counts), model.net.counts[0]] == [4, 4]
    model = fitted(model, ramps(space, 64))
    prior = model.prior
    assert torch.equal(prior.mu, torch.zeros_like(prior.mu))
    assert torch.equal(prior.W, torch.eye(4).expand_as(prior.W))
    x = model.sample(3)
    torch.manual_seed(1)
    told = model.log_prob(x)
    torch.manual_seed(1)
    torch.testing.assert_close(told, importance_weight(model, x), rtol=1e-4, atol=0)  # float32, of the same noise
    assert model.encode(model.render(torch.zeros(2, 4)).round().long()).shape == (2, 4)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_decoder_makes_the_same_of_inferred_latents_as_the_posterior_saw(shape):
    model = VAE(genbench.Space(shape), **SMALL).eval()
    found = model.net.inferred(torch.rand(3, *shape), torch.randn(3, sum(model.net.counts)))
    torch.testing.assert_close(model.net(found.z), found.pixels)
    assert found.mu.shape == (3, sum(model.net.counts))


def test_a_group_of_the_posterior_depends_on_the_groups_before_it_and_on_none_after():
    model = VAE(genbench.Space((1, 16, 16)), **SMALL).eval()
    counts, x = model.net.counts, torch.rand(1, 1, 16, 16)
    assert len(counts) == 3
    noise = torch.zeros(1, model.latent_dim)
    plain = model.net.inferred(x, noise).mu.split(counts, 1)
    for changed in range(3):
        others = noise.clone()
        others.split(counts, 1)[changed].fill_(3)
        told = model.net.inferred(x, others).mu.split(counts, 1)
        assert [torch.equal(a, b) for a, b in zip(plain, told, strict=True)] == [i <= changed for i in range(3)]


def test_a_short_fit_improves_the_bound(trained):
    model, data = trained
    x = data.valid.x[:]
    untrained = VAE(data.space, width=16).eval()
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
    z = torch.randn(1, model.latent_dim).expand(2, -1)
    assert torch.equal(*model.render(z))
    assert not torch.equal(*LogisticMixture(model.net(z), model.space).sample())


def test_the_weight_of_the_divergence_grows_to_beta_and_stays_there(ramps):
    model, x = VAE(genbench.Space((1, 8, 8), 17), beta=0.5, **SMALL).eval(), torch.randint(17, (4, 1, 8, 8))
    losses = {}
    for spent in (0.0, WARM_UP / 2, WARM_UP, 1.0):
        torch.manual_seed(0)
        losses[spent] = model.loss(x, None, spent)
    kl = losses[0.0]["kl_nats"] / 64
    for spent, weight in ((WARM_UP / 2, 0.25), (WARM_UP, 0.5), (1.0, 0.5)):
        torch.testing.assert_close(losses[spent]["nats_per_dim"] - losses[0.0]["nats_per_dim"], weight * kl)


def test_the_prior_has_the_moments_of_what_the_posterior_makes_of_each_class(trained):
    model, data = trained
    x, y = data.train.x[:], data.train.y[:]
    torch.manual_seed(1)
    z = torch.cat([model.net.inferred(model._scaled(x), model._noise(x)).z for _ in range(30)])
    for label in (0, 7):
        own = z[(y == label).repeat(30)]
        drawn = model.prior.inverse(*model.prior.drawn(20_000, torch.full((20_000,), label)))
        spread = own.std(0)
        assert ((drawn.mean(0) - own.mean(0)).abs() < 0.2 * spread).all()
        assert (drawn.std(0) / spread - 1).abs().max() < 0.15
