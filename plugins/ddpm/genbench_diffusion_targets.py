"""What a denoiser may tell of x_t = √α_bar x_0 + √(1 - α_bar) ε: its noise ε, the image x_0, or v, a mixture of both.

Each says all of x_t, and they differ in what a mistake costs: one in ε is √(1 / α_bar - 1) times as large in x_0,
158 times at t = T, where next to nothing of x_0 is left in x_t. v is -x_0 there, and ε at t = 0. Below,
`signal` stands for √α_bar and `noisy` for √(1 - α_bar), [N or 1, 1, 1, 1] each.

Source: Salimans and Ho 2022, https://arxiv.org/abs/2202.00512
"""

import math

import torch
from torch import Tensor


def at(values: Tensor, t: int | Tensor) -> Tensor:
    """The values [T + 1] at times t [N], or at one time, beside images: [N or 1, 1, 1, 1]."""
    return values[t].view(-1, 1, 1, 1)


def target(tells: str, x_0: Tensor, noise: Tensor, signal: Tensor, noisy: Tensor) -> Tensor:
    """What is to be told of x_0 and ε, [N, C, H, W] each."""
    if tells == "v":
        return signal * noise - noisy * x_0
    return noise if tells == "eps" else x_0


def implied(tells: str, told: Tensor, x_t: Tensor, signal: Tensor, noisy: Tensor) -> Tensor:
    """The x_0 that follows from what is told of x_t, [N, C, H, W]."""
    if tells == "v":
        return signal * x_t - noisy * told
    return (x_t - noisy * told) / signal if tells == "eps" else told


def bound_weight(tells: str, alpha_bar: Tensor, beta: Tensor, posterior: Tensor) -> Tensor:
    """The weights in L_vlb of squared errors in what is told, of mean 1 over t = 1 … T: [T + 1].

    Args:
        alpha_bar, beta, posterior: α_bar, β and β_tilde of t = 0 … T, [T + 1].
    Source: Ho, Jain and Abbeel 2020, eq. 12, https://arxiv.org/abs/2006.11239
    """
    sigma2 = torch.cat([beta[:2], posterior[2:]])
    weight = beta**2 / (2 * sigma2 * (1 - beta) * (1 - alpha_bar))  # of errors in ε
    if tells != "eps":
        weight = weight * alpha_bar  # of errors in v
    if tells == "x0":
        weight = weight / (1 - alpha_bar)
    return weight / weight[1:].mean()


def discretised(x_0: Tensor, mean: Tensor, sigma: Tensor, half_gap: float) -> Tensor:
    """The logarithm of what N(mean, σ²) gives each level x_0 in [-1, 1], the outer ones with the tails: nats.

    Args:
        half_gap: half of what two levels lie apart.
    Source: Ho, Jain and Abbeel 2020, eq. 13, https://arxiv.org/abs/2006.11239
    """
    high = ((x_0 + half_gap - mean) / sigma).masked_fill(x_0 > 1 - half_gap, math.inf)
    low = ((x_0 - half_gap - mean) / sigma).masked_fill(x_0 < half_gap - 1, -math.inf)
    # Φ(high) - Φ(low) = Φ(-low) - Φ(-high): below zero, log Φ keeps its digits.
    high, low = torch.where(low > 0, -low, high), torch.where(low > 0, -high, low)
    top, bottom = torch.special.log_ndtr(high), torch.special.log_ndtr(low)
    return top + torch.log1p(-(bottom - top).exp())
