import math

import pytest
import torch
from genbench_convolutional import decoder, encoder, map_sizes
from genbench_latent_diffusion import LatentDiffusion

import genbench

SMALL = {"planes": 2, "width": 8, "prior_width": 8, "prior_depth": 1}
MU, DEVIATION = 0.3, 0.5  # of the law of maps whose v is known


@pytest.fixture(autouse=True)
def without_gradients():
    """`fit` is called under enable_grad here, everything else as the harness calls it."""
    with torch.no_grad():
        yield


def fitted(model, data):
    with torch.enable_grad():
        model.fit(data)
    return model.eval()


def right():
    """A model whose v is E[v | z_t] of maps z ~ N(MU, DEVIATION²)."""
    model = LatentDiffusion(genbench.Space((1, 8, 8), levels=17), **SMALL).eval()

    def v(z_t, t, label=None):
        cos, sin = (f(math.pi / 2 * t.double()).view(-1, 1, 1, 1) for f in (torch.cos, torch.sin))
        variance = cos**2 * DEVIATION**2 + sin**2
        gain = cos * DEVIATION**2 / variance
        z = MU + gain * (z_t - cos * MU)
        noise = sin / variance * (z_t - cos * MU)
        return cos * noise - sin * z

    model.prior.forward = v
    return model


@pytest.mark.parametrize(("eta", "steps"), [(0.0, 400), (1.0, 400), (0.5, 400)])
def test_with_the_right_v_noise_is_carried_to_the_law_of_the_maps(eta, steps):
    z = right().carried(torch.randn(2_000, 2, 4, 4, dtype=torch.float64), (1.0, 0.0), steps, None, eta)
    # 64,000 entries: standard errors of .002 and .0014; 400 steps leave about .5 %
    assert z.mean().item() == pytest.approx(MU, abs=0.01)
    assert z.std().item() == pytest.approx(DEVIATION, abs=0.01)


def test_without_noise_of_its_own_ddim_is_the_flow_of_a_gaussian_and_goes_both_ways():
    model = right()
    noise = torch.randn(5, 2, 4, 4, dtype=torch.float64)
    z = model.carried(noise, (1.0, 0.0), 2_000, None)
    torch.testing.assert_close(z, MU + DEVIATION * noise, rtol=0, atol=5e-3)  # the map that keeps quantiles
    torch.testing.assert_close(model.carried(z, (0.0, 1.0), 2_000, None), noise, rtol=0, atol=5e-3)


def test_the_right_v_has_the_least_loss():
    model, z = right(), MU + DEVIATION * torch.randn(4_000, 2, 4, 4)
    torch.manual_seed(0)
    least = model.loss(z)
    forward = model.prior.forward
    model.prior.forward = lambda z_t, t, label=None: forward(z_t, t) + 0.1
    torch.manual_seed(0)
    assert model.loss(z).item() == pytest.approx(least.item() + 0.01, abs=1e-3)  # 0.1² more: no bias was there


def test_one_step_from_pure_noise_tells_the_mean_and_keeps_nothing_of_the_noise():
    z = right().carried(torch.randn(3, 2, 4, 4, dtype=torch.float64), (1.0, 0.0), 1, None)
    torch.testing.assert_close(z, torch.full_like(z, MU))


def test_the_divergence_is_that_of_the_posterior_from_a_standard_normal():
    model = LatentDiffusion(genbench.Space((1, 8, 8), levels=17), **SMALL).eval()
    x = torch.randint(17, (4, 1, 8, 8))
    mu, log_sigma = (part.double() for part in model.posterior(x))
    q, p = torch.distributions.Normal(mu, log_sigma.exp()), torch.distributions.Normal(0.0, 1.0)
    wanted = torch.distributions.kl_divergence(q, p).flatten(1).sum(1)
    torch.testing.assert_close(model.terms(x)[1].double(), wanted, rtol=1e-4, atol=1e-4)  # float32


@pytest.mark.parametrize(("shape", "size"), [((1, 8, 8), (4, 4)), ((1, 28, 28), (7, 7)), ((3, 9, 31), (5, 16))])
def test_maps_have_the_size_of_the_halvings_and_come_back_to_the_images_own(shape, size):
    z = encoder(shape, 2, 8, 5, 0.0)(torch.randn(2, *shape))
    assert map_sizes(shape, 2)[-1] == size
    assert z.shape == (2, 5, *size)
    assert decoder(shape, 2, 8, 5, 6, 0.0)(z).shape == (2, 6, *shape[1:])


def test_a_short_fit_rebuilds_images_and_draws_maps_of_their_spread(digits):
    data = digits(9_600)
    model = fitted(LatentDiffusion(data.space, width=16, prior_width=16, prior_depth=2, share=0.5, lr=6e-3), data)
    x = data.valid.x[:100]
    z = (model.posterior(x)[0] - model.mean) / model.deviation
    assert z.mean().abs() < 0.1
    assert z.std().item() == pytest.approx(1, abs=0.1)
    assert (model.pixels(z) - x).square().mean() < 0.6 * (x.float().mean(0) - x).square().mean()
    noise = torch.randn(100, 3, 4, 4)
    drawn = model.carried(noise, (1.0, 0.0), 25, data.valid.y[:100])
    assert drawn.std().item() == pytest.approx(1, abs=0.25)
    assert data.seen == 9_600
    latent = model.encode(x)
    assert latent.shape == (100, model.latent_dim)
    rebuilt = model.render(latent)
    assert (rebuilt - x).square().mean() < 0.6 * (rebuilt.roll(1, 0) - x).square().mean()


def test_maps_have_mean_0_and_variance_1_with_the_noise_of_the_posterior(ramps):
    space = genbench.Space((1, 8, 8), levels=17)
    data, model = ramps(space, 640), LatentDiffusion(space, **SMALL).eval()  # before training σ is about 1, μ near 0
    assert model.posterior(data.train.x[:])[1].exp().mean() > 0.5
    model._standardise(data)
    z = torch.cat([model.maps(data.train.x[:]) for _ in range(20)])
    torch.testing.assert_close(z.mean((0, 2, 3)), torch.zeros(2), rtol=0, atol=0.03)
    torch.testing.assert_close(z.std((0, 2, 3)), torch.ones(2), rtol=0, atol=0.03)
