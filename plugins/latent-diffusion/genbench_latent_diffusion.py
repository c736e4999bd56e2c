"""Latent diffusion: an autoencoder makes small maps of images, and a diffusion model learns the law of the maps."""

import math
from itertools import pairwise
from typing import Annotated, ClassVar

import torch
from genbench_convolutional import decoder, encoder, map_sizes
from genbench_networks import LogisticMixture, narrowed
from genbench_stages import log, stage, step
from genbench_unet import LOOKS, UNet
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import genbench
from genbench import Choice, Range

STEPS = 25  # of DDIM, from noise to maps and back, for latent vectors


class LatentDiffusion(genbench.Model, genbench.Latent, genbench.Conditional):
    """x = D(z_0): z_0 is a map of an image's features, which a diffusion model draws from noise, given the class y.

    The first stage minimises -log p(x|z) + λ KL(q(z|x) | N(0, I)), z ~ q(z|x) = N(μ(x), σ(x)²), in nats a dimension.
    With a small λ that is an autoencoder whose maps are neither large nor sharp (sec. 3.1, "KL-reg."). p(x|z) is a
    discretised logistic at each pixel in place of the paper's perceptual and adversarial losses, and D its mean.
    Channels of z are then shifted and scaled to mean 0 and variance 1, where the paper divides all of z by one
    deviation (appendix G). The second stage minimises |v - v(z_t, t, y)|², with z_t = cos(πt/2) z + sin(πt/2) ε at
    uniform t and v = cos(πt/2) ε - sin(πt/2) z (Salimans and Ho 2022, https://arxiv.org/abs/2202.00512; the paper's
    network tells ε). Its weights are an average over the late steps.

    The samplers are DDIM (Song et al. 2020, eq. 12 and 16, https://arxiv.org/abs/2010.02502), which asks the U-Net
    once a step (NFE 25 and 100): `ddim-25` with η = 0, `ddpm-100` with η = 1, which draws noise at each step. The
    decoder is asked once.
    A latent vector is z_1, and a normal for each class. No density: p(x) would take integrals over both z_0 and paths.
    What the decoder cannot rebuild no prior mends; where images are as small as 8×8, maps save nothing.

    Args:
        space: images with integer levels.
        planes: channels of z.
        halved: how often z is half as high and wide as the image, while a side is not below 4.
        width: channels of encoder and decoder at full size, fewer where images have more than 8×8 pixels.
        kl: λ.
        prior_width, prior_depth: channels at the map's size, blocks at the smallest, see `genbench_unet.UNet`.
        dropout: of channels in the U-Net, in training.
        share: of the budget, for the first stage.
        lr: AdamW's learning rate at the start of each stage; it falls linearly to 0.
        batch: images a step.
        epochs: passes over the training set at most, of both stages, within the budget.
    Raises:
        Unsuitable: no image, or fewer than 2 levels.
    """

    name = "latent-diffusion"
    family = genbench.Family.DIFFUSION
    source = "Rombach et al. 2022, https://arxiv.org/abs/2112.10752"
    samplers: ClassVar = {"ddim-25": {}, "ddpm-100": {"steps": 100, "eta": 1.0}}

    def __init__(
        self,
        space: genbench.Space,
        *,
        planes: Annotated[int, Range(1, 64, log=True)] = 3,
        halved: Annotated[int, Range(0, 4)] = 2,
        width: Annotated[int, Range(4, 512, log=True)] = 32,
        kl: Annotated[float, Range(1e-6, 1.0, log=True)] = 1e-3,
        prior_width: Annotated[int, Choice(8, 16, 24, 32, 48, 64, 96, 128)] = 48,
        prior_depth: Annotated[int, Range(1, 8)] = 4,
        dropout: Annotated[float, Range(0.0, 0.9)] = 0.1,
        share: Annotated[float, Range(0.05, 0.95)] = 0.25,
        lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 3e-3,
        batch: Annotated[int, Range(8, 1024, log=True)] = 64,
        epochs: Annotated[int, Range(1, 100_000, log=True)] = 120,
    ) -> None:
        if not space.is_image or space.levels is None or space.levels < 2:
            raise genbench.Unsuitable(f"latent-diffusion needs grey or colour images of 2 or more levels, got {space}")
        super().__init__()
        self.space, self.kl, self.share = space, kl, share
        self.lr, self.batch, self.epochs = lr, batch, epochs
        width, out = narrowed(width, space.shape), 1 + 2 * space.shape[0]
        self.encoder = encoder(space.shape, halved, width, 2 * planes, 0.0)
        self.decoder = decoder(space.shape, halved, width, planes, out, 0.0)
        size = map_sizes(space.shape, halved)[-1]
        self.prior = UNet(genbench.Space((planes, *size), None, space.classes), prior_width, prior_depth, dropout)
        self.register_buffer("mean", torch.zeros(planes, 1, 1))
        self.register_buffer("deviation", torch.ones(planes, 1, 1))

    @property
    def latent_dim(self) -> int:
        return self.prior.latent_dim

    def fit(self, data: genbench.TrainingData) -> None:
        """The autoencoder, then the law of its maps. What lies between may run again where a fit is taken up later."""
        most = min(data.images, self.epochs * len(data.train))
        if self.prior.classes and data.train.y is not None:
            self.prior.share.copy_(torch.bincount(data.train.y[:], minlength=self.prior.classes) / len(data.train))
        first = torch.optim.AdamW([*self.encoder.parameters(), *self.decoder.parameters()], self.lr, weight_decay=1e-4)
        second = torch.optim.AdamW(self.prior.parameters(), self.lr, weight_decay=1e-4)
        steps = (1 - self.share) * most / self.batch
        averaged = AveragedModel(self.prior, multi_avg_fn=get_ema_multi_avg_fn(1 - 1 / (1 + steps / 20)))
        data.checkpoint(model=self, first=first, second=second, averaged=averaged)
        told = {"most": most, "batch": self.batch, "lr": self.lr}
        for x, _ in stage(data, first, (0.0, self.share), **told):
            nats, kl = self.terms(x)
            step(first, (nats + self.kl * kl).mean() / self.space.dim)
            log(data, most, nats_per_dim=nats / self.space.dim, kl_nats=kl)
        self._standardise(data)
        for x, y in stage(data, second, (self.share, 1.0), **told):
            loss = self.loss(self.maps(x), self.prior.told(y, 0.0))
            step(second, loss)
            averaged.update_parameters(self.prior)
            log(data, most, loss=loss)
        self.prior.load_state_dict(averaged.module.state_dict())

    @torch.no_grad()
    def _standardise(self, data: genbench.TrainingData) -> None:
        """Take mean and deviation of each channel of z ~ q(z|x) over the training set: Var z = Var μ + E σ²."""
        told = [self.posterior(x) for x, _ in data.train.batches(self.batch, data.device)]
        mu, log_sigma = (torch.cat(parts) for parts in zip(*told, strict=True))
        self.mean.copy_(mu.mean((0, 2, 3)).view_as(self.mean))
        variance = mu.var((0, 2, 3)) + (2 * log_sigma).exp().mean((0, 2, 3))
        self.deviation.copy_(variance.sqrt().view_as(self.mean).clamp(min=1e-6))

    def terms(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """-log p(x|z) at one draw of z ~ q(z|x), and KL(q(z|x) | N(0, I)): nats, [N] each."""
        mu, log_sigma = self.posterior(x)
        z = mu + log_sigma.exp() * torch.randn_like(mu)
        kl = 0.5 * (mu.square() + (2 * log_sigma).exp() - 1 - 2 * log_sigma).flatten(1).sum(1)
        return -LogisticMixture(self.decoder(z), self.space).log_prob(x), kl

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """μ and log σ of q(z|x), [N, planes, h, w] each, of images int64 [N, C, H, W]."""
        mu, log_sigma = self.encoder(2 * x / (self.space.levels - 1) - 1).chunk(2, dim=1)
        return mu, log_sigma.clamp(-7, 3)

    @torch.no_grad()
    def maps(self, x: Tensor) -> Tensor:
        """Draws of z ~ q(z|x), shifted and scaled."""
        mu, log_sigma = self.posterior(x)
        return (mu + log_sigma.exp() * torch.randn_like(mu) - self.mean) / self.deviation

    def pixels(self, z: Tensor) -> Tensor:
        """The images that shifted and scaled maps stand for: float32 [N, C, H, W] in levels."""
        return LogisticMixture(self.decoder(self.mean + self.deviation * z), self.space).mean()

    def loss(self, z: Tensor, label: Tensor | None = None) -> Tensor:
        """The mean of |v - v(z_t, t, y)|² over entries.

        The times of a batch are evenly spaced from a random start: each is uniform, and the mean varies less.
        """
        t = (torch.arange(len(z), device=z.device) / len(z) + torch.rand(1, device=z.device)) % 1  # [N]
        return self.error(z, t, torch.randn_like(z), label).mean()

    def error(self, z: Tensor, t: Tensor, noise: Tensor, label: Tensor | None) -> Tensor:
        """The mean squared error of v at times t [N] of classes [N or 1]: [N]."""
        angle = math.pi / 2 * t.view(-1, 1, 1, 1)
        cos, sin = angle.cos(), angle.sin()
        v = cos * noise - sin * z
        return (v - self.prior(cos * z + sin * noise, t, label)).square().flatten(1).mean(1)

    def carried(
        self, z_t: Tensor, times: tuple[float, float], steps: int, label: Tensor | None, eta: float = 0.0
    ) -> Tensor:
        """Maps [N, planes, h, w] at the first time, carried to the second in even steps; with η = 0 in both directions.

        z_s = cos_s z_0 + √(sin_s² - σ²) ε + σ ε', with z_0 and ε as v implies them at t, and
        σ = η sin_s / sin_t √(1 - cos_t² / cos_s²), eq. 16.
        """
        spaced = torch.linspace(*times, steps + 1, dtype=torch.float64).tolist()
        for t, s in pairwise(spaced):
            cos_t, sin_t, cos_s, sin_s = (f(math.pi / 2 * at) for at in (t, s) for f in (math.cos, math.sin))
            v = self.prior(z_t, torch.full((1,), t, device=z_t.device), label)
            z_0, noise = cos_t * z_t - sin_t * v, sin_t * z_t + cos_t * v
            sigma = eta * sin_s / sin_t * math.sqrt(1 - (cos_t / cos_s) ** 2) if eta else 0.0
            z_t = cos_s * z_0 + math.sqrt(sin_s**2 - sigma**2) * noise
            if sigma:
                z_t = z_t + sigma * torch.randn_like(z_t)
        return z_t

    def sample(self, n: int, *, labels: Tensor | None = None, steps: int = STEPS, eta: float = 0.0) -> Tensor:
        """Draw n samples by DDIM in `steps` steps, with a share η of the noise of DDPM at each."""
        z, label = self.prior.parted(torch.randn(n, self.latent_dim, device=self.mean.device))
        z_0 = self.carried(z, (1.0, 0.0), steps, label if labels is None else labels, eta)
        return self.pixels(z_0).round().long()

    def encode(self, x: Tensor) -> Tensor:
        """DDIM from the mean of q(z|x) to noise, in the class under which v is told best at a few times."""
        z = (self.posterior(x)[0] - self.mean) / self.deviation
        label = self.prior.likeliest(z, torch.linspace(0, 1, LOOKS + 2, device=x.device)[1:-1], self.error)
        return self.prior.joined(self.carried(z, (0.0, 1.0), STEPS, label), label)

    def render(self, z: Tensor) -> Tensor:
        noise, label = self.prior.parted(z)
        return self.pixels(self.carried(noise, (1.0, 0.0), STEPS, label))


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this plugin."""
    return [LatentDiffusion]
