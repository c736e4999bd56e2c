import math

import pytest
import torch
from genbench_ncsn import NCSN, overlapping_ratio, step_share, variance_after

import genbench

SPACE = genbench.Space((1, 2, 2), levels=256)
SMALL = {"width": 8, "depth": 1}
MEAN, DEVIATION = 0.2, 0.3


def to_normal(s=DEVIATION, **settings):
    """A float64 model that knows the score of data N(0.2, s²) under noise: F = σ (0.2 - x) / (s² + σ²)."""
    model = NCSN(SPACE, **SMALL, **settings).double().eval()

    def scaled_score(x, time, label=None):
        sigma = (model.sigma_min * (model.sigma_max / model.sigma_min) ** time).view(-1, 1, 1, 1)
        x = x * (1 + sigma.square()).sqrt()
        return sigma * (MEAN - x) / (s**2 + sigma.square())

    model.net.forward = scaled_score
    return model


def scrambled(space):
    """A model whose zero-initialised layers got random weights."""
    model = NCSN(space, **SMALL).eval()
    for parameter in model.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return model


def test_the_ratio_of_levels_is_that_of_the_paper_for_cifar_10():
    """232 levels from 50 to .01 in 3,072 dimensions, section 3.2 of the paper: γ = (5,000)^(1 / 231)."""
    assert overlapping_ratio(3072) == pytest.approx(5000 ** (1 / 231), rel=5e-3)


def test_half_of_the_noise_of_one_level_is_found_at_the_next():
    """By drawing: lengths of noise in 64 dimensions, against three standard deviations around those of the level below.

    Technique 2 takes lengths for normals of deviation σ / √2, and so does this.
    """
    gamma, length = overlapping_ratio(64), (torch.randn(200_000, 64).norm(dim=1)).double()
    inside = ((gamma * length - 64**0.5).abs() < 3 * gamma / 2**0.5).double().mean().item()
    assert inside == pytest.approx(0.5, abs=0.03)  # true lengths are a little below √D, and not normal


def test_steps_keep_the_variance_that_is_predicted_and_the_share_is_the_best_one():
    """Proposition 3: Langevin dynamics on a point's noised law N(0, σ²), from variance γ² σ²."""
    gamma, steps, n = 1.4, 3, 400_000
    share = step_share(gamma, steps)
    x = gamma * torch.randn(n)
    for _ in range(steps):
        x = (1 - share) * x + math.sqrt(2 * share) * torch.randn(n)
    predicted = variance_after(share, gamma, steps)
    assert x.var().item() == pytest.approx(predicted, rel=5 * (2 / n) ** 0.5)  # five standard errors
    assert all(abs(variance_after(other, gamma, steps) - 1) >= abs(predicted - 1) for other in (0.05, 0.2, 0.4, 0.8))


def test_annealed_langevin_dynamics_ends_with_the_data():
    """With the ideal score; in four dimensions technique 2 names levels too far apart, and 100 are taken here."""
    model, n = to_normal(), 5_000
    model.L = 100
    x = model.annealed(model.sigma_max * torch.randn(n, 1, 2, 2, dtype=torch.float64), 5)
    assert x.mean().item() == pytest.approx(MEAN, abs=5 * DEVIATION / (4 * n) ** 0.5)  # five standard errors
    assert x.std().item() == pytest.approx(DEVIATION, rel=0.1)  # finite steps lag behind the falling noise


def test_the_ideal_score_has_the_least_loss():
    x = ((1.2 + 0.3 * torch.randn(4_000, 1, 2, 2)) * 127.5).round().long()  # integers, some beyond the levels
    losses = []
    for s in (0.2, 0.3, 0.45):
        torch.manual_seed(1)
        losses.append(to_normal(s).loss(x).item())
    assert losses[1] == min(losses)


def test_denoising_is_tweedies_formula():
    model = to_normal()
    x, sigma = torch.randn(2, 1, 2, 2, dtype=torch.float64) / 5, torch.tensor([0.1, 2.0], dtype=torch.float64)
    expected = MEAN + DEVIATION**2 / (DEVIATION**2 + sigma.view(-1, 1, 1, 1) ** 2) * (x - MEAN)
    torch.testing.assert_close(model.denoise(x, sigma), expected)


def test_levels_are_geometric_from_the_lowest_to_the_largest_distance_of_training_images(ramps):
    space = genbench.Space((1, 4, 4), levels=4)
    data = ramps(space, 3_000)
    model = NCSN(space, **SMALL)
    model.fit(data)
    losses = [point["loss"] for point in data.curve]
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])
    x = 2 * data.train.x[:].double().flatten(1) / 3 - 1
    farthest = max((x - row).norm(dim=1).max().item() for row in x)
    sigmas = model.sigmas.double()
    assert sigmas[-1].item() == pytest.approx(farthest, rel=1e-5)
    assert sigmas[0].item() == pytest.approx(0.02)
    ratios = sigmas[1:] / sigmas[:-1]
    torch.testing.assert_close(ratios, ratios[:1].expand_as(ratios), rtol=1e-5, atol=0)
    assert ratios[0] <= overlapping_ratio(16)


@pytest.mark.parametrize("preset", ["langevin-5", "langevin-2"])
def test_presets_ask_the_network_at_each_level_and_once_more(preset):
    model, asked = scrambled(genbench.Space((1, 4, 4), levels=4, classes=2)), []
    model.net.register_forward_hook(lambda *_: asked.append(1))
    with torch.no_grad():
        model.sample(2, **NCSN.samplers[preset])
    assert len(asked) == model.L * NCSN.samplers[preset]["steps"] + 1


def test_digits_take_23_levels():
    assert NCSN(genbench.Space((1, 8, 8), levels=17), **SMALL).L == 23
