"""DDIM and DPM-Solver++ on Gaussian data, of which both the ideal denoiser and the exact flow are known."""

import itertools

import pytest
import torch
from genbench_diffusion_schedules import remaining_signal
from genbench_diffusion_solvers import SOLVERS, ddim, dpm, even_log_snr_times, even_times

MU, S = 0.2, 0.5  # mean and standard deviation of the data
T = 321
LOG_SNR = torch.linspace(3, -4, T, dtype=torch.float64)  # λ of t = 1 … T
ALPHA_BAR = torch.cat([torch.ones(1, dtype=torch.float64), torch.sigmoid(2 * LOG_SNR)])


def ideal(x_t, t):
    """E[x_0 | x_t]: the mean of a product of two Gaussians."""
    alpha_bar = ALPHA_BAR[t]
    return (S**2 * alpha_bar.sqrt() * x_t + (1 - alpha_bar) * MU) / (alpha_bar * S**2 + 1 - alpha_bar)


def exact(x_t, t, after):
    """The flow keeps each point at as many standard deviations from the mean as it was."""
    spread = (ALPHA_BAR * S**2 + 1 - ALPHA_BAR).sqrt()
    return ALPHA_BAR[after].sqrt() * MU + spread[after] / spread[t] * (x_t - ALPHA_BAR[t].sqrt() * MU)


def mistake(solver, steps):
    """How far from the exact flow it ends at t = 1, after steps of equal length in λ."""
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)
    times = list(range(T, 0, -(T - 1) // steps))
    return (solver(ideal, x, times, ALPHA_BAR) - exact(x, T, 1)).abs().max().item()


@pytest.mark.parametrize(("solver", "order"), [(ddim, 1), (dpm, 2)])
def test_the_mistake_falls_with_the_step_to_the_power_of_the_order(solver, order):
    mistakes = [mistake(solver, steps) for steps in (40, 80, 160)]
    for coarse, fine in itertools.pairwise(mistakes):
        # The next power of a step of 0.18 or less is in it too: a tenth or two.
        assert coarse / fine == pytest.approx(2**order, rel=0.15)


def test_ten_steps_of_second_order_are_nearer_than_forty_of_first():
    assert mistake(dpm, 10) < mistake(ddim, 40) / 2


@pytest.mark.parametrize("solver", [ddim, dpm])
def test_the_last_step_shows_what_the_image_is_told_to_be(solver):
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)
    times = list(range(T, 0, -40))
    torch.testing.assert_close(
        solver(ideal, x, [*times, 0], ALPHA_BAR), ideal(solver(ideal, x, times, ALPHA_BAR), 1), rtol=1e-12, atol=1e-12
    )


def test_one_step_of_either_is_the_same():
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)
    torch.testing.assert_close(dpm(ideal, x, [200, 50], ALPHA_BAR), ddim(ideal, x, [200, 50], ALPHA_BAR))


@pytest.mark.parametrize("solver", [ddim, dpm])
def test_where_the_image_is_known_each_step_stays_on_the_line_from_image_to_noise(solver):
    x_0, noise = torch.tensor([0.3, -0.9]).double(), torch.tensor([1.1, -0.4]).double()
    x_t = ALPHA_BAR[T].sqrt() * x_0 + (1 - ALPHA_BAR[T]).sqrt() * noise
    found = solver(lambda x, t: x_0, x_t, [T, 250, 140, 30], ALPHA_BAR)
    torch.testing.assert_close(found, ALPHA_BAR[30].sqrt() * x_0 + (1 - ALPHA_BAR[30]).sqrt() * noise)


@pytest.mark.parametrize("method", list(SOLVERS))
@pytest.mark.parametrize("schedule", ["cosine", "linear"])
@pytest.mark.parametrize("steps", [1, 2, 10, 25, 100, 400])
def test_times_fall_from_the_last_by_way_of_the_first_to_0_and_each_costs_one_look(method, schedule, steps):
    (solver, times), asked = SOLVERS[method], []
    alpha_bar = remaining_signal(schedule, 100, first=0.0025)
    found = times(steps, alpha_bar)
    assert found[0] == 100
    assert found[-1] == 0
    assert all(s > t for s, t in itertools.pairwise(found))
    if steps > 1:
        assert found[-2] == 1
    solver(lambda x, t: asked.append(t) or x, torch.zeros(2).double(), found, alpha_bar)
    assert asked == found[:-1]
    assert len(asked) == min(steps, 100)


def test_even_times_use_all_of_the_steps_and_the_others_lie_evenly_in_the_logarithm_of_signal_to_noise():
    alpha_bar = remaining_signal("cosine", 1000, first=0.0025)
    assert [len(even_times(steps, alpha_bar)) for steps in (1, 25, 1000, 2000)] == [2, 26, 1001, 1001]
    steps = (torch.logit(alpha_bar[even_log_snr_times(10, alpha_bar)[:-1]]) / 2).diff()
    torch.testing.assert_close(steps, steps.mean().expand(9), rtol=0.05, atol=0)  # the nearest of 1,000 times
