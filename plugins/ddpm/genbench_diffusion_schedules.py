"""Schedules of the forward process: how much signal is left of an image at each time."""

import math

import torch
from torch import Tensor

OFFSET = 0.008  # s of eq. 17
ALPHA_BAR_T = 4e-5  # the share of signal variance left at t = T, that of the paper's schedule


def remaining_signal(schedule: str, steps: int, first: float) -> Tensor:
    """α_bar of t = 0 … T, [T + 1] float64 falling from 1, with β₁ = first but in "nichol-dhariwal".

    "linear": β from 0.1 / T to 20 / T, which at T = 1000 is the paper's but for β₁. "cosine": √α_bar is the cosine of
    an angle, as of Nichol and Dhariwal 2021, eq. 17, https://arxiv.org/abs/2102.09672. There it grows evenly, here its
    cube root does: the first steps are small ones, as a bound on fine levels needs them. "nichol-dhariwal": eq. 17 as
    printed, with β of .999 at most, and β₁ as it comes.
    """
    if schedule == "linear":
        beta = torch.linspace(0.1 / steps, 20 / steps, steps, dtype=torch.float64).clamp(max=0.999)
        beta[0] = first
        later = torch.cumprod(1 - beta, dim=0)
    elif schedule == "nichol-dhariwal":
        t = torch.arange(steps + 1, dtype=torch.float64) / steps
        f = ((t + OFFSET) / (1 + OFFSET) * math.pi / 2).cos().square()
        later = torch.cumprod(1 - (1 - f[1:] / f[:-1]).clamp(max=0.999), dim=0)
    else:
        ends = math.asin(math.sqrt(first)), math.acos(math.sqrt(ALPHA_BAR_T))
        root = torch.linspace(ends[0] ** (1 / 3), ends[1] ** (1 / 3), steps, dtype=torch.float64)
        later = (root**3).cos() ** 2
    return torch.cat([torch.ones(1, dtype=torch.float64), later])
