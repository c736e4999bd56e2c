"""A denoising diffusion model: a small U-Net learns to tell noise from image, and many small steps remove it."""

import math
from typing import Annotated, ClassVar

import torch
from genbench_unet import LOOKS, UNet, train
from torch import Tensor

import genbench
from genbench import Choice, Range

ROWS = 128  # validation images to which variances are fitted
UNTOLD = 0.1  # share of the training images whose class the network is not told: `denoise` is not, either
ALPHA_BAR_T = 4e-5  # the share of signal variance left at t = T, that of the paper's schedule


class DDPM(genbench.Model, genbench.Density, genbench.Denoiser, genbench.Conditional):
    """q adds Gaussian noise in T steps, p_θ removes it, given the class y; log p_θ is bounded by a sum over all steps.

    Entries are scaled to [-1, 1], so that neighbouring levels lie Δ = 2 / (levels - 1) apart. Below the first step's
    noise √β₁ = 0.4 Δ the decoder of eq. 13 takes over. The network tells v = √α_bar ε - √(1 - α_bar) x_0, from which
    the noise ε and x_0 follow (Salimans and Ho 2022, https://arxiv.org/abs/2202.00512). Source of DDIM: Song et al.
    2020, https://arxiv.org/abs/2010.02502

    Args:
        steps: T.
        width, depth: channels at full size, blocks at the smallest, see `genbench_unet.UNet`.
        schedule: α_bar falls as under the paper's linear β, scaled to T, or √α_bar as a cosine.
        variance: σ_t² is β_t ("beta"), β_tilde_t ("posterior"), sec. 3.2, or "fitted" for each entry to what x_0 is
            mistaken by, which makes the bound the highest (Bao et al. 2022, https://arxiv.org/abs/2201.06503).
        bound: share of eq. 12's weights in the training loss; 0 weighs the error of v alike at all times.
        dropout: of channels, in training.
        lr, batch, epochs: see `genbench_unet.train`.
    Raises:
        Unsuitable: no image, or fewer than 2 levels.
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
        steps: Annotated[int, Range(2, 4000, log=True)] = 100,
        width: Annotated[int, Choice(8, 16, 24, 32, 48, 64, 96, 128)] = 16,
        depth: Annotated[int, Range(1, 8)] = 2,
        schedule: Annotated[str, Choice("cosine", "linear")] = "cosine",
        variance: Annotated[str, Choice("fitted", "posterior", "beta")] = "fitted",
        bound: Annotated[float, Range(0.0, 1.0)] = 0.1,
        dropout: Annotated[float, Range(0.0, 0.9)] = 0.1,
        lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 4e-3,
        batch: Annotated[int, Range(8, 1024, log=True)] = 64,
        epochs: Annotated[int, Range(1, 100_000, log=True)] = 300,
    ) -> None:
        super().__init__()
        if not space.is_image or space.levels is None or space.levels < 2:
            raise genbench.Unsuitable(f"ddpm needs grey or colour images of 2 or more levels, got {space}")
        self.space, self.steps, self.bound, self.variance = space, steps, bound, variance
        self.lr, self.batch, self.epochs = lr, batch, epochs
        self.half_gap = 1 / (space.levels - 1)
        self.net = UNet(space, width, depth, dropout)
        alpha_bar = remaining_signal(schedule, steps, first=min((0.8 * self.half_gap) ** 2, 0.1))
        before = torch.cat([alpha_bar[:1], alpha_bar[:-1]])  # α_bar of t - 1, for t = 0 … T
        beta = 1 - alpha_bar / before
        posterior = beta * (1 - before) / (1 - alpha_bar).clamp(min=1e-12)  # β_tilde, eq. 7
        for symbol, value in (("alpha_bar", alpha_bar), ("beta", beta), ("posterior", posterior)):
            self.register_buffer(symbol, value.float())  # [T + 1], entry 0 belongs to the data
        sigma2 = beta if variance == "beta" else torch.cat([beta[:2], posterior[2:]])
        self.register_buffer("sigma2", sigma2.float().view(-1, 1, 1, 1).repeat(1, *space.shape))  # [T + 1, C, H, W]

    def fit(self, data: genbench.TrainingData) -> None:
        """Algorithm 1, then the variances."""
        train(self.net, data, self.loss, lr=self.lr, batch=self.batch, epochs=self.epochs, untold=UNTOLD)
        if self.variance == "fitted":
            self.eval()
            rows = torch.arange(ROWS) * len(data.valid) // ROWS
            y = data.valid.y[rows].to(data.device) if self.net.classes and data.valid.y is not None else None
            self.fit_variance(data.valid.x[rows].to(data.device), y)
            self.train()

    @torch.no_grad()
    def fit_variance(self, x: Tensor, label: Tensor | None) -> None:
        """β_tilde_t, and what the posterior mean strays by since x_0 is predicted, over integers x of classes [N]."""
        x_0 = self.scaled(x)
        for t in range(2, self.steps + 1):
            x_t = self.diffused(x_0, t, torch.randn_like(x_0))
            astray = self.posterior_mean(self.predicted(x_t, t, label) - x_0, torch.zeros_like(x_t), t)
            self.sigma2[t] = self.posterior[t] + astray.square().mean(0)

    def loss(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """Mean squared error of v of integers x at random times, mixed with the bound's weights.

        The times of a batch are evenly spaced from a random start: each is uniform, and the mean varies less.
        """
        spaced = torch.arange(len(x), device=x.device) * self.steps // len(x)
        t = 1 + (spaced + torch.randint(self.steps, (1,), device=x.device)) % self.steps  # [N] in 1 … T
        sigma2 = torch.cat([self.beta[:2], self.posterior[2:]])
        weight = self.beta**2 / (2 * sigma2 * (1 - self.beta) * (1 - self.alpha_bar))  # eq. 12, of errors in ε
        weight = weight * self.alpha_bar  # of errors in v
        weight = weight / weight[1:].mean()
        error = self.error(self.scaled(x), t, torch.randn(x.shape, device=x.device), label)
        return (error * (1 - self.bound + self.bound * weight[t])).mean()

    def error(self, x_0: Tensor, t: Tensor, noise: Tensor, label: Tensor | None) -> Tensor:
        """The mean squared error of v at times t [N] of classes [N or 1]: [N]."""
        alpha_bar = self.alpha_bar[t].view(-1, 1, 1, 1)
        v = alpha_bar.sqrt() * noise - (1 - alpha_bar).sqrt() * x_0
        return (v - self.net(self.diffused(x_0, t, noise), t / self.steps, label)).square().flatten(1).mean(1)

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

    def predicted(self, x_t: Tensor, t: int, label: Tensor | None = None) -> Tensor:
        """x_0 as the network's v implies it, clipped to [-1, 1]."""
        alpha_bar = self.alpha_bar[t]
        v = self.net(x_t, torch.full((1,), t / self.steps, device=x_t.device), label)
        return (alpha_bar.sqrt() * x_t - (1 - alpha_bar).sqrt() * v).clamp(-1, 1)

    def posterior_mean(self, x_0: Tensor, x_t: Tensor, t: int) -> Tensor:
        """The mean of q(x_{t-1} | x_t, x_0), eq. 7."""
        beta, alpha_bar, before = self.beta[t], self.alpha_bar[t], self.alpha_bar[t - 1]
        return before.sqrt() * beta / (1 - alpha_bar) * x_0 + (1 - beta).sqrt() * (1 - before) / (1 - alpha_bar) * x_t

    def sample(self, n: int, *, labels: Tensor | None = None, method: str = "ddpm", steps: int = 0) -> Tensor:
        """Draw n samples by "ddpm", all T steps, or by "ddim" in `steps` steps."""
        x_t, label = torch.randn(n, *self.space.shape, device=self.beta.device), self.net.drawn(n, labels)
        return self.integers(self.implicit(x_t, steps, label) if method == "ddim" else self.ancestral(x_t, label))

    def ancestral(self, x_t: Tensor, label: Tensor | None = None) -> Tensor:
        """Algorithm 2 from x_T: float32 [N, C, H, W]. The last step shows its mean without noise, as the paper does."""
        for t in range(self.steps, 0, -1):
            x_t = self.posterior_mean(self.predicted(x_t, t, label), x_t, t)
            if t > 1:
                x_t = x_t + self.sigma2[t].sqrt() * torch.randn_like(x_t)
        return x_t

    def implicit(self, x_t: Tensor, steps: int, label: Tensor | None = None) -> Tensor:
        """DDIM with η = 0 from x_T: float32 [N, C, H, W], a function of x_T. Source: Song et al. 2020, eq. 12."""
        times = torch.linspace(1, self.steps, min(steps, self.steps)).round().long().tolist()
        for before, t in zip(reversed([0, *times[:-1]]), reversed(times), strict=True):
            x_0, alpha_bar = self.predicted(x_t, t, label), self.alpha_bar[t]
            noise = (x_t - alpha_bar.sqrt() * x_0) / (1 - alpha_bar).sqrt()
            x_t = self.diffused(x_0, before, noise)
        return x_t

    @property
    def sigmas(self) -> Tensor:
        """√(1 / α_bar - 1) of t = 1 … T, [T]: the noise of x_t / √α_bar."""
        return (1 / self.alpha_bar[1:] - 1).sqrt()

    def denoise(self, x: Tensor, sigma: Tensor) -> Tensor:
        """x_0 of all classes together, clipped to [-1, 1], at the t of the noise nearest to sigma."""
        t = 1 + (self.sigmas.log() - sigma.log()[:, None]).abs().argmin(1)  # [N]
        sigma = sigma.view(-1, 1, 1, 1)
        scale = (1 + sigma.square()).sqrt()  # 1 / √α_bar
        return ((x / scale - sigma * self.net(x / scale, t / self.steps)) / scale).clamp(-1, 1)

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(y) and the variational bound -(L_0 + L_1 + … + L_T), eq. 5, with one draw of x_t at each t: [N] nats.

        log p(x) is at least that of any one class y: the one of which v is told best at a few times is taken.
        """
        times = torch.linspace(0, self.steps, LOOKS + 2, device=x.device)[1:-1].ceil().long()
        label = self.net.likeliest(self.scaled(x), times, self.error)
        nats = -self.bound_terms(x, label).sum(1)
        return nats if label is None else nats + self.net.share[label].log()

    def bound_terms(self, x: Tensor, label: Tensor | None = None) -> Tensor:
        """int64 [N, C, H, W] of classes [N] → [N, T + 1] nats: L_0, L_1, …, L_T."""
        x_0 = self.scaled(x)
        alpha_bar = self.alpha_bar[-1]
        prior = (alpha_bar * x_0.square() - alpha_bar - torch.log1p(-alpha_bar)) / 2
        terms = [self.step_nats(x_0, t, label) for t in range(1, self.steps + 1)]
        return torch.stack([term.flatten(1).sum(1) for term in (*terms, prior)], dim=1)

    def step_nats(self, x_0: Tensor, t: int, label: Tensor | None = None) -> Tensor:
        """L_{t-1} of eq. 5 for each entry [N, C, H, W]: a KL divergence of two Gaussians, or at t = 1 the decoder."""
        x_t = self.diffused(x_0, t, torch.randn_like(x_0))
        mean = self.posterior_mean(self.predicted(x_t, t, label), x_t, t)
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

    "linear": β from 0.1 / T to 20 / T, which at T = 1000 is the paper's. "cosine": √α_bar is the cosine of an angle,
    as of Nichol and Dhariwal 2021, eq. 17, https://arxiv.org/abs/2102.09672. There it grows evenly, here its cube root
    does: the first steps are small ones, as a bound on fine levels needs them.
    """
    if schedule == "linear":
        beta = torch.linspace(0.1 / steps, 20 / steps, steps, dtype=torch.float64).clamp(max=0.999)
        beta[0] = first
        later = torch.cumprod(1 - beta, dim=0)
    else:
        ends = math.asin(math.sqrt(first)), math.acos(math.sqrt(ALPHA_BAR_T))
        root = torch.linspace(ends[0] ** (1 / 3), ends[1] ** (1 / 3), steps, dtype=torch.float64)
        later = (root**3).cos() ** 2
    return torch.cat([torch.ones(1, dtype=torch.float64), later])


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [DDPM]
