import itertools
import math

import pytest
import torch
from genbench_dequantisers import Uniform, Variational, log_mean
from genbench_glow import Glow
from genbench_glow_levels import ActNorm, InvertibleMix, Level, initialise

import genbench

SHAPES = [(1, 2, 2), (1, 7, 5), (3, 4, 6), (1, 8, 8)]
TINY = genbench.Space((1, 2, 2), levels=4)
EVERYTHING = torch.tensor(list(itertools.product(range(4), repeat=4))).view(-1, 1, 2, 2)


@pytest.fixture(autouse=True)
def without_gradients():
    """Everything is called as the harness calls it; `fitted` allows gradients for `fit`."""
    with torch.no_grad():
        yield


def fitted(model, data):
    with torch.enable_grad():
        model.fit(data)
    return model.eval()


def scrambled(module, by=0.05):
    """The module in float64 with random weights: layers that start at zero would pass every test."""
    for parameter in module.double().eval().parameters():
        parameter.add_(by * torch.randn_like(parameter))
    return module


def jacobian(function, x):
    """∂function(x)/∂x of one row x [1, …], as a matrix."""
    with torch.enable_grad():
        return torch.autograd.functional.jacobian(function, x).reshape(x.numel(), x.numel())


@pytest.mark.parametrize("shape", SHAPES)
def test_the_inverse_undoes_the_flow_and_its_log_determinant_is_that_of_the_jacobian(shape):
    flow = scrambled(Level(shape, steps=3, width=8, dropout=0.0))
    x = torch.randn(4, *shape, dtype=torch.float64)
    z, log_det = flow(x)
    assert z.shape == (4, math.prod(shape))
    assert not torch.allclose(z, x.flatten(1), atol=0.1)
    torch.testing.assert_close(flow.inverse(z), x)  # float64, rounding alone
    for i in range(2):
        matrix = jacobian(lambda x: flow(x)[0], x[i : i + 1])
        assert log_det[i].item() == pytest.approx(torch.linalg.slogdet(matrix).logabsdet.item(), abs=1e-9)


def test_levels_follow_while_there_is_something_to_squeeze():
    """Shapes of the levels' steps: half of the channels go on to the next."""

    def shapes(flow):
        return [] if flow is None else [flow.shape, *shapes(flow.inner)]

    assert shapes(Level((1, 8, 8), 1, 8, 0.0)) == [(4, 4, 4), (8, 2, 2)]
    assert shapes(Level((3, 32, 32), 1, 8, 0.0)) == [(12, 16, 16), (24, 8, 8), (48, 4, 4), (96, 2, 2)]
    assert shapes(Level((1, 28, 28), 1, 8, 0.0)) == [(4, 14, 14), (8, 7, 7)]
    assert shapes(Level((1, 2, 2), 1, 8, 0.0)) == [(4, 1, 1)]
    assert shapes(Level((3, 9, 8), 1, 8, 0.0)) == [(3, 9, 8)]


def test_the_half_that_leaves_is_scaled_and_shifted_by_what_stays_alone():
    level = scrambled(Level((1, 4, 4), steps=1, width=8, dropout=0.0), by=0.3)
    coupling = level.steps[0].coupling
    x = torch.randn(1, 4, 2, 2, dtype=torch.float64)
    matrix = jacobian(lambda x: coupling(x, torch.zeros(1, dtype=torch.int64))[0], x).view(2, 8, 2, 8)
    stays, leaves = 0, 1
    assert torch.equal(matrix[stays, :, stays], torch.eye(8).double())
    assert (matrix[stays, :, leaves] == 0).all()
    assert (matrix[leaves, :, stays] != 0).all()
    assert (matrix[leaves, :, leaves] - matrix[leaves, :, leaves].diagonal().diag()).abs().max() == 0


def test_the_first_batch_leaves_every_actnorm_with_mean_zero_and_variance_one():
    flow, seen = scrambled(Level((2, 8, 8), steps=2, width=8, dropout=0.0)), []
    x = 5 + 3 * torch.randn(200, 2, 8, 8, dtype=torch.float64)
    initialise(flow, x)
    norms = [module for module in flow.modules() if isinstance(module, ActNorm)]
    for norm in norms:
        norm.register_forward_hook(lambda norm, inputs, outputs: seen.append(outputs[0]))
    flow(x)
    assert len(seen) == 4
    for y in seen:
        deviation, mean = torch.std_mean(y, dim=(0, 2, 3), correction=0)
        torch.testing.assert_close(mean, torch.zeros_like(mean), atol=1e-9, rtol=0)
        torch.testing.assert_close(deviation, torch.ones_like(mean))


def test_the_mix_starts_as_a_rotation_and_tells_its_determinant_without_computing_one():
    mix = InvertibleMix(6).double()
    torch.testing.assert_close(mix.W @ mix.W.T, torch.eye(6).double(), atol=1e-5, rtol=0)  # made in float32
    scrambled(mix)
    x = torch.randn(2, 6, 3, 5, dtype=torch.float64)
    y, log_det = mix(x)
    torch.testing.assert_close(y, torch.nn.functional.conv2d(x, mix.W[:, :, None, None]))
    torch.testing.assert_close(log_det, 3 * 5 * torch.linalg.slogdet(mix.W).logabsdet)
    torch.testing.assert_close(mix.inverse(y), x)


def test_variational_noise_starts_as_uniform_noise():
    x = torch.randint(17, (2_000, 1, 3, 3))
    u, log_q = Variational((1, 3, 3), 17, width=8)(x)
    torch.testing.assert_close(log_q, torch.zeros(2_000), atol=1e-4, rtol=0)  # float32 of logits up to 14
    assert torch.equal(*(q(x)[1] for q in (Uniform(), Uniform())))
    for drawn in (u, Uniform()(x)[0]):
        # Four standard errors of the mean and of the variance of 18,000 uniform numbers.
        assert drawn.mean().item() == pytest.approx(1 / 2, abs=4 * (1 / 12 / 18_000) ** 0.5)
        assert drawn.var().item() == pytest.approx(1 / 12, abs=4 * (1 / 180 / 18_000) ** 0.5)


def test_the_density_of_variational_noise_is_one_over_the_jacobian_of_its_draw():
    q, x = scrambled(Variational((1, 2, 3), 4, width=8), by=0.2), torch.randint(4, (1, 1, 2, 3))
    torch.set_default_dtype(torch.float64)
    try:
        torch.manual_seed(5)
        _, log_q = q(x)
        torch.manual_seed(5)
        u_0 = torch.rand(1, 1, 2, 3)
        matrix = jacobian(lambda u: q.coupled(u.logit(), x)[0].sigmoid(), u_0)
    finally:
        torch.set_default_dtype(torch.float32)
    assert abs(log_q.item()) > 0.1
    assert log_q.item() == pytest.approx(-torch.linalg.slogdet(matrix).logabsdet.item(), abs=1e-9)


def test_variational_noise_has_a_density_that_integrates_to_one_over_the_cube():
    """The mean of 1 / q(u|x) over draws of q is the volume of the cube that they reach."""
    q, x = scrambled(Variational((1, 1, 2), 4, width=8), by=0.15).float(), torch.tensor([3, 0]).view(1, 1, 1, 2)
    u, log_q = q(x.expand(40_000, -1, -1, -1))
    assert 0 < u.min() < u.max() < 1
    assert log_q.std() > 0.1
    volume = (-log_q).exp()
    assert volume.mean().item() == pytest.approx(1, abs=4 * volume.std().item() / 200)  # four standard errors


def test_the_mean_of_draws_is_taken_of_densities_and_not_of_their_logarithms():
    draws = [torch.tensor([1e-3, 4.0]).log(), torch.tensor([3e-3, 2.0]).log()]
    torch.testing.assert_close(log_mean(draws).exp(), torch.tensor([2e-3, 3.0]))


@pytest.mark.parametrize("dequantisation", ["uniform", "variational"])
def test_the_bound_on_all_images_of_a_tiny_space_sums_to_at_most_one(dequantisation, ramps):
    model = Glow(TINY, dequantisation=dequantisation, steps=2, **Glow.audit_settings)
    total = fitted(model, ramps(TINY, 8_000)).log_prob(EVERYTHING).double().exp().sum().item()
    # Its expectation is the mass that the flow leaves inside the box: no more than 1, and most of it after a fit.
    assert 0.8 < total < 1.02


def test_one_draw_of_learned_noise_says_more_than_one_of_uniform_noise(ramps):
    """That the noise is told by x is worth nats: both flows are the same size and see the same images."""
    nats = {}
    for dequantisation in ("uniform", "variational"):
        torch.manual_seed(1)
        model = Glow(TINY, dequantisation=dequantisation, steps=1, width=16, draws=1, dropout=0.0)
        data = ramps(TINY, 9_000)
        fitted(model, data)
        nats[dequantisation] = model.log_prob(data.valid.x[:].repeat(30, 1, 1, 1)).mean().item()
    assert nats["variational"] > nats["uniform"] + 0.02  # .05 to .11 under other seeds


def test_a_mixture_of_classes_is_the_sum_of_its_parts():
    model = Glow(genbench.Space((1, 2, 2), levels=4, classes=3), width=8, draws=3).eval()
    model.law.mu.normal_()
    model.law.share.copy_(torch.tensor([0.5, 0.3, 0.2]))
    x = EVERYTHING[::9]
    torch.manual_seed(3)
    whole = model.log_prob(x)
    torch.manual_seed(3)
    drawn = [model.dequantised(x) for _ in range(3)]
    parts = [
        change + model.law.log_prob(z, torch.full((len(x),), y)) + model.law.share[y].log()
        for z, change in drawn
        for y in range(3)
    ]
    torch.testing.assert_close(whole, torch.stack(parts).logsumexp(0) - math.log(3), atol=1e-4, rtol=0)


def test_classes_are_drawn_by_their_shares_and_labels_are_obeyed_at_every_temperature():
    model = Glow(genbench.Space((1, 2, 2), levels=5, classes=3), width=8).eval()
    means = model.logit(torch.tensor([0.5, 2.5, 4.5]).view(3, 1, 1, 1).expand(3, 1, 2, 2))[0]  # dark, grey and bright
    model.law.mu.copy_(model.f(means)[0])
    model.law.W.mul_(100.0)  # and narrow
    model.law.share.copy_(torch.tensor([0.6, 0.3, 0.1]))
    labels = torch.tensor([2, 0, 1, 1])
    for temperature in (0.0, 1.0):
        shown = model.sample(4, labels=labels, temperature=temperature)
        assert torch.equal(shown, (2 * labels).view(4, 1, 1, 1).expand(4, 1, 2, 2))
    drawn = model.sample(20_000)[:, 0, 0, 0].bincount(minlength=5) / 20_000
    assert drawn.tolist() == pytest.approx([0.6, 0, 0.3, 0, 0.1], abs=0.02)  # five standard errors


def test_a_short_fit_improves_the_bound_and_rendering_undoes_encoding(digits):
    data = digits(12_000)
    model = fitted(Glow(data.space, steps=2, width=8, batch=64, draws=1), data)
    assert data.curve[-1]["valid_nats_per_dim"] < data.curve[0]["valid_nats_per_dim"] < math.log(17)
    x = data.valid.x[:50]
    z = model.encode(x)
    assert z.shape == (50, model.latent_dim)
    assert torch.equal(model.render(z).round().long(), x)
