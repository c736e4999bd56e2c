"""The variational autoencoder: latents from coarse to fine, a mixture of discretised logistics per pixel."""

import math
from typing import Annotated, ClassVar

import torch
from genbench_ladder import Ladder
from genbench_networks import ClassGaussians, LogisticMixture, labels_of, narrowed, spared
from genbench_training import cosine, descend
from torch import Tensor

import genbench

WARM_UP = 0.1  # share of the training over which the weight of the KL term grows from 0
CODES = 10_000  # draws of z at least to which the prior is fitted, as many for each training image


class VAE(genbench.Model, genbench.ConditionalDensity, genbench.Latent, genbench.Conditional):
    """An image x is drawn from latents z, and an encoder guesses the z of an image, in groups from coarse to fine.

        p(x) = Σ_y p(y) ∫ p(x|z) p(z|y) dz        q(z|x) = ∏_g N(z_g; μ_g(x, z_<g), diag σ_g²(x, z_<g))

    Training maximises E_q log p(x|z) - β KL(q(z|x) | N(0, I)): eq. 3, which is the evidence lower bound at β = 1. At
    another weight (Higgins et al. 2017, https://openreview.net/forum?id=Sy2fzU9gl) it is no bound; β grows from 0 at
    first, and the decoder sees z_g scaled by what the groups before it say. Groups that share one way down, and that
    warm-up, are of Sønderby et al. 2016, https://arxiv.org/abs/1602.02282, whose prior depends on z_<g as well. What
    the posterior makes of the training set is no N(0, I): p(z|y) is fitted to it, a Gaussian for each class (Ghosh et
    al. 2020, sec. 4, https://arxiv.org/abs/1903.12436). The plain autoencoder of the source is planes=0, beta=1,
    prior=standard: one vector z, the evidence lower bound, p(z|y) = N(0, I). Where the Space has no classes, all images
    are of one. With several `particles` what is trained is the importance-weighted bound of as many draws of z, log 1/K
    Σ_k p(x|z_k) (p(z_k) / q(z_k|x))^β: it asks less of the posterior, whose gradient it also makes noisier (Rainforth
    et al. 2018, https://arxiv.org/abs/1802.04537). The weights kept, for samples and bound alike, are an average over
    the late training steps.

    `log_prob` is the importance-weighted bound of `draws` draws of z, in nats of the integer image: log 1/K Σ_k
    p(x|z_k) p(z_k) / q(z_k|x), which lies between the evidence lower bound and log p(x) in expectation (Burda et al.
    2016, https://arxiv.org/abs/1509.00519). The sampler `ancestral` draws z, then x from p(x|z): the law that is
    bounded, with the pixels' own noise. The sampler `mean` shows the mean of p(x|z) instead. NFE 1. Pixels are
    independent given z: what z does not say becomes noise of single pixels in `ancestral`, and a blur in `mean`.

    Args:
        space: images of at least 2×2 pixels with integer levels.
        latent: entries of the first group, a vector.
        planes: latents at each place of the others, one for each size of features below the image's own; 0: no others.
        width: channels at full resolution, fewer where images have more than 8×8 pixels; doubled at each halving.
        mixtures: logistics a pixel.
        dropout: of channels in the residual blocks, in training, less where images are seldom seen twice.
        prior: p(z|y), "fitted" after training, or "standard", N(0, I), by which a draw knows nothing of its class.
        beta: the weight of the KL term in training; below 1 codes say more and pixels are surer.
        particles: draws of z for each training image; 1: the evidence lower bound, its KL term in closed form.
        draws: of z, in `log_prob`.
        lr: AdamW's learning rate at the start; it falls to 0 along a cosine.
        batch: images a step.
        epochs: passes over the training set at most, within the budget: more of them only learn few images by heart.
    Raises:
        Unsuitable: no image, a side below 2, or no integer levels.
    """

    name = "vae"
    family = genbench.Family.VAE
    source = "Kingma and Welling 2013, https://arxiv.org/abs/1312.6114"
    samplers: ClassVar = {"ancestral": {}, "mean": {"noise": False}}
    described_sampler = "ancestral"
    audit_settings: ClassVar = {"latent": 2, "width": 16, "draws": 64}

    def __init__(
        self,
        space: genbench.Space,
        *,
        latent: Annotated[int, genbench.Range(1, 1024, log=True)] = 16,
        planes: Annotated[int, genbench.Choice(0, 1, 2, 4, 8, 16, 32, 64)] = 4,
        width: Annotated[int, genbench.Range(4, 512, log=True)] = 32,
        mixtures: Annotated[int, genbench.Range(1, 64)] = 4,
        dropout: Annotated[float, genbench.Range(0, 0.9)] = 0.1,
        prior: Annotated[str, genbench.Choice("fitted", "standard")] = "fitted",
        beta: Annotated[float, genbench.Range(1e-3, 10, log=True)] = 0.3,
        particles: Annotated[int, genbench.Range(1, 64, log=True)] = 1,
        draws: Annotated[int, genbench.Range(1, 4096, log=True)] = 16,
        lr: Annotated[float, genbench.Range(1e-5, 1e-1, log=True)] = 2e-3,
        batch: Annotated[int, genbench.Range(1, 4096, log=True)] = 64,
        epochs: Annotated[int, genbench.Range(1, 100_000, log=True)] = 60,
    ) -> None:
        if not space.is_image or min(space.shape[1:]) < 2 or space.levels in (None, 1):
            raise genbench.Unsuitable(f"needs images of at least 2×2 pixels with two or more levels, got {space}")
        super().__init__()
        self.space, self.beta, self.fitted = space, beta, prior == "fitted"
        self.particles, self.draws = particles, draws
        self.lr, self.batch, self.epochs = lr, batch, epochs
        out, width = mixtures * (1 + 2 * space.shape[0]), narrowed(width, space.shape)
        self.net = Ladder(space.shape, latent, planes, width, out, dropout)
        self.prior = ClassGaussians(space.classes or 1, sum(self.net.counts))

    @property
    def likelihood(self) -> genbench.Likelihood:
        return genbench.Likelihood.LOWER_BOUND

    @property
    def latent_dim(self) -> int:
        return self.prior.latent_dim

    def fit(self, data: genbench.TrainingData) -> None:
        spared(self, min(data.images / len(data.train), self.epochs))
        told = {"lr": self.lr, "batch": self.batch, "epochs": self.epochs, "schedule": cosine(0.02), "decay": 1e-2}
        descend(self, data, self.loss, **told, clip=5.0, looks=20, nats=VAE.bound)
        if self.fitted:
            self._fit_prior(data)
        elif data.train.y is not None:
            self.prior.share.copy_(torch.bincount(data.train.y[:], minlength=len(self.prior.share)) / len(data.train))

    @torch.no_grad()
    def _fit_prior(self, data: genbench.TrainingData) -> None:
        """Replace N(0, I) by a Gaussian for each class, fitted to draws of the posterior."""
        self.eval()
        z, labels, repeats = [], [], -(-CODES // len(data.train))
        for x, y in data.train.batches(self.batch, data.device):
            scaled, label = self._scaled(x), labels_of(x, y).cpu()
            z += [self.net.inferred(scaled, self._noise(x)).z.cpu() for _ in range(repeats)]
            labels += [label] * repeats
        self.prior.fit(torch.cat(z), torch.cat(labels))
        self.train()

    def loss(self, x: Tensor, _: Tensor | None, spent: float) -> dict[str, Tensor]:
        """What is minimised, in nats per dimension, the negative bound where β = 1; and its KL term in nats."""
        bound, kl = self.bounded(x, self.beta * min(1, spent / WARM_UP))
        return {"nats_per_dim": -bound.mean() / self.space.dim, "kl_nats": kl.mean()}

    def bound(self, x: Tensor, _: Tensor) -> Tensor:
        """The evidence lower bound at one draw of z, in nats [N], for N(0, I) as prior."""
        reconstruction, kl = self._terms(x)
        return reconstruction - kl

    def bounded(self, x: Tensor, beta: float) -> tuple[Tensor, Tensor]:
        """What is maximised at a weight β of the KL term, and that term: nats, [N] each, for N(0, I) as prior."""
        if self.particles == 1:
            reconstruction, kl = self._terms(x)
            return reconstruction - beta * kl, kl
        seen, reconstructions, kls = self.net.encoder(self._scaled(x)), [], []
        for _ in range(self.particles):
            z, reconstruction, posterior = self._draw(x, seen)
            reconstructions.append(reconstruction)
            kls.append(posterior + 0.5 * (z.square() + math.log(2 * math.pi)).sum(1))
        log_w = torch.stack(reconstructions) - beta * torch.stack(kls)  # [K, N]
        return log_w.logsumexp(0) - math.log(self.particles), torch.stack(kls).mean(0)

    def _terms(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """log p(x|z) at one draw of z ~ q(z|x), and Σ KL(q(z_g|x, z_<g) | p(z_g)) by appendix B; nats, [N] each."""
        found = self.net.inferred(self._scaled(x), self._noise(x))
        kl = 0.5 * (found.mu.square() + (2 * found.log_sigma).exp() - 1 - 2 * found.log_sigma).sum(1)
        return LogisticMixture(found.pixels, self.space).log_prob(x), kl

    def _scaled(self, x: Tensor) -> Tensor:
        """Integers in [0, levels) → float32 in [-1, 1]."""
        return 2 * x / (self.space.levels - 1) - 1

    def _noise(self, x: Tensor) -> Tensor:
        return torch.randn(len(x), sum(self.net.counts), device=x.device)

    def _draw(self, x: Tensor, seen: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """z ~ q(z|x) [N, latents], log p(x|z) and log q(z|x), [N] nats each, given what the encoder saw of x."""
        noise = self._noise(x)
        found = self.net.inferred_from(seen, noise)
        posterior = -(found.log_sigma + 0.5 * (noise.square() + math.log(2 * math.pi))).sum(1)
        return found.z, LogisticMixture(found.pixels, self.space).log_prob(x), posterior

    def _weight(self, x: Tensor, seen: list[Tensor], y: Tensor | None) -> Tensor:
        """log p(x|z) p(z|y) / q(z|x) at one draw of z ~ q(z|x), [N] nats, given what the encoder saw of x."""
        z, reconstruction, posterior = self._draw(x, seen)
        prior = self.prior.joint(z).logsumexp(1) if y is None else self.prior.log_prob(z, y)
        return reconstruction + prior - posterior

    @property
    def class_prior(self) -> Tensor:
        return self.prior.share

    def log_prob(self, x: Tensor, *, labels: Tensor | None = None) -> Tensor:
        seen = self.net.encoder(self._scaled(x))
        weights = torch.stack([self._weight(x, seen, labels) for _ in range(self.draws)])
        return weights.logsumexp(0) - math.log(self.draws)

    def sample(self, n: int, *, labels: Tensor | None = None, noise: bool = True) -> Tensor:
        pixels = self._pixels(self.prior.inverse(*self.prior.drawn(n, labels)))
        return pixels.sample() if noise else pixels.rounded(pixels.mean())

    def _pixels(self, z: Tensor) -> LogisticMixture:
        return LogisticMixture(self.net(z), self.space)

    def encode(self, x: Tensor) -> Tensor:
        """The mean of each group, given the means of those before, as a latent vector of its most probable class."""
        z = self.net.inferred(self._scaled(x), torch.zeros_like(self._noise(x))).z
        label = self.prior.joint(z).argmax(1)
        return self.prior.joined(self.prior(z, label)[0], label)

    def render(self, z: Tensor) -> Tensor:
        return self._pixels(self.prior.inverse(*self.prior.parted(z))).mean()


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this plugin."""
    return [VAE]
