import itertools
import math

import pytest
import torch
from genbench_edm import EDM, carried

import genbench

SPACE = genbench.Space((1, 2, 2), levels=256)
SMALL = {"width": 8, "depth": 1}


def of_a_normal(mean, deviation):
    """The ideal denoiser of data N(mean, deviation²): E[x_0 | x_0 + σ n] weighs the two variances."""
    return lambda x, sigma: mean + deviation**2 / (deviation**2 + sigma**2) * (x - mean)


def untrained(space=SPACE):
    """A model whose network is zero, its last bias as well."""
    model = EDM(space, **SMALL)
    model.net.head[-1].bias.data.zero_()
    return model


def scrambled(space, **settings):
    """A model whose zero-initialised layers got random weights."""
    model = EDM(space, **{**SMALL, **settings}).eval()
    for parameter in model.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return model


@pytest.mark.parametrize("sigma", [0.002, 0.1, 1.0, 80.0])
def test_inputs_and_targets_of_the_network_have_unit_variance_at_every_level_of_noise(sigma):
    model, n = EDM(SPACE, **SMALL), 400_000
    x_0 = model.sigma_data * torch.randn(n)
    x = x_0 + sigma * torch.randn(n)
    c_skip, c_out, c_in, c_noise = (c.squeeze() for c in model.preconditioning(torch.tensor([sigma])))
    # Five standard errors of a variance of n normals, √(2 / n) each.
    assert (c_in * x).var().item() == pytest.approx(1, abs=5 * (2 / n) ** 0.5)
    assert ((x_0 - c_skip * x) / c_out).var().item() == pytest.approx(1, abs=5 * (2 / n) ** 0.5)
    assert c_noise.item() == pytest.approx(math.log(sigma) / 4, rel=1e-6)


def test_c_out_is_the_least_that_any_c_skip_allows():
    """Appendix B.6: the effective target's deviation at other c_skip is larger, so errors of F count for more."""
    model, sigma = EDM(SPACE, **SMALL), torch.tensor([0.3])
    c_skip, c_out, _, _ = (c.item() for c in model.preconditioning(sigma))
    deviations = [math.hypot((1 - c) * 0.5, c * 0.3) for c in (c_skip - 0.05, c_skip, c_skip + 0.05)]
    assert deviations[1] == pytest.approx(c_out, rel=1e-6)
    assert min(deviations) == deviations[1]


def test_a_network_that_says_nothing_gives_the_best_linear_denoiser():
    """F is zero before training: D = c_skip x, E[x_0 | x] of data N(0, σ_data²)."""
    x, sigma = torch.randn(3, 1, 2, 2), torch.tensor([0.1, 1.0, 10.0])
    expected = of_a_normal(0, 0.5)(x, sigma.view(-1, 1, 1, 1))
    torch.testing.assert_close(untrained().denoised(x, sigma), expected)


def test_at_the_start_the_loss_is_one_for_data_of_the_measured_deviation():
    """λ = 1 / c_out² makes every level of noise count alike: 1 each where F = 0 and the mean of the data is 0."""
    model = untrained()
    x = ((1 + 0.4 * torch.randn(20_000, 1, 2, 2)) * 127.5).round().long()
    model.sigma_data.fill_(0.4)
    assert model.loss(x).item() == pytest.approx(1, abs=0.02)  # five standard errors, (2 / 80,000)^½ each, and rounding


def test_the_schedule_falls_from_the_highest_level_to_zero_in_equal_steps_of_its_root():
    model = EDM(SPACE, **SMALL)
    sigmas = model.schedule(18)
    assert len(sigmas) == 19
    assert sigmas[0].item() == pytest.approx(80)
    assert sigmas[-2].item() == pytest.approx(0.002)
    assert sigmas[-1] == 0
    steps = (sigmas[:-1].double() ** (1 / 7)).diff()
    torch.testing.assert_close(steps, steps[:1].expand(17), rtol=1e-4, atol=0)


@pytest.mark.parametrize("method", ["euler", "heun"])
def test_under_the_ideal_denoiser_noise_becomes_the_data_and_the_error_falls_with_the_step(method):
    """The ODE keeps the distance to the mean in deviations: x(σ_max) = mean + √(s² + σ_max²) z goes to mean + s z."""
    mean, s, z = 0.2, 0.3, torch.linspace(-2, 2, 12, dtype=torch.float64)
    wrong = []
    for steps in (20, 40, 80):
        sigmas = torch.linspace(80 ** (1 / 7), 1e-6 ** (1 / 7), steps, dtype=torch.float64) ** 7
        x = carried(of_a_normal(mean, s), mean + math.hypot(s, 80) * z, torch.cat([sigmas, torch.zeros(1)]), method)
        wrong.append((x - (mean + s * z)).abs().max().item())
    order = {"euler": 1, "heun": 2}[method]
    for coarse, fine in itertools.pairwise(wrong):
        assert math.log2(coarse / fine) > order - 0.35


def test_churn_draws_new_noise_and_keeps_the_law():
    """With noise added at each step the end is no function of the start, but the data's normal all the same."""
    sigmas, n = EDM(SPACE, **SMALL).schedule(60), 100_000
    x = carried(of_a_normal(0.2, 0.3), 80 * torch.randn(n), sigmas, "heun", churn=20.0)
    assert x.mean().item() == pytest.approx(0.2, abs=5 * 0.3 / n**0.5 + 2e-3)  # five standard errors and the steps'
    assert x.std().item() == pytest.approx(0.3, abs=5 * 0.3 / (2 * n) ** 0.5 + 5e-3)
    start = torch.full((1000,), 8.0)
    assert carried(of_a_normal(0.2, 0.3), start, sigmas, "heun").std() < 1e-6
    assert carried(of_a_normal(0.2, 0.3), start, sigmas, "heun", churn=20.0).std() > 0.2


def test_guidance_goes_on_from_all_classes_through_the_one_that_is_asked_for():
    space = genbench.Space((1, 8, 8), levels=17, classes=3)
    model = scrambled(space)
    x, sigma, label = torch.randn(4, 1, 8, 8), torch.tensor([0.5]), torch.tensor([0, 1, 2, 1])
    with torch.no_grad():
        told, untold = model.denoised(x, sigma, label), model.denoised(x, sigma)
        assert not torch.allclose(told, untold)
        for weight, expected in ((0.0, untold), (1.0, told), (2.0, 2 * told - untold)):
            torch.testing.assert_close(model.guided(x, sigma, label, weight), expected)


@pytest.mark.parametrize(("preset", "evaluations"), [("heun-18", 35), ("euler-18", 18), ("churn-36", 71)])
def test_presets_ask_the_network_as_often_as_they_say(preset, evaluations):
    model, asked = scrambled(genbench.Space((1, 4, 4), levels=4, classes=2)), []
    model.net.register_forward_hook(lambda *_: asked.append(1))
    with torch.no_grad():
        model.sample(2, **EDM.samplers[preset])
        assert len(asked) == evaluations
        model.sample(2, **EDM.samplers[preset], guidance=2.0)
    assert len(asked) == 3 * evaluations  # with guidance, each step asks twice


def test_the_denoiser_answers_at_the_noise_that_it_is_asked_about_and_its_levels_ascend():
    model = scrambled(genbench.Space((1, 4, 4), levels=4))
    assert (model.sigmas.diff() > 0).all()
    assert model.sigmas[0] > 0
    x, sigma = torch.randn(2, 1, 4, 4) / 2, torch.tensor([0.01, 3.0])
    with torch.no_grad():
        both = model.denoise(x, sigma)
        alone = torch.cat([model.denoise(x[i : i + 1], sigma[i : i + 1]) for i in range(2)])
        torch.testing.assert_close(both, alone)
        assert (model.denoise(x, torch.full((2,), 1e-3)) - x.clamp(-1, 1)).abs().max() < 0.02


def test_a_short_fit_lowers_the_loss_and_measures_the_data(ramps):
    space = genbench.Space((1, 4, 4), levels=4)
    data = ramps(space, 3_000)
    model = EDM(space, **SMALL)
    model.fit(data)
    losses = [point["loss"] for point in data.curve]
    assert sum(losses[-5:]) < 0.9 * sum(losses[:5])
    assert model.sigma_data.item() == pytest.approx((2 * data.train.x[:].float() / 3 - 1).std().item())
