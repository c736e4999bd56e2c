import itertools
import math

import pytest
import torch
from genbench_hierarchical_vae import HierarchicalVAE
from genbench_networks import class_of, normals_of
from genbench_topdown import Said, latent_sizes
from genbench_training import validated

import genbench

SMALL = {"width": 8, "depth": 1, "planes": 2}
DIGITS = genbench.Space((1, 8, 8), levels=17, classes=10)


@pytest.fixture(autouse=True)
def without_gradients():
    """`fit` is called under enable_grad here, everything else as the harness calls it."""
    with torch.no_grad():
        yield


def fitted(model, data):
    with torch.enable_grad():
        model.fit(data)
    return model.eval()


def stirred(space=DIGITS, **settings):
    """An unfitted model whose priors and posteriors are no longer those of the start, N(0, I)."""
    torch.manual_seed(0)
    model = HierarchicalVAE(space, **(SMALL | settings)).eval()
    for parameter in model.parameters():
        parameter.add_(0.2 * torch.randn_like(parameter))
    return model


def seen_of(model, x):
    return model.net.encoder(2 * x / (model.space.levels - 1) - 1)


def gaussian(said):
    mu, log_sigma = said.flatten(1).double().chunk(2, dim=1)
    return torch.distributions.Normal(mu, log_sigma.exp())


def test_the_divergence_and_the_ratio_of_a_layer_are_those_of_its_two_gaussians():
    p, q, z = torch.randn(5, 6, 2, 2), torch.randn(5, 6, 2, 2), torch.randn(5, 3, 2, 2)
    layer = Said(p, q, z)
    divergence = torch.distributions.kl_divergence(gaussian(q), gaussian(p)).sum(1)
    torch.testing.assert_close(layer.kl().double(), divergence, rtol=1e-4, atol=1e-4)  # float32
    ratio = (gaussian(p).log_prob(z.flatten(1).double()) - gaussian(q).log_prob(z.flatten(1).double())).sum(1)
    torch.testing.assert_close(layer.log_ratio().double(), ratio, rtol=1e-4, atol=1e-4)


def test_the_weight_is_minus_the_terms_of_the_bound_in_the_mean():
    model = stirred()
    x, y = torch.randint(17, (1, 1, 8, 8)).expand(2_000, -1, -1, -1), torch.full((2_000,), 3)
    weight, terms = model.weight(x, y, seen_of(model, x)), model.bound_terms(x, y)
    assert terms.shape == (2_000, 1 + 2)  # a layer at one place, one at 4×4
    spread = (weight.var() + terms.sum(1).var()).sqrt() / math.sqrt(2_000)
    assert (weight.mean() + terms.sum(1).mean()).abs() < 5 * spread
    assert (terms[:, 1:].mean(0) > 0.1).all()


def test_layers_stand_at_one_place_and_at_every_size_below_the_images_own():
    assert HierarchicalVAE(DIGITS, depth=3).net.counts == [4, 4, 4, 64, 64, 64]
    assert len(HierarchicalVAE(DIGITS).net.counts) >= 3
    assert latent_sizes((3, 32, 32)) == [(16, 16), (8, 8), (4, 4), (1, 1)]
    assert latent_sizes((1, 5, 7)) == [(5, 7), (1, 1)]


def test_priors_are_standard_normal_before_training():
    model = HierarchicalVAE(DIGITS, **SMALL).eval()
    e = torch.randn(3, model.latents)
    found = model.net(e, torch.tensor([0, 5, 9]))
    assert torch.equal(torch.cat([layer.z.flatten(1) for layer in found.layers], dim=1), e)


def test_the_prior_of_a_layer_hears_of_the_layers_above_it_alone():
    model = stirred(genbench.Space((1, 16, 16)))
    counts, y = model.net.counts, torch.zeros(1, dtype=torch.int64)
    assert len(counts) == 3
    plain = model.net(torch.zeros(1, model.latents), y).layers
    for changed in range(3):
        noise = torch.zeros(1, model.latents)
        noise.split(counts, 1)[changed].fill_(2)
        told = model.net(noise, y).layers
        assert [torch.equal(a.p, b.p) for a, b in zip(plain, told, strict=True)] == [i <= changed for i in range(3)]


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 18, 20), (3, 9, 7)])
def test_standardised_latents_go_down_the_prior_as_they_went_down_the_posterior(shape):
    model = stirred(genbench.Space(shape))
    x, y = torch.randint(256, (3, *shape)), torch.zeros(3, dtype=torch.int64)
    found = model.net(torch.randn(3, model.latents), y, seen_of(model, x))
    e = torch.cat([layer.standardised() for layer in found.layers], dim=1)
    again = model.net(e, y)
    assert not torch.allclose(e, torch.randn_like(e), atol=1)
    torch.testing.assert_close(again.pixels, found.pixels, rtol=1e-3, atol=1e-3)  # float32, through all layers
    assert found.pixels.shape[2:] == shape[1:]


def test_the_bound_on_all_images_of_a_tiny_space_sums_to_at_most_one(ramps):
    space = genbench.Space((1, 2, 2), levels=4)
    model = fitted(HierarchicalVAE(space, **HierarchicalVAE.audit_settings, batch=32), ramps(space, 2_500))
    every = torch.tensor(list(itertools.product(range(4), repeat=4))).view(-1, 1, 2, 2)
    total = model.log_prob(every).double().exp().sum().item()
    assert 0.2 < total < 1.02  # a bound, but not an empty one; Monte-Carlo noise of 64 draws is below 0.02


def test_more_draws_raise_the_bound_and_the_class_costs_its_nats():
    model = stirred()
    x = torch.randint(17, (50, 1, 8, 8))
    bounds = []
    for draws in (1, 32):
        model.draws = draws
        torch.manual_seed(1)
        bounds.append(model.log_prob(x).mean())
    assert bounds[0] + 0.5 < bounds[1]
    model.share.copy_(torch.tensor([1.0] + [0.0] * 9))
    assert torch.equal(model.likeliest(x, seen_of(model, x)), torch.zeros(50, dtype=torch.int64))


def test_classes_are_drawn_by_their_shares_and_told_by_their_own_normals():
    share = torch.tensor([0.5, 0.3, 0.2, 0.0])
    drawn = torch.bincount(class_of(torch.randn(20_000, 4), share), minlength=4) / 20_000
    assert (drawn - share).abs().max() < 5 * 0.5 / math.sqrt(20_000)  # five standard errors at most
    label = torch.tensor([0, 2, 1])
    assert torch.equal(class_of(normals_of(label, 4), torch.full((4,), 0.25)), label)


def test_at_temperature_zero_each_class_has_one_image():
    model = stirred()
    labels = torch.tensor([0, 0, 7])
    drawn = model.sample(3, labels=labels, noise=False, temperature=0.0)
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_a_short_fit_improves_the_bound_and_uses_its_codes(digits):
    data = digits(6_400)
    model = HierarchicalVAE(data.space, width=16, depth=1, lr=5e-3)
    before = validated(model, data, HierarchicalVAE.bound, batch=100)
    fitted(model, data)
    assert validated(model, data, HierarchicalVAE.bound, batch=100) < before - 0.3
    x = data.valid.x[:40]
    z = model.encode(x)
    assert z.shape == (40, model.latent_dim)
    rebuilt = model.render(z)
    assert (rebuilt - x).square().mean() < 0.8 * (rebuilt.roll(1, 0) - x).square().mean()
