"""The hierarchical variational autoencoder: many layers of latents from coarse to fine, each with a learned prior."""

import math
from typing import Annotated, ClassVar

import torch
from genbench_networks import LogisticMixture, class_of, labels_of, narrowed, normals_of, spared
from genbench_topdown import TopDown
from genbench_training import cosine, descend
from torch import Tensor

import genbench
from genbench import Range

WARM_UP = 0.1  # share of the training over which the weight of the KL terms grows from 0


class HierarchicalVAE(genbench.Model, genbench.ConditionalDensity, genbench.Latent, genbench.Conditional):
    """p(x, z|y) = p(x|z, y) ∏_l p(z_l | z_<l, y); q(z|x, y) = ∏_l q(z_l | z_<l, x, y) goes the same way, from z_1 down.

    Maximised is log p(x|z, y) - β Σ_l KL(q(z_l | z_<l, x, y) | p(z_l | z_<l, y)) at one draw of z, Gaussians all; β is
    warmed up. Layers l = 1 … L stand at one place and at each size below the image's own. Prior and posterior of a
    layer share the way down (Sønderby et al. 2016, sec. 2.2 and 2.3, https://arxiv.org/abs/1602.02282), and a layer
    adds to it what its prior and its z say (Child, sec. 3). p(x|z, y) is a mixture of discretised logistics at each
    pixel. The class is where the way down begins, so that all below it know it. The weights are an average over the
    late training steps.

    `log_prob` is a bound: of the class y whose bound at one draw, with log p(y), is the highest, by `draws` draws of z,
    log p(y) + log 1/K Σ_k p(x, z_k|y) / q(z_k|x, y) (Burda et al. 2016, https://arxiv.org/abs/1509.00519).

    Each sampler asks every network once: NFE 1. `ancestral` draws z, then x from p(x|z, y): the law that is bounded.
    `mean` shows the mean of p(x|z, y) instead; `cool` does so with all σ of the priors times 0.85, which trades variety
    for clean images (Child, sec. 4). A latent vector is ε in z_l = μ_p + σ_p ε_l, and a normal for each class.

    Learned priors want many images. Where they are few, β = 1 gives the best bound, by leaving most latents unused and
    images to the noise of their pixels; a smaller β gives better samples. Kept are the late weights, though the bound
    of the validation split may be best earlier.

    Args:
        space: images with integer levels.
        width: channels at all sizes, fewer where images have more than 8×8 pixels.
        depth: stochastic layers at each size: L is twice as many for 8×8 pixels, four times for 32×32.
        planes: latents at each place of a layer.
        mixtures: logistics a pixel.
        dropout: of channels in the residual blocks, in training; less where images are seldom seen twice.
        beta: the weight of the KL terms in training; 1: the evidence lower bound, by which few images tell z little.
        draws: of z, in `log_prob`.
        lr: AdamW's learning rate at the start; it falls to 0 along a cosine.
        batch: images a step.
        epochs: passes over the training set at most, within the budget: more of them only learn few images by heart.
    Raises:
        Unsuitable: no image, or fewer than 2 levels.
    """

    name = "hierarchical-vae"
    family = genbench.Family.VAE
    source = "Child 2021, https://arxiv.org/abs/2011.10650"
    samplers: ClassVar = {"ancestral": {}, "mean": {"noise": False}, "cool": {"noise": False, "temperature": 0.85}}
    described_sampler = "ancestral"
    likelihood = genbench.Likelihood.LOWER_BOUND
    audit_settings: ClassVar = {"width": 16, "depth": 1, "draws": 64}

    def __init__(
        self,
        space: genbench.Space,
        *,
        width: Annotated[int, Range(4, 512, log=True)] = 48,
        depth: Annotated[int, Range(1, 32, log=True)] = 2,
        planes: Annotated[int, Range(1, 64, log=True)] = 4,
        mixtures: Annotated[int, Range(1, 64)] = 4,
        dropout: Annotated[float, Range(0, 0.9)] = 0.1,
        beta: Annotated[float, Range(1e-3, 10, log=True)] = 0.3,
        draws: Annotated[int, Range(1, 4096, log=True)] = 16,
        lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 3e-3,
        batch: Annotated[int, Range(1, 4096, log=True)] = 64,
        epochs: Annotated[int, Range(1, 100_000, log=True)] = 80,
    ) -> None:
        if not space.is_image or space.levels is None or space.levels < 2:
            raise genbench.Unsuitable(f"hierarchical-vae needs grey or colour images of 2 or more levels, got {space}")
        super().__init__()
        self.space, self.beta, self.draws, self.lr, self.batch, self.epochs = space, beta, draws, lr, batch, epochs
        classes, out = space.classes or 1, mixtures * (1 + 2 * space.shape[0])
        self.net = TopDown(space.shape, classes, narrowed(width, space.shape), planes, depth, out, dropout)
        self.register_buffer("share", torch.full((classes,), 1 / classes))  # p(y)

    @property
    def latents(self) -> int:
        """Entries of z, over all layers."""
        return sum(self.net.counts)

    @property
    def latent_dim(self) -> int:
        return self.latents + (len(self.share) if len(self.share) > 1 else 0)

    def fit(self, data: genbench.TrainingData) -> None:
        spared(self, min(data.images / len(data.train), self.epochs))
        if data.train.y is not None:
            self.share.copy_(torch.bincount(data.train.y[:], minlength=len(self.share)) / len(data.train))
        told = {"lr": self.lr, "batch": self.batch, "epochs": self.epochs, "schedule": cosine(0.02), "decay": 1e-2}
        descend(self, data, self.loss, **told, looks=20, nats=HierarchicalVAE.bound)

    def loss(self, x: Tensor, y: Tensor | None, spent: float) -> dict[str, Tensor]:
        """What is minimised, in nats per dimension, the negative bound where β = 1; and its KL terms in nats."""
        terms = self.bound_terms(x, labels_of(x, y))
        kl, beta = terms[:, 1:].sum(1), self.beta * min(1, spent / WARM_UP)
        return {"nats_per_dim": (terms[:, 0] + beta * kl).mean() / self.space.dim, "kl_nats": kl.mean()}

    def bound(self, x: Tensor, y: Tensor) -> Tensor:
        """The evidence lower bound given classes [N] at one draw of z, in nats [N]."""
        return -self.bound_terms(x, y).sum(1)

    def bound_terms(self, x: Tensor, y: Tensor) -> Tensor:
        """-log p(x|z, y), KL_1, …, KL_L of int64 [N, C, H, W] of classes [N], at one draw of z: [N, 1 + L] nats."""
        found = self.net(self._noise(x), y, self.net.encoder(self._scaled(x)))
        told = -LogisticMixture(found.pixels, self.space).log_prob(x)
        return torch.stack([told, *[layer.kl() for layer in found.layers]], dim=1)

    def _scaled(self, x: Tensor) -> Tensor:
        """Integers in [0, levels) → float32 in [-1, 1]."""
        return 2 * x / (self.space.levels - 1) - 1

    def _noise(self, x: Tensor) -> Tensor:
        return torch.randn(len(x), self.latents, device=x.device)

    def weight(self, x: Tensor, y: Tensor, seen: list[Tensor]) -> Tensor:
        """log p(x, z|y) / q(z|x, y) at one draw of z, [N] nats, given what the encoder saw of x."""
        found = self.net(self._noise(x), y, seen)
        ratio = torch.stack([layer.log_ratio() for layer in found.layers]).sum(0)
        return LogisticMixture(found.pixels, self.space).log_prob(x) + ratio

    def likeliest(self, x: Tensor, seen: list[Tensor]) -> Tensor:
        """The class of each image under which its weight at one draw, times p(y), is the largest: [N]."""
        every = torch.arange(len(self.share), device=x.device)
        if len(every) == 1:
            return every.expand(len(x))
        nats = torch.stack([self.weight(x, y.expand(len(x)), seen) for y in every], dim=1)
        return (nats + self.share.log()).argmax(1)

    @property
    def class_prior(self) -> Tensor:
        return self.share

    def log_prob(self, x: Tensor, *, labels: Tensor | None = None) -> Tensor:
        seen = self.net.encoder(self._scaled(x))
        y = self.likeliest(x, seen) if labels is None else labels
        nats = torch.stack([self.weight(x, y, seen) for _ in range(self.draws)]).logsumexp(0) - math.log(self.draws)
        return nats + self.share[y].log() if labels is None else nats

    def sample(self, n: int, *, labels: Tensor | None = None, noise: bool = True, temperature: float = 1.0) -> Tensor:
        """Draw z with all σ of the priors times `temperature`, then x, or without noise the mean of p(x|z, y)."""
        e, y = self._parted(torch.randn(n, self.latent_dim, device=self.share.device))
        pixels = LogisticMixture(self.net(temperature * e, y if labels is None else labels).pixels, self.space)
        return pixels.sample() if noise else pixels.rounded(pixels.mean())

    def _parted(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """ε [N, latents] and the classes [N] of latent vectors."""
        e, g = latent.split([self.latents, latent.shape[1] - self.latents], dim=1)
        return e, class_of(g, self.share) if g.shape[1] else labels_of(e, None)

    def encode(self, x: Tensor) -> Tensor:
        """The mean of each layer given the means of those above, as ε, in the most probable class."""
        seen = self.net.encoder(self._scaled(x))
        y = self.likeliest(x, seen)
        found = self.net(torch.zeros_like(self._noise(x)), y, seen)
        e = torch.cat([layer.standardised() for layer in found.layers], dim=1)
        return e if len(self.share) == 1 else torch.cat([e, normals_of(y, len(self.share))], dim=1)

    def render(self, z: Tensor) -> Tensor:
        return LogisticMixture(self.net(*self._parted(z)).pixels, self.space).mean()


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this plugin."""
    return [HierarchicalVAE]
