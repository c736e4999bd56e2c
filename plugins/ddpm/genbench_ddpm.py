"""A denoising diffusion model: a small U-Net learns to predict noise, and many small steps remove it."""

import math
from typing import Annotated, ClassVar

import torch
from genbench_networks import UNet
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import genbench
from genbench import Choice, Range

LOGS = 100  # points on the training curve
ALPHA_BAR_T = 4e-5  # the share of signal variance left at t = T, that of the paper's schedule


class DDPM(genbench.Model, genbench.Density, genbench.Denoiser):
    """q adds Gaussian noise in T steps, p_θ removes it; log p_θ is bounded below by the sum over all T steps.

    Entries are scaled to [-1, 1], so that neighbouring levels lie Δ = 2 / (levels - 1) apart. Below the first step's
    noise √β₁ = 0.4 Δ the decoder of eq. 13 takes over. Source of DDIM: Song et al. 2020,
    https://arxiv.org/abs/2010.02502

    Args:
        steps: T.
        width, depth: channels at full size (three times as many at half size), blocks at half size.
        schedule: α_bar falls as under the paper's linear β, scaled to T, or as a cosine (Nichol and Dhariwal 2021).
        variance: σ_t² is β_t ("beta") or β_tilde_t ("posterior"), sec. 3.2.
        bound: share of eq. 12's weights in the training loss; 0 is L_simple, eq. 14.
    """

    name = "ddpm"
    family = genbench.Family.DIFFUSION
    source = "Ho, Jain and Abbeel 2020, https://arxiv.org/abs/2006.11239"
    samplers: ClassVar = {"ddpm": {}, "ddim-25": {"method": "ddim", "steps": 25}}
    described_sampler = "ddpm"
    likelihood = genbench.Likelihood.LOWER_BOUND
    audit_settings: ClassVar = {"steps": 50, "width": 16, "depth": 1}

    def __init__(
        self,
        space: genbench.Space,
        *,
        steps: Annotated[int, Range(2, 4000, log=True)] = 250,
        width: Annotated[int, Choice(8, 16, 24, 32, 48, 64, 96, 128)] = 16,
        depth: Annotated[int, Range(1, 8)] = 2,
        schedule: Annotated[str, Choice("cosine", "linear")] = "cosine",
        variance: Annotated[str, Choice("posterior", "beta")] = "posterior",
        bound: Annotated[float, Range(0.0, 1.0)] = 0.1,
        dropout: Annotated[float, Range(0.0, 0.9)] = 0.1,
        lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 4e-3,
        batch: Annotated[int, Range(8, 1024, log=True)] = 64,
    ) -> None:
        super().__init__()
        if not space.is_image or space.levels is None or space.levels < 2:
            raise genbench.Unsuitable(f"ddpm needs grey or colour images of 2 or more levels, got {space}")
        self.space, self.steps, self.bound = space, steps, bound
        self.lr, self.batch = lr, batch
        self.half_gap = 1 / (space.levels - 1)
        self.net = UNet(space.shape, width, depth, dropout)
        alpha_bar = remaining_signal(schedule, steps, first=min((0.8 * self.half_gap) ** 2, 0.1))
        before = torch.cat([alpha_bar[:1], alpha_bar[:-1]])  # α_bar of t - 1, for t = 0 … T
        beta = 1 - alpha_bar / before
        posterior = beta * (1 - before) / (1 - alpha_bar).clamp(min=1e-12)  # β_tilde, eq. 7
        sigma2 = beta if variance == "beta" else torch.cat([posterior[:1], beta[1:2], posterior[2:]])
        for symbol, value in (("alpha_bar", alpha_bar), ("beta", beta), ("posterior", posterior), ("sigma2", sigma2)):
            self.register_buffer(symbol, value.float())  # [T + 1], entry 0 belongs to the data

    def fit(self, data: genbench.TrainingData) -> None:
        """Algorithm 1, with a linearly falling learning rate and the average of the late weights kept."""
        optimizer = torch.optim.AdamW(self.net.parameters(), lr=self.lr, weight_decay=1e-4)
        updates = data.images // self.batch
        averaged = AveragedModel(self.net, multi_avg_fn=get_ema_multi_avg_fn(1 - 1 / (1 + updates / 20)))
        data.checkpoint(net=self.net, optimizer=optimizer, averaged=averaged)
        for x, _ in data.batches(self.batch):
            optimizer.param_groups[0]["lr"] = self.lr * min(1, 50 * data.progress, 1 - data.progress)
            loss = self.loss(self.scaled(x))
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
            optimizer.step()
            averaged.update_parameters(self.net)
            if data.progress * LOGS >= len(data.curve) + 1:
                data.log(loss=loss.item())
        self.net.load_state_dict(averaged.module.state_dict())

    def loss(self, x_0: Tensor) -> Tensor:
        """Mean squared error of the predicted noise at random times: L_simple, mixed with the bound's weights.

        The times of a batch are evenly spaced from a random start: each is uniform, and the mean varies less.
        """
        spaced = torch.arange(len(x_0), device=x_0.device) * self.steps // len(x_0)
        t = 1 + (spaced + torch.randint(self.steps, (1,), device=x_0.device)) % self.steps  # [N] in 1 … T
        noise = torch.randn_like(x_0)
        error = (noise - self.net(self.diffused(x_0, t, noise), t / self.steps)).square().flatten(1).mean(1)
        weight = self.beta**2 / (2 * self.sigma2 * (1 - self.beta) * (1 - self.alpha_bar))  # eq. 12
        weight = weight / weight[1:].mean()
        return (error * (1 - self.bound + self.bound * weight[t])).mean()

    def scaled(self, x: Tensor) -> Tensor:
        """Integers in [0, levels) → float32 in [-1, 1]."""
        return 2 * self.half_gap * x.float() - 1

    def integers(self, x_0: Tensor) -> Tensor:
        """The levels nearest to float32 in [-1, 1]: int64."""
        return ((x_0 + 1) / (2 * self.half_gap)).round().long().clamp(0, self.space.levels - 1)

    def diffused(self, x_0: Tensor, t: int | Tensor, noise: Tensor) -> Tensor:
        """x_t ~ q(x_t | x_0), eq. 4, made of standard normal noise."""
        alpha_bar = self.alpha_bar[t].view(-1, 1, 1, 1)
        return alpha_bar.sqrt() * x_0 + (1 - alpha_bar).sqrt() * noise

    def predicted(self, x_t: Tensor, t: int) -> Tensor:
        """x_0 as the network's noise implies it, eq. 15, clipped to [-1, 1]."""
        alpha_bar = self.alpha_bar[t]
        noise = self.net(x_t, torch.full((1,), t / self.steps, device=x_t.device))
        return ((x_t - (1 - alpha_bar).sqrt() * noise) / alpha_bar.sqrt()).clamp(-1, 1)

    def posterior_mean(self, x_0: Tensor, x_t: Tensor, t: int) -> Tensor:
        """The mean of q(x_{t-1} | x_t, x_0), eq. 7."""
        beta, alpha_bar, before = self.beta[t], self.alpha_bar[t], self.alpha_bar[t - 1]
        return before.sqrt() * beta / (1 - alpha_bar) * x_0 + (1 - beta).sqrt() * (1 - before) / (1 - alpha_bar) * x_t

    def sample(self, n: int, *, labels: Tensor | None = None, method: str = "ddpm", steps: int = 0) -> Tensor:
        """Draw n samples by "ddpm", all T steps, or by "ddim" in `steps` steps."""
        x_t = torch.randn(n, *self.space.shape, device=self.beta.device)
        return self.integers(self.implicit(x_t, steps) if method == "ddim" else self.ancestral(x_t))

    def ancestral(self, x_t: Tensor) -> Tensor:
        """Algorithm 2 from x_T: float32 [N, C, H, W]. The last step shows its mean without noise, as the paper does."""
        for t in range(self.steps, 0, -1):
            x_t = self.posterior_mean(self.predicted(x_t, t), x_t, t)
            if t > 1:
                x_t = x_t + self.sigma2[t].sqrt() * torch.randn_like(x_t)
        return x_t

    def implicit(self, x_t: Tensor, steps: int) -> Tensor:
        """DDIM with η = 0 from x_T: float32 [N, C, H, W], a function of x_T. Source: Song et al. 2020, eq. 12."""
        times = torch.linspace(1, self.steps, min(steps, self.steps)).round().long().tolist()
        for before, t in zip(reversed([0, *times[:-1]]), reversed(times), strict=True):
            x_0, alpha_bar = self.predicted(x_t, t), self.alpha_bar[t]
            noise = (x_t - alpha_bar.sqrt() * x_0) / (1 - alpha_bar).sqrt()
            x_t = self.diffused(x_0, before, noise)
        return x_t

    @property
    def sigmas(self) -> Tensor:
        """√(1 / α_bar - 1) of t = 1 … T, [T]: the noise of x_t / √α_bar."""
        return (1 / self.alpha_bar[1:] - 1).sqrt()

    def denoise(self, x: Tensor, sigma: Tensor) -> Tensor:
        """x_0 as the network's noise implies it, eq. 15, clipped to [-1, 1], at the t of the noise nearest to sigma."""
        t = 1 + (self.sigmas.log() - sigma.log()[:, None]).abs().argmin(1)  # [N]
        sigma = sigma.view(-1, 1, 1, 1)
        return (x - sigma * self.net(x / (1 + sigma.square()).sqrt(), t / self.steps)).clamp(-1, 1)

    def log_prob(self, x: Tensor) -> Tensor:
        """The variational bound -(L_0 + L_1 + … + L_T), eq. 5, with one draw of x_t at each t: [N] nats."""
        return -self.bound_terms(x).sum(1)

    def bound_terms(self, x: Tensor) -> Tensor:
        """int64 [N, C, H, W] → [N, T + 1] nats: L_0, L_1, …, L_T."""
        x_0 = self.scaled(x)
        alpha_bar = self.alpha_bar[-1]
        prior = (alpha_bar * x_0.square() - alpha_bar - torch.log1p(-alpha_bar)) / 2
        terms = [self.step_nats(x_0, t) for t in range(1, self.steps + 1)]
        return torch.stack([term.flatten(1).sum(1) for term in (*terms, prior)], dim=1)

    def step_nats(self, x_0: Tensor, t: int) -> Tensor:
        """L_{t-1} of eq. 5 for each entry [N, C, H, W]: a KL divergence of two Gaussians, or at t = 1 the decoder."""
        x_t = self.diffused(x_0, t, torch.randn_like(x_0))
        mean = self.posterior_mean(self.predicted(x_t, t), x_t, t)
        if t == 1:
            return -self.decoded(x_0, mean)
        ratio = self.posterior[t] / self.sigma2[t]
        error = (self.posterior_mean(x_0, x_t, t) - mean).square()
        return (ratio - 1 - ratio.log() + error / self.sigma2[t]) / 2

    def decoded(self, x_0: Tensor, mean: Tensor) -> Tensor:
        """log p_θ(x_0 | x_1), eq. 13: what N(mean, σ₁²) gives each level, the outer ones with the tails."""
        sigma = self.sigma2[1].sqrt()
        high = ((x_0 + self.half_gap - mean) / sigma).masked_fill(x_0 > 1 - self.half_gap, math.inf)
        low = ((x_0 - self.half_gap - mean) / sigma).masked_fill(x_0 < self.half_gap - 1, -math.inf)
        # Φ(high) - Φ(low) = Φ(-low) - Φ(-high): below zero, log Φ keeps its digits.
        high, low = torch.where(low > 0, -low, high), torch.where(low > 0, -high, low)
        top, bottom = torch.special.log_ndtr(high), torch.special.log_ndtr(low)
        return top + torch.log1p(-(bottom - top).exp())


def remaining_signal(schedule: str, steps: int, first: float) -> Tensor:
    """α_bar of t = 0 … T, [T + 1] float64 falling from 1, with β₁ = first.

    "linear": β from 0.1 / T to 20 / T, which at T = 1000 is the paper's. "cosine": √α_bar is the cosine of an angle
    that grows evenly. Source: Nichol and Dhariwal 2021, eq. 17, https://arxiv.org/abs/2102.09672
    """
    if schedule == "linear":
        beta = torch.linspace(0.1 / steps, 20 / steps, steps, dtype=torch.float64).clamp(max=0.999)
        beta[0] = first
        later = torch.cumprod(1 - beta, dim=0)
    else:
        end = math.acos(math.sqrt(ALPHA_BAR_T))
        later = torch.linspace(math.asin(math.sqrt(first)), end, steps, dtype=torch.float64).cos() ** 2
    return torch.cat([torch.ones(1, dtype=torch.float64), later])


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [DDPM]
