"""Solvers of the diffusion ODE: from noise to an image in few steps, as a function of the noise.

The forward process is x_t = α_t x_0 + σ_t ε, with α_t = √α_bar_t and σ_t = √(1 - α_bar_t), and λ_t = log(α_t / σ_t) is
half the logarithm of the ratio of signal to noise, which grows as t falls. A solver is told what the network says x_0
is, and asks for it once a step. In x_0 and λ the ODE has the exact solution (Lu et al. 2022, proposition 4.1)

    x_t = σ_t / σ_s x_s + σ_t ∫ e^λ x_θ(λ) dλ, from λ_s to λ_t

so that a solver is a guess at how x_θ goes on: `ddim` takes it for constant over a step, `dpm` for a straight line.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor

Predicted = Callable[[Tensor, int], Tensor]  # x_t [N, C, H, W] and t → x_0 [N, C, H, W]


def even_times(steps: int, alpha_bar: Tensor) -> list[int]:
    """Times T, …, 1, 0 whose first `steps` lie evenly; all T of them where more are asked for."""
    most = len(alpha_bar) - 1
    return [*torch.linspace(most, 1, min(steps, most)).round().long().tolist(), 0]


def even_log_snr_times(steps: int, alpha_bar: Tensor) -> list[int]:
    """Times T, …, 1, 0 at whose first `steps` λ lies as evenly as there are times; all T where more are asked for.

    Source: Lu et al. 2022, DPM-Solver, https://arxiv.org/abs/2206.00927
    """
    log_snr = torch.logit(alpha_bar[1:].double().cpu()) / 2  # [T], λ of t = 1 … T
    steps = min(steps, len(log_snr))
    wanted = torch.linspace(log_snr[-1].item(), log_snr[0].item(), steps, dtype=torch.float64)
    times = 1 + (log_snr - wanted[:, None]).abs().argmin(1)  # [steps], falling
    # Where two would be the same, the later gives way, but never so far that too few are left for the rest.
    left = torch.arange(steps)
    times = ((times + left).cummin(0).values - left).maximum(steps - left)
    return [*times.tolist(), 0]


def ddim(predicted: Predicted, x: Tensor, times: Sequence[int], alpha_bar: Tensor) -> Tensor:
    """x_t at the first of falling times, carried to the last by DDIM with η = 0; first order.

    Args:
        predicted: x_0 as the network tells it.
        alpha_bar: of t = 0 … T, [T + 1].
    Source: Song et al. 2020, eq. 12, https://arxiv.org/abs/2010.02502
    """
    for t, after in pairwise(times):
        x_0 = predicted(x, t)
        noise = (x - alpha_bar[t].sqrt() * x_0) / (1 - alpha_bar[t]).sqrt()
        x = alpha_bar[after].sqrt() * x_0 + (1 - alpha_bar[after]).sqrt() * noise
    return x


def dpm(predicted: Predicted, x: Tensor, times: Sequence[int], alpha_bar: Tensor) -> Tensor:
    """x_t at the first of falling times, carried to the last by DPM-Solver++(2M); second order.

    From the second step on, x_θ goes on as the line through its last two values does, to the middle of the step: D_i.
    The first step has one value alone, and so has, in effect, the one to t = 0: λ is infinite there and nothing but
    x_θ at t = 1 is left, since σ_0 = 0.

    Args:
        predicted: x_0 as the network tells it.
        alpha_bar: of t = 0 … T, [T + 1].
    Source: Lu et al. 2022, algorithm 2, https://arxiv.org/abs/2211.01095
    """
    alpha, sigma = alpha_bar.sqrt(), (1 - alpha_bar).sqrt()
    log_snr = torch.logit(alpha_bar) / 2
    earlier: Tensor | None = None  # x_θ one step before, of which the step had the length h
    h = torch.zeros(())
    for s, t in pairwise(times):
        x_0, before, h = predicted(x, s), h, log_snr[t] - log_snr[s]
        d = x_0 if earlier is None or h.isinf() else x_0 + h / (2 * before) * (x_0 - earlier)  # 1 / r_i = h_i / h_{i-1}
        x = sigma[t] / sigma[s] * x - alpha[t] * torch.expm1(-h) * d
        earlier = x_0
    return x


SOLVERS = {"ddim": (ddim, even_times), "dpm": (dpm, even_log_snr_times)}
