"""A denoising diffusion GAN: four large steps remove the noise, and a conditional GAN draws each."""

import math
from collections.abc import Callable
from functools import partial
from typing import Annotated

import torch
from genbench_adversarial import NonSaturating, descended, halved, power_law, squared_slope, widths
from genbench_networks import halvings, labels_of
from genbench_unet import Block, UNet
from torch import Tensor, nn
from torch.nn.functional import leaky_relu
from torch.optim.swa_utils import AveragedModel

import genbench
from genbench import Choice, Range

BETA = 0.1, 20.0  # β_min and β_max, between which the noise of a unit of time grows
PENALTY_EVERY = 8  # discriminator steps from one gradient penalty to the next
LOGS = 50  # points on the training curve
Judge = Callable[[Tensor], Tensor]  # what D says of x_{t-1}, of a given x_t


def remaining_signal(steps: int) -> Tensor:
    """α_bar of t = 0 … T, [T + 1] float64 from 1 to 4e-5: exp(-β_min t/T - (β_max - β_min) t²/(2 T²))."""
    t = torch.arange(steps + 1, dtype=torch.float64) / steps
    return (-BETA[0] * t - (BETA[1] - BETA[0]) * t.square() / 2).exp()


class PairDiscriminator(nn.Module):
    """Says how real pairs (x_{t-1}, x_t) are: halved by 4×4 strided convolutions, then residual blocks.

    The blocks are told the time and the class; the class also has a linear map of its own at the end, beside that of
    all (Miyato and Koyama 2018, eq. 3, https://arxiv.org/abs/1802.05637).
    """

    def __init__(self, space: genbench.Space, steps: int, width: int, depth: int) -> None:
        super().__init__()
        channels, features = widths(space.shape, width), width * math.prod(halvings(space.shape)[-1])
        channels[0] = 2 * space.shape[0]
        self.halved = nn.Sequential(*halved(space.shape, channels), nn.Conv2d(channels[-1], width, 3, padding=1))
        self.time, self.label = nn.Embedding(steps, width), nn.Embedding(space.classes or 1, width)
        self.blocks = nn.ModuleList(Block(width, width, dropout=0.0) for _ in range(depth))
        self.all, self.each = nn.Linear(features, 1), nn.Linear(features, space.classes or 1)

    def forward(self, before: Tensor, x_t: Tensor, t: Tensor, label: Tensor) -> Tensor:
        """Images [N, C, H, W] each, at times [N] in 1 … T, of classes [N] → [N] logits."""
        h, told = self.halved(torch.cat([before, x_t], dim=1)), self.time(t - 1) + self.label(label)
        for block in self.blocks:
            h = block(h, told)
        h = leaky_relu(h, 0.2).flatten(1)
        return (self.all(h) + self.each(h).gather(1, label[:, None])).squeeze(1)


class DDGAN(genbench.Model, genbench.Conditional):
    """p_θ(x_{t-1} | x_t) = ∫ q(x_{t-1} | x_t, x_0 = G(x_t, z, t)) N(z; 0, I) dz in T = 4 steps, given the class y.

    q adds Gaussian noise, x_t = √(1 - β_t) x_{t-1} + √β_t ε, to images scaled to [-1, 1]. Of small steps the way back
    is nearly Gaussian, of large ones it has many modes: G, told z, draws one of them, where a network that tells the
    mean would blur them together. D compares pairs. At times t drawn evenly,

        D maximises E log σ(D(x_{t-1}, x_t, t)) + E log σ(-D(x'_{t-1}, x_t, t)),
        G maximises E log σ(D(x'_{t-1}, x_t, t)),   x'_{t-1} ~ q(x_{t-1} | x_t, x'_0), x'_0 = G(x_t, z, t),

    with R1 on x_{t-1}, γ/2 E |∇D|² (Mescheder et al. 2018, https://arxiv.org/abs/1801.04406), in the same draws of
    x_t and z for both. Both are told the class, and what D compares gets uniform noise of one level's width. The G
    that samples is an average over the training steps. Sampling takes T network evaluations. There is no likelihood.

    Known weaknesses: it takes many more steps of training than a GAN, as noisy pairs are hard to tell apart, and as
    long as D tells them apart poorly G draws few images of each class; a D that learns three times as fast as G
    oscillates. The paper trains for some 10⁵ steps at a sixth of this rate.

    Args:
        space: images of at least 2×2 pixels with integer levels.
        steps: T; with 1 it is a GAN whose latent vector is z and an image of noise.
        latent: entries of z.
        width, depth: of G, see `genbench_unet.UNet`.
        critic: channels of D at the smallest size, half as many at each larger one.
        penalty: the γ of R1.
        averaging: exponent of the power-law average, see `genbench_adversarial.power_law`; large means recent.
        lr: Adam's learning rate at the start; it falls to 0 along a cosine.
        batch: images a step.
        epochs: passes over the training set at most, within the budget.
    Raises:
        Unsuitable: no image, a side below 2, or no integer levels.
    """

    name = "ddgan"
    family = genbench.Family.HYBRID
    source = "Xiao, Kreis and Vahdat 2022, https://arxiv.org/abs/2112.07804"

    def __init__(
        self,
        space: genbench.Space,
        *,
        steps: Annotated[int, Range(1, 100, log=True)] = 4,
        latent: Annotated[int, Range(1, 1024, log=True)] = 32,
        width: Annotated[int, Choice(8, 16, 24, 32, 48, 64, 96, 128)] = 16,
        depth: Annotated[int, Range(1, 8)] = 2,
        critic: Annotated[int, Choice(8, 16, 32, 64, 128, 256)] = 64,
        penalty: Annotated[float, Range(0, 100)] = 0.05,
        averaging: Annotated[float, Range(0, 1000)] = 16.0,
        lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 1e-3,
        batch: Annotated[int, Range(2, 4096, log=True)] = 64,
        epochs: Annotated[int, Range(1, 100_000, log=True)] = 120,
    ) -> None:
        if not space.is_image or min(space.shape[1:]) < 2 or space.levels in (None, 1):
            raise genbench.Unsuitable(f"ddgan needs images of at least 2×2 pixels with integer levels, got {space}")
        super().__init__()
        self.space, self.steps, self.latent, self.penalty, self.averaging = space, steps, latent, penalty, averaging
        self.loss, self.lr, self.batch, self.epochs = NonSaturating(), lr, batch, epochs
        self.G = UNet(space, width, depth, dropout=0.0, latent=latent)
        self.D = PairDiscriminator(space, steps, critic, depth)
        blocks = [part for part in (*self.G.modules(), *self.D.blocks) if isinstance(part, Block)]
        for layer in (self.G.head[-1], *(block.second[-1] for block in blocks)):
            layer.reset_parameters()  # with zeros in them z would not matter at first, and G learns to do without it
        alpha_bar = remaining_signal(steps)
        before = torch.cat([alpha_bar[:1], alpha_bar[:-1]])  # α_bar of t - 1, for t = 0 … T
        beta = 1 - alpha_bar / before
        posterior = beta * (1 - before) / (1 - alpha_bar).clamp(min=1e-12)  # the variance of q(x_{t-1} | x_t, x_0)
        for symbol, value in (("alpha_bar", alpha_bar), ("beta", beta), ("posterior", posterior)):
            self.register_buffer(symbol, value.float())  # [T + 1], entry 0 belongs to the data

    def fit(self, data: genbench.TrainingData) -> None:
        most = min(data.images, self.epochs * len(data.train))
        if self.G.classes and data.train.y is not None:
            self.G.share.copy_(torch.bincount(data.train.y[:], minlength=self.G.classes) / len(data.train))
        optimisers = [torch.optim.Adam(net.parameters(), betas=(0.0, 0.99)) for net in (self.D, self.G)]
        average = AveragedModel(self.G, avg_fn=partial(power_law, exponent=self.averaging), use_buffers=True)
        data.checkpoint(model=self, average=average, of_d=optimisers[0], of_g=optimisers[1])
        for x, y in data.batches(self.batch, most=most):
            for optimiser in optimisers:
                optimiser.param_groups[0]["lr"] = self.lr * math.cos(math.pi / 2 * data.progress_to(most)) ** 2
            t = torch.randint(1, self.steps + 1, (len(x),), device=x.device)  # [N] in 1 … T
            real, x_t = self.diffused(self._scaled(x), t)
            fake = self.stepped(self.guessed(x_t, t, y), x_t, t)  # x'_{t-1}
            penalised = self.penalty > 0 and data.seen // self.batch % PENALTY_EVERY == 0
            judge = partial(self._judged, x_t=x_t, t=t, label=labels_of(x, y))
            d_loss = descended(optimisers[0], self._discriminator_loss(judge, real, fake.detach(), penalised))
            self.D.requires_grad_(False)
            g_loss = descended(optimisers[1], self.loss.generator(judge(fake)))
            self.D.requires_grad_(True)
            average.update_parameters(self.G)
            if data.progress_to(most) * LOGS >= len(data.curve) + 1:
                data.log(discriminator_nats=d_loss, generator_nats=g_loss)
        self.G.load_state_dict(average.module.state_dict())

    def _discriminator_loss(self, judge: Judge, real: Tensor, fake: Tensor, penalised: bool) -> Tensor:
        judged = judge(real.requires_grad_(penalised))
        loss = self.loss.discriminator(judged, judge(fake))
        if not penalised:
            return loss
        return loss + PENALTY_EVERY * self.penalty / 2 * squared_slope(judged, real).mean()

    def _judged(self, before: Tensor, x_t: Tensor, t: Tensor, label: Tensor) -> Tensor:
        """D of x_{t-1} after noise and of x_t at times t [N] of classes [N], [N] logits."""
        noise = (2 * torch.rand_like(before) - 1) / (self.space.levels - 1)
        return self.D(before + noise, x_t, t, label)

    def diffused(self, x_0: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """x_{t-1} ~ q(x_{t-1} | x_0) and x_t ~ q(x_t | x_{t-1}) at times t [N]."""
        alpha_bar, beta = (value.view(-1, 1, 1, 1) for value in (self.alpha_bar[t - 1], self.beta[t]))
        before = alpha_bar.sqrt() * x_0 + (1 - alpha_bar).sqrt() * torch.randn_like(x_0)
        return before, (1 - beta).sqrt() * before + beta.sqrt() * torch.randn_like(x_0)

    def guessed(self, x_t: Tensor, t: Tensor, label: Tensor | None) -> Tensor:
        """G(x_t, z, t) of a new z: an image that x_t may have been made of, [N, C, H, W] in (-1, 1)."""
        z = torch.randn(len(x_t), self.latent, device=x_t.device)
        return self.G(x_t, t / self.steps, label if self.G.classes else None, z).tanh()

    def stepped(self, x_0: Tensor, x_t: Tensor, t: Tensor) -> Tensor:
        """x_{t-1} ~ q(x_{t-1} | x_t, x_0), a Gaussian; x_0 itself at t = 1."""
        mean, spread = self.posterior_mean(x_0, x_t, t), self.posterior[t].view(-1, 1, 1, 1).sqrt()
        return mean + spread * torch.randn_like(x_t)

    def posterior_mean(self, x_0: Tensor, x_t: Tensor, t: Tensor) -> Tensor:
        """The mean of q(x_{t-1} | x_t, x_0) at times t [N]. Source: Ho et al. 2020, eq. 7."""
        parts = self.beta[t], self.alpha_bar[t], self.alpha_bar[t - 1]
        beta, alpha_bar, before = (value.view(-1, 1, 1, 1) for value in parts)
        return before.sqrt() * beta / (1 - alpha_bar) * x_0 + (1 - beta).sqrt() * (1 - before) / (1 - alpha_bar) * x_t

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        x_t, label = torch.randn(n, *self.space.shape, device=self.beta.device), self.G.drawn(n, labels)
        for step in range(self.steps, 0, -1):
            t = torch.full((n,), step, device=x_t.device)
            x_t = self.stepped(self.guessed(x_t, t, label), x_t, t)
        return ((x_t + 1) / 2 * (self.space.levels - 1)).round().clamp(0, self.space.levels - 1).long()

    def _scaled(self, x: Tensor) -> Tensor:
        """Levels → [-1, 1]."""
        return 2 * x / (self.space.levels - 1) - 1


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this plugin."""
    return [DDGAN]
