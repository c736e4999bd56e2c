import itertools
import math

import pytest
import torch
from genbench_score_sde import ScoreSDE, traced

import genbench

SPACE = genbench.Space((1, 2, 2), levels=256)
SMALL = {"width": 8, "depth": 1}
MEAN, DEVIATION = 0.2, 0.3


def to_normal(s=DEVIATION, **settings):
    """A float64 model that knows the score of data N(0.2, s²): x_t is N(0.2 α_t, α_t² s² + σ_t²)."""
    model = ScoreSDE(SPACE, **SMALL, **settings).double().eval()

    def v(x, root, label=None):
        alpha, sigma = (c.view(-1, 1, 1, 1) for c in model.marginal(root.square()))
        noise = sigma * (x - alpha * MEAN) / (alpha.square() * s**2 + sigma.square())  # E[ε | x_t]
        return (noise - sigma * x) / alpha  # ε = α v + σ x_t

    model.net.forward = v
    return model


def scrambled(space, **settings):
    """A float64 model whose zero-initialised layers got random weights."""
    model = ScoreSDE(space, **{**SMALL, **settings}).double().eval()
    for parameter in model.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return model


def test_the_forward_sde_has_the_moments_that_are_told_of_it():
    """Eq. 11 in 2,000 small steps from 0.8, against α_t and σ_t of eq. 29."""
    model, n, steps = ScoreSDE(SPACE, **SMALL), 20_000, 2_000
    x = torch.full((n,), 0.8, dtype=torch.float64)
    for i in range(steps // 2):  # up to t = ½
        beta = model.beta(torch.tensor((i + 0.5) / steps))
        x = x - beta * x / 2 / steps + (beta / steps).sqrt() * torch.randn(n)
    alpha, sigma = model.marginal(torch.tensor(0.5))
    # Four standard errors, and 1e-3 for the steps.
    assert x.mean().item() == pytest.approx(0.8 * alpha.item(), abs=4 * sigma.item() / n**0.5 + 1e-3)
    assert x.std().item() == pytest.approx(sigma.item(), abs=4 * sigma.item() / (2 * n) ** 0.5 + 1e-3)


def test_nothing_is_left_of_the_image_at_the_end_and_all_of_it_at_the_start():
    alpha, sigma = ScoreSDE(SPACE, **SMALL).marginal(torch.tensor([0.0, 1.0]))
    assert (alpha[0], sigma[0]) == (1, 0)
    assert alpha[1] < 0.01
    torch.testing.assert_close(alpha.square() + sigma.square(), torch.ones(2))


def test_the_score_is_the_gradient_of_the_marginal_log_density():
    model, t = to_normal(), torch.tensor(0.3, dtype=torch.float64)
    alpha, sigma = model.marginal(t)
    x = torch.randn(3, 1, 2, 2, dtype=torch.float64, requires_grad=True)
    law = torch.distributions.Normal(alpha * MEAN, ((alpha * DEVIATION).square() + sigma.square()).sqrt())
    (gradient,) = torch.autograd.grad(law.log_prob(x).sum(), x)
    torch.testing.assert_close(model.score(x, t, None), gradient)


def test_the_likelihood_of_the_ideal_score_is_that_of_the_normal():
    model = to_normal(steps=200)
    x = MEAN + DEVIATION * torch.randn(6, 1, 2, 2, dtype=torch.float64)
    expected = torch.distributions.Normal(MEAN, DEVIATION).log_prob(x).flatten(1).sum(1)
    # A linear flow has a diagonal Jacobian, of which the probe's trace is exact. What is left: the steps, T_MIN,
    # and at t = 1 a mean of 0.2 α = .0013, which counts by that times x_1, below 4, in each of four entries.
    torch.testing.assert_close(model.log_density(x), expected, atol=0.02, rtol=0)


@pytest.mark.parametrize("deviation", [0.01, 0.02])
def test_the_steps_of_the_likelihood_serve_sharp_data_better_than_even_ones(deviation):
    x = MEAN + deviation * torch.randn(20, 1, 2, 2, dtype=torch.float64)
    expected = torch.distributions.Normal(MEAN, deviation).log_prob(x).flatten(1).sum(1)

    def error(model):
        """RMS, in bits an entry."""
        return ((model.log_density(x) - expected) / 4 / math.log(2)).square().mean().sqrt().item()

    even = to_normal(deviation)
    even.crowded_roots = even.roots
    assert error(to_normal(deviation)) < 0.05
    assert error(to_normal(deviation)) < 0.8 * error(even)


def test_the_error_of_the_likelihood_falls_with_the_square_of_the_step():
    x = MEAN + DEVIATION * torch.randn(6, 1, 2, 2, dtype=torch.float64)
    fine = to_normal(steps=400).log_density(x)
    wrong = [(to_normal(steps=steps).log_density(x) - fine).abs().max().item() for steps in (10, 20, 40)]
    for coarse, finer in itertools.pairwise(wrong):
        assert math.log2(coarse / finer) > 1.5


def test_log_prob_is_the_density_of_a_point_of_the_cell_times_its_size():
    """Where the density is nearly constant over a cell, that is the mass: of 256 levels, narrow ones."""
    model = to_normal(steps=200)
    x = torch.randint(110, 180, (6, 1, 2, 2))
    law = torch.distributions.Normal(MEAN, DEVIATION)
    centre = 2 * x.double() / 255 - 1
    mass = (law.cdf(centre + 1 / 255) - law.cdf(centre - 1 / 255)).log().flatten(1).sum(1)
    # A point is off by up to Δ / 2 in each of four entries, where the log density has slopes up to 3: 4 · 3 · .004.
    torch.testing.assert_close(model.log_prob(x).double(), mass, atol=0.05, rtol=0)


def test_the_mean_over_all_probes_is_the_trace():
    model = scrambled(SPACE)
    x, root = torch.randn(1, 1, 2, 2, dtype=torch.float64), torch.tensor(0.6, dtype=torch.float64)
    signs = torch.tensor(list(itertools.product([-1.0, 1.0], repeat=4)), dtype=torch.float64).view(16, 1, 2, 2)
    value, found = traced(lambda at: model.flow(at, root, None), x.repeat(16, 1, 1, 1), signs)
    jacobian = torch.autograd.functional.jacobian(lambda at: model.flow(at, root, None), x).view(4, 4)
    assert found.std() > 0
    assert found.mean().item() == pytest.approx(jacobian.trace().item(), rel=1e-9)
    torch.testing.assert_close(value[:1], model.flow(x, root, None))


@pytest.mark.parametrize(("method", "steps"), [("em", 200), ("flow", 40)])
def test_both_ways_lead_from_noise_to_the_data(method, steps):
    model, n = to_normal(), 5_000
    way = {"em": model.maruyama, "flow": model.carried}[method]
    x = way(torch.randn(n, 1, 2, 2, dtype=torch.float64), model.roots(steps).flip(0).double())
    # Five standard errors of 4 n draws, and .01 for the steps.
    assert x.mean().item() == pytest.approx(MEAN, abs=5 * DEVIATION / (4 * n) ** 0.5 + 0.01)
    assert x.std().item() == pytest.approx(DEVIATION, abs=5 * DEVIATION / (8 * n) ** 0.5 + 0.01)


@pytest.mark.parametrize(("steps", "most"), [(20, 0.03), (100, 0.004)])
def test_the_reverse_sde_leaves_sharp_data_sharp(steps, most):
    """Of deviation .003; steps of 2 √t d√t in the place of the difference of two t left .09 and .0002."""
    model = to_normal(0.003)
    x = model.maruyama(torch.randn(4_000, 1, 2, 2, dtype=torch.float64), model.roots(steps).flip(0).double())
    assert x.mean().item() == pytest.approx(MEAN, abs=1e-3)
    assert 0.002 < x.std().item() < most


def test_the_flow_keeps_distances_in_deviations_and_its_way_back_undoes_it():
    model, x = to_normal(steps=200), MEAN + DEVIATION * torch.linspace(-2, 2, 12, dtype=torch.float64).view(3, 1, 2, 2)
    roots = model.roots(200).double()
    z = model.carried(x, roots)
    # What x_1 still holds of the image, and the steps.
    torch.testing.assert_close(z, (x - MEAN) / DEVIATION, atol=5e-3, rtol=0)
    torch.testing.assert_close(model.carried(z, roots.flip(0)), x, atol=1e-3, rtol=0)
    image = torch.randint(100, 190, (3, 1, 2, 2))
    assert (model.render(model.encode(image).double()) - image).abs().max() < 0.5


def test_the_ideal_score_has_the_least_loss():
    x = ((1.2 + 0.3 * torch.randn(4_000, 1, 2, 2)) * 127.5).round().long()  # integers, some beyond the levels
    for weighting in (0.0, 1.0):
        losses = []
        for s in (0.2, 0.3, 0.45):
            torch.manual_seed(1)
            losses.append(to_normal(s, weighting=weighting).loss(x).item())
        assert losses[1] == min(losses)


def test_the_denoiser_finds_the_time_of_its_noise_and_the_mean_under_it():
    model = to_normal()
    t = torch.tensor([1e-5, 1e-3, 0.3, 1.0], dtype=torch.float64)
    alpha, sigma = model.marginal(t)
    torch.testing.assert_close(model.time(sigma / alpha), t)
    assert (model.sigmas.diff() > 0).all()
    x, noise = torch.randn(2, 1, 2, 2, dtype=torch.float64) / 5, torch.tensor([0.1, 2.0], dtype=torch.float64)
    expected = MEAN + DEVIATION**2 / (DEVIATION**2 + noise.view(-1, 1, 1, 1) ** 2) * (x - MEAN)
    torch.testing.assert_close(model.denoise(x, noise), expected)


@pytest.mark.parametrize(("preset", "evaluations"), [("em-100", 100), ("flow-20", 40)])
def test_presets_ask_the_network_as_often_as_they_say(preset, evaluations):
    model, asked = ScoreSDE(genbench.Space((1, 4, 4), levels=4, classes=2), **SMALL).eval(), []
    model.net.register_forward_hook(lambda *_: asked.append(1))
    with torch.no_grad():
        model.sample(2, **ScoreSDE.samplers[preset])
    assert len(asked) == evaluations


def test_log_prob_needs_no_gradients_of_its_caller_and_counts_the_class():
    model = scrambled(genbench.Space((1, 4, 4), levels=4, classes=2), steps=3).float()
    x = torch.randint(4, (5, 1, 4, 4))
    nats = []
    for share in (0.5, 0.25):
        model.net.share.fill_(share)
        torch.manual_seed(2)
        with torch.no_grad():
            nats.append(model.log_prob(x))
    torch.testing.assert_close(nats[0] - nats[1], torch.full((5,), math.log(2)))
    assert not nats[0].requires_grad


def test_a_short_fit_lowers_the_loss(ramps):
    space = genbench.Space((1, 4, 4), levels=64)  # the noise of few levels could not be told
    data = ramps(space, 5_000)
    ScoreSDE(space, **SMALL, weighting=0.0).fit(data)
    losses = [point["loss"] for point in data.curve]
    assert sum(losses[-10:]) < 0.85 * sum(losses[:10])
