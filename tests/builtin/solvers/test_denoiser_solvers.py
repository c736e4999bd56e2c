"""ddim-slerp and ho-t on a denoiser whose posterior mean is known."""

import math

import pytest
import torch
from analytic import Gaussian

from genbench.builtin.solvers.ddim_slerp import DdimSlerp, implicit
from genbench.builtin.solvers.ho_t import HoT, ancestral
from genbench.builtin.solvers.scale import ladder, scaled, unscaled
from genbench.builtin.solvers.slerp import slerp
from genbench.errors import Unsuitable
from genbench.records.space import Space

SPACE = Space((1, 2, 3), levels=1001)
A, B = torch.randint(250, 750, (2, 40, 1, 2, 3), generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("levels", [2, 3, 17, 256])
def test_levels_survive_the_scaling(levels):
    space, x = Space((levels,), levels=levels), torch.arange(levels)[None]
    assert scaled(x, space).min() == -1
    assert scaled(x, space).max() == 1
    assert torch.equal(unscaled(scaled(x, space), space), x)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [(1, [9]), (2, [0, 9]), (4, [0, 3, 6, 9]), (5, [0, 2, 4, 7, 9]), (10, range(10)), (99, range(10))],
)
def test_a_ladder_goes_evenly_from_the_lowest_level_to_the_highest(steps, expected):
    assert ladder(torch.arange(10.0), steps).tolist() == list(expected)


def test_the_flow_of_a_gaussian_scales_a_sample_with_the_spread_of_its_level():
    """dx/dσ = σ (x - m) / (s² + σ²), so that x - m grows as √(s² + σ²)."""
    model, x = Gaussian(mean=0.2), torch.linspace(-1, 1, 5)[:, None]
    sigmas = model.sigmas
    found = implicit(model, x, sigmas) - 0.2
    expected = (x - 0.2) * ((0.25 + sigmas[-1] ** 2) / (0.25 + sigmas[0] ** 2)).sqrt()
    torch.testing.assert_close(found, expected, rtol=0.02, atol=0)  # 400 Euler steps of 2.6 % each
    torch.testing.assert_close(implicit(model, found + 0.2, sigmas.flip(0)), x, rtol=0, atol=0.02)


def error(steps):
    path = DdimSlerp(steps=steps).lift(Gaussian(), SPACE).between(A, B, 3)
    return (path[:, [0, -1]] - torch.stack([A, B], dim=1)).double().square().mean().sqrt().item()


def test_the_ends_of_ddim_slerp_come_back_the_better_the_more_steps_there_are():
    errors = [error(steps) for steps in (10, 40, 400)]
    assert errors[0] > 2 * errors[1] > 4 * errors[2]
    assert errors[2] < 5  # of 1001 levels


def test_the_middle_of_ddim_slerp_lies_on_the_arc_between_the_noises():
    """Of a Gaussian about 0 the noise is the sample, scaled: the arc between noises is the arc between samples."""
    path = DdimSlerp(steps=400).lift(Gaussian(), SPACE).between(A, B, 5)
    expected = unscaled(slerp(scaled(A, SPACE), scaled(B, SPACE), 0.25), SPACE)
    assert (path[:, 1] - expected).abs().max() <= 10  # the error of the steps, as at the ends


def test_ddim_slerp_draws_nothing():
    state = torch.random.get_rng_state()
    DdimSlerp(steps=4).lift(Gaussian(), SPACE).between(A, B, 3)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_ddim_slerp_goes_up_and_down_through_as_many_levels_as_it_was_told():
    model = Gaussian()
    DdimSlerp(steps=7).lift(model, SPACE).between(A, B, 3)
    levels = ladder(model.sigmas, 7).tolist()
    assert model.asked == levels[:-1] * 2 + levels[::-1] * 3


def test_the_reverse_process_from_a_noisy_sample_has_the_posteriors_mean_and_variance():
    """x | x_σ ~ N(D(x_σ), s² σ² / (s² + σ²)); the last step shows its mean, at a level of 0.001."""
    torch.manual_seed(0)
    model, x = Gaussian(mean=0.1), torch.full((1, 20_000, 1), 0.9)
    sigmas = model.sigmas[model.sigmas < 0.7].flip(0)
    drawn = ancestral(model, x, sigmas)
    sigma2 = sigmas[0].item() ** 2
    variance = 0.25 * sigma2 / (0.25 + sigma2)
    assert drawn.mean().item() == pytest.approx(
        (0.25 * 0.9 + sigma2 * 0.1) / (0.25 + sigma2), abs=4 * (variance / 2e4) ** 0.5
    )
    assert drawn.var().item() == pytest.approx(variance, rel=0.05)  # steps of 2.6 %, and 1 % of 20,000 draws


def test_only_the_share_of_b_changes_along_a_path_of_ho_t():
    """A Gaussian's denoiser is linear: with one noise for the whole path, its samples lie on a line, evenly."""
    torch.manual_seed(0)
    model = Gaussian()
    a, b = torch.randn(2, 5, 3)
    mixed = torch.stack([(1 - share) * a + share * b for share in (0, 0.25, 0.5, 0.75, 1)])
    path = ancestral(model, mixed, model.sigmas[:200].flip(0))
    assert (path.diff(dim=0).diff(dim=0)).abs().max() < 1e-4
    assert not torch.equal(ancestral(model, mixed, model.sigmas[:200].flip(0)), path)


@pytest.mark.parametrize(("t", "place"), [(0.0, 0), (0.001, 0), (0.25, 99), (0.5, 199), (1.0, 399)])
def test_ho_t_noises_to_its_share_of_the_levels(t, place):
    model = Gaussian()
    HoT(t=t, steps=5).lift(model, SPACE).between(A, B, 3)
    assert max(model.asked) == model.sigmas[place].item()
    assert min(model.asked) == model.sigmas[0].item()
    assert len(model.asked) == 3 * min(5, place + 1)


def test_the_ends_of_ho_t_are_near_at_little_noise_and_drift_off_with_more():
    torch.manual_seed(0)
    off = []
    for t in (0.0, 0.3, 0.6, 1.0):
        path = HoT(t=t).lift(Gaussian(spread=0.25), SPACE).between(A, B, 3)
        off.append((path[:, 0] - A).double().square().mean().sqrt().item())
    assert off[0] < 1.5  # 0.001 of noise is half a level
    assert off == sorted(off)
    assert off[-1] == pytest.approx(math.sqrt(2) * 0.25 * 500, rel=0.25)  # another draw of about the same spread


def test_ho_t_mixes_two_noises_of_their_own():
    """Halfway their sum has 1/√2 of the deviation: with a sample of zeros at both ends nothing else is there."""
    torch.manual_seed(0)

    class Untouched(Gaussian):
        def denoise(self, x, sigma):
            return x

    zeros = torch.full((4000, 1, 2, 3), 500)
    path = HoT(t=0.5, steps=1).lift(Untouched(), SPACE).between(zeros, zeros, 3).double().std(dim=(0, 2, 3, 4))
    sigma = 500 * Untouched().sigmas[199].item()
    # 24,000 draws: a deviation is known to half a percent.
    assert path.tolist() == pytest.approx([sigma, sigma / math.sqrt(2), sigma], rel=0.02)


@pytest.mark.parametrize("solver", [DdimSlerp(steps=5), HoT(steps=5)])
def test_answers_are_levels_in_range(solver):
    space = Space((1, 2, 3), levels=4)
    a, b = torch.randint(4, (2, 30, 1, 2, 3))
    path = solver.lift(Gaussian(spread=3.0), space).between(a, b, 5)
    assert path.shape == (30, 5, 1, 2, 3)
    assert path.dtype == torch.int64
    assert 0 <= path.min() <= path.max() <= 3


@pytest.mark.parametrize("levels", [None, 1])
@pytest.mark.parametrize("solver", [DdimSlerp(), HoT()])
def test_what_has_no_levels_to_scale_is_unsuitable(solver, levels):
    with pytest.raises(Unsuitable, match="scaled from 2 or more levels"):
        solver.lift(Gaussian(), Space((2,), levels=levels))
