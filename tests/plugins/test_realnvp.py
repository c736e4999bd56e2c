import itertools
import math

import pytest
import torch
from genbench_networks import ClassGaussians
from genbench_realnvp import RealNVP

import genbench

SHAPES = [(1, 8, 8), (1, 18, 20), (3, 9, 7)]


@pytest.fixture(autouse=True)
def without_gradients():
    """Everything is called as the harness calls it; `fitted` allows gradients for `fit`."""
    with torch.no_grad():
        yield


def fitted(model, data):
    with torch.enable_grad():
        model.fit(data)
    return model.eval()


def scrambled(shape, levels=4, classes=2, **settings):
    """A float64 flow whose zero-initialised layers got random weights: an identity would pass every test."""
    model = RealNVP(genbench.Space(shape, levels=levels, classes=classes), width=8, **settings).double().eval()
    for parameter in model.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    model.law.mu.normal_()
    model.law.W.copy_(0.5 * torch.randn_like(model.law.W).tril(-1) + 0.5 * model.law.W)
    return model


LABEL = torch.tensor([0, 1, 1, 0, 1])


@pytest.mark.parametrize("shape", [(1, 2, 2), (1, 4, 4), (3, 9, 7), (1, 8, 8), (1, 28, 28), (3, 16, 8)])
def test_the_inverse_undoes_the_flow(shape):
    flow = scrambled(shape).f
    x = 2 * torch.randn(5, *shape, dtype=torch.float64)
    z, _ = flow(x, LABEL)
    assert z.shape == (5, math.prod(shape))
    assert not torch.allclose(z, x.flatten(1), atol=0.1)
    # Rounding of 1e-16 grows through at most 17 couplings with |s| near 1.
    assert torch.allclose(flow.inverse(z, LABEL), x, atol=1e-9)


@pytest.mark.parametrize("shape", [(1, 2, 2), (3, 3, 2), (1, 8, 8)])
def test_the_log_determinant_is_that_of_the_jacobian(shape):
    model = scrambled(shape)
    x = 4 * torch.rand(1, *shape, dtype=torch.float64)

    def whole(x):
        y, first = model.logit(x)
        z, second = model.f(y, LABEL[1:2])
        e, third = model.law(z, LABEL[1:2])
        return e.flatten(), (first + second + third).squeeze()

    with torch.enable_grad():
        jacobian = torch.autograd.functional.jacobian(lambda x: whole(x)[0], x).view(math.prod(shape), -1)
    assert whole(x)[1].item() == pytest.approx(torch.linalg.slogdet(jacobian).logabsdet.item(), abs=1e-8)


@pytest.mark.parametrize("shape", [(1, 4, 4), (3, 9, 7), (1, 8, 8)])
def test_every_pixel_is_changed_and_every_latent_depends_on_its_neighbours(shape):
    flow = scrambled(shape).f
    x = torch.randn(1, *shape, dtype=torch.float64)
    with torch.enable_grad():
        jacobian = torch.autograd.functional.jacobian(lambda x: flow(x, LABEL[:1])[0], x).view(math.prod(shape), -1)
    assert ((jacobian != 0).sum(0) > 3).all()
    assert ((jacobian != 0).sum(1) > 3).all()


@pytest.mark.parametrize("levels", [2, 17, 256])
def test_the_first_level_is_as_wide_as_the_logit_of_few_levels_makes_it(levels):
    """However many levels there are: else the flow has to tell those of a dark background apart."""
    model = RealNVP(genbench.Space((1, 2, 2), levels=levels), width=8)
    y, _ = model.logit(torch.tensor([0.0, 1.0]).view(2, 1, 1, 1).expand(2, 1, 2, 2))
    assert (y[1] - y[0] > 0.7).all()


def test_an_untrained_flow_is_the_identity():
    model = RealNVP(genbench.Space((1, 4, 4), levels=4))
    y = torch.randn(3, 1, 4, 4)
    z, log_det = model.f(y, LABEL[:3] * 0)
    assert torch.equal(z, y.flatten(1))
    assert torch.equal(log_det, torch.zeros(3))


def test_the_bound_on_all_images_of_a_tiny_space_sums_to_at_most_one(ramps):
    space = genbench.Space((1, 2, 2), levels=4)
    model = fitted(RealNVP(space, **RealNVP.audit_settings), ramps(space, 8_000))
    everything = torch.tensor(list(itertools.product(range(4), repeat=4))).view(-1, 1, 2, 2)
    total = model.log_prob(everything).double().exp().sum().item()
    # Its expectation is the mass that the flow leaves inside the box: no more than 1, and most of it after a fit.
    assert 0.8 < total < 1.02


def test_the_bound_of_a_mixture_of_classes_sums_to_at_most_one():
    space = genbench.Space((1, 2, 2), levels=4, classes=3)
    model = RealNVP(space, width=8, draws=200).eval()
    model.law.mu.normal_()
    everything = torch.tensor(list(itertools.product(range(4), repeat=4))).view(-1, 1, 2, 2)
    total = model.log_prob(everything).double().exp().sum().item()
    assert 0.3 < total < 1.02
    model.law.share.copy_(torch.tensor([1.0, 0.0, 0.0]))
    torch.manual_seed(3)
    alone = torch.stack([model.dequantised(everything, torch.zeros(256, dtype=torch.int64)) for _ in range(200)])
    torch.manual_seed(3)
    # The same average of the same 200 densities.
    assert torch.allclose(model.log_prob(everything), alone.logsumexp(0) - math.log(200), atol=1e-4)


def test_the_sum_over_the_likeliest_classes_is_below_that_over_all_and_hardly_so():
    model = scrambled((1, 2, 2), classes=4, draws=6)
    x = torch.randint(4, (9, 1, 2, 2))
    torch.manual_seed(0)
    found = model.log_prob(x)
    torch.manual_seed(0)
    every = [model._joint(x + torch.rand(x.shape), model._every(x)) for _ in range(6)]
    whole = torch.cat(every, dim=1).logsumexp(1) - math.log(6)
    assert (found <= whole + 1e-9).all()
    assert (found > whole - math.log(2)).all()  # the two likeliest of four have half of the mass at least
    assert (found < whole - 1e-6).any()


def test_the_law_of_the_base_is_the_gaussian_of_each_class():
    label = torch.arange(2).repeat_interleave(5_000)
    mix = torch.tensor([[[1.0, 0.0], [0.5, 0.8]], [[0.9, 0.0], [-0.3, 1.0]]], dtype=torch.float64)
    z = torch.stack([3 - 6 * label, label], dim=1) + (mix[label] @ torch.randn(10_000, 2, 1).double()).squeeze(2)
    law = ClassGaussians(2, 2)
    law.fit(z, label)
    law = law.double()
    e, log_det = law(z, label)
    assert torch.allclose(law.inverse(e, label), z, atol=1e-6)
    for i in range(2):
        assert e[label == i].mean(0).abs().max() < 1e-5
        # They are those of these draws, but shrunk by a fifth to the covariance within both classes.
        assert (e[label == i].T.cov() - torch.eye(2)).abs().max() < 0.2
        assert log_det[label == i][0] == pytest.approx(torch.linalg.slogdet(law.W[i]).logabsdet.item())


def test_classes_are_drawn_by_their_shares_from_the_latent_vector_and_labels_are_obeyed():
    model = scrambled((1, 2, 2), classes=3)
    model.law.mu.copy_(torch.tensor([-30.0, 0.0, 30.0])[:, None])  # far apart: dark, grey and bright
    for parameter in model.f.parameters():
        parameter.zero_()
    model.law.share.copy_(torch.tensor([0.6, 0.3, 0.1]))
    z = torch.randn(20_000, model.latent_dim, dtype=torch.float64)
    assert z.shape[1] == 4 + 3
    shown = model.render(z).mean((1, 2, 3))
    drawn = torch.stack([(shown < 0.5).float().mean(), ((shown >= 0.5) & (shown <= 2.5)).float().mean()])
    assert torch.allclose(drawn, torch.tensor([0.6, 0.3]), atol=0.02)  # five standard errors


def test_more_draws_tighten_the_bound(digits):
    data = digits(2_000)
    model = fitted(RealNVP(data.space, draws=1, width=8), data)
    x = data.valid.x[:200]
    loose = model.log_prob(x).mean()
    model.draws = 30
    # The noise of one draw has a standard deviation of 0.5 nats or more, which Jensen's inequality turns into a gap.
    assert model.log_prob(x).mean() > loose + 0.05


def test_a_short_fit_improves_the_likelihood(digits):
    data = digits(4_000)
    model = RealNVP(data.space, width=16, batch=64, draws=1)
    before = model.log_prob(data.valid.x[:]).mean()
    assert fitted(model, data).log_prob(data.valid.x[:]).mean() > before + 60  # 44 nats are a bit a dimension
    assert data.curve[-1]["valid_nats_per_dim"] < data.curve[0]["valid_nats_per_dim"]


def test_rendering_undoes_encoding(digits):
    data = digits(2_000)
    model = fitted(RealNVP(data.space, width=8), data)
    x = data.valid.x[:50]
    z = model.encode(x)
    assert z.shape == (50, model.latent_dim)
    assert torch.equal(model.render(z).round().long(), x)
