"""The variational autoencoder: a convolutional encoder and decoder, a mixture of discretised logistics per pixel."""

import math
from itertools import pairwise
from typing import Annotated, ClassVar

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

import genbench

CHECKS = 20  # looks at the bound of the validation split, spread evenly over the training
WARM_UP = 0.1  # share of the training over which the weight of the KL term grows from 0 to 1


class LogisticMixture:
    """p(x|z): at each pixel one of K logistics, rounded to the nearest level; the channels share the choice.

    The mass of level v is σ((v + ½ - m)/s) - σ((v - ½ - m)/s); the two outermost levels take the tails.

    Args:
        parameters: [N, K (1 + 2C), H, W], the decoder's output: K logits, then K C means, then K C log-scales.
        space: where x lives.
    Source: Salimans et al. 2017, eq. 2, https://arxiv.org/abs/1701.05517, without its autoregression
    """

    def __init__(self, parameters: Tensor, space: genbench.Space) -> None:
        c, h, w = space.shape
        k = parameters.shape[1] // (1 + 2 * c)
        logits, rest = parameters.split([k, 2 * k * c], dim=1)
        m, log_s = rest.view(-1, 2, k, c, h, w).unbind(1)  # [N, K, C, H, W] each
        self.top = space.levels - 1
        self.log_weight = logits.log_softmax(1)  # [N, K, H, W]
        self.m = (m + 1) / 2 * self.top
        self.log_s = log_s.clamp(-7, 3) + math.log(space.levels / 4)

    def log_prob(self, x: Tensor) -> Tensor:
        """int64 [N, C, H, W] → [N] nats, by σ(a) - σ(b) = σ(a) σ(-b) (1 - e^(b-a)), which loses no digits."""
        x, rate = x.unsqueeze(1), (-self.log_s).exp()
        below = nn.functional.logsigmoid((x + 0.5 - self.m) * rate)
        above = nn.functional.logsigmoid((self.m - x + 0.5) * rate)
        inside = below + above + torch.log(-torch.expm1(-rate))
        log_mass = torch.where(x == 0, below, torch.where(x == self.top, above, inside))
        return (self.log_weight + log_mass.sum(2)).logsumexp(1).sum((1, 2))

    def sample(self) -> Tensor:
        """int64 [N, C, H, W], one draw: choose a logistic, invert its distribution function, round."""
        choice = torch.distributions.Categorical(logits=self.log_weight.movedim(1, -1)).sample()  # [N, H, W]
        index = choice[:, None, None].expand(-1, 1, self.m.shape[2], -1, -1)
        m, s = self.m.gather(1, index).squeeze(1), self.log_s.gather(1, index).squeeze(1).exp()
        u = torch.rand_like(m)
        return self.rounded(m + s * (u.log() - torch.log1p(-u)))

    def mean(self) -> Tensor:
        """float32 [N, C, H, W] in [0, levels - 1]: the mixture's mean, each logistic's taken at its centre inside."""
        return (self.log_weight.exp().unsqueeze(2) * self.m.clamp(0, self.top)).sum(1)

    def rounded(self, x: Tensor) -> Tensor:
        """The levels nearest to x, int64."""
        return x.clamp(0, self.top).round().long()


class Residual(nn.Module):
    """x + f(x) with f of two convolutions, 3×3 and 1×1."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = nn.Conv2d(width, width, 3, padding=1)
        self.f = nn.Sequential(nn.SiLU(), inner, nn.SiLU(), nn.Conv2d(width, width, 1))

    def forward(self, x: Tensor) -> Tensor:
        """[N, width, H, W] → the same shape."""
        return x + self.f(x)


def halvings(shape: tuple[int, int, int]) -> list[tuple[int, int]]:
    """Heights and widths from the image's own down, halved and rounded up, until a side is below 8."""
    sizes = [shape[1:]]
    while min(sizes[-1]) >= 8:
        h, w = sizes[-1]
        sizes.append(((h + 1) // 2, (w + 1) // 2))
    return sizes


def encoder(shape: tuple[int, int, int], width: int, hidden: int, out: int, dropout: float) -> nn.Sequential:
    """Images [N, C, H, W] → [N, out]: residual stages, each half the size of the one before, then two layers."""
    sizes = halvings(shape)
    widths = [width * 2**i for i in range(len(sizes))]
    layers: list[nn.Module] = [nn.Conv2d(shape[0], width, 3, padding=1)]
    for fine, coarse in pairwise(widths):
        layers += [nn.SiLU(), nn.Conv2d(fine, coarse, 3, stride=2, padding=1), Residual(coarse)]
    flat = widths[-1] * math.prod(sizes[-1])
    layers += [nn.SiLU(), nn.Flatten(), nn.Dropout(dropout), nn.Linear(flat, hidden)]
    return nn.Sequential(*layers, nn.SiLU(), nn.Linear(hidden, out))


def decoder(
    shape: tuple[int, int, int], width: int, hidden: int, latent: int, out: int, dropout: float
) -> nn.Sequential:
    """z [N, latent] → [N, out, H, W]: the encoder's way back, with a transposed convolution to each larger size."""
    sizes = halvings(shape)
    widths = [width * 2**i for i in range(len(sizes))]
    flat = widths[-1] * math.prod(sizes[-1])
    layers: list[nn.Module] = [nn.Linear(latent, hidden), nn.SiLU(), nn.Dropout(dropout), nn.Linear(hidden, flat)]
    layers += [nn.Unflatten(1, (widths[-1], *sizes[-1]))]
    for (h, w), coarse, fine in zip(sizes[-2::-1], widths[:0:-1], widths[-2::-1], strict=True):
        missing = (1 - h % 2, 1 - w % 2)
        layers += [Residual(coarse), nn.SiLU(), nn.ConvTranspose2d(coarse, fine, 3, 2, 1, output_padding=missing)]
    return nn.Sequential(*layers, nn.SiLU(), nn.Conv2d(width, out, 3, padding=1))


class VAE(genbench.Model, genbench.Density, genbench.Latent):
    """p(x) = ∫ p(x|z) N(z; 0, I) dz, with the posterior approximated by q(z|x) = N(z; μ(x), σ²(x) I).

    `log_prob` is the evidence lower bound in nats of the integer image, its expectation over q averaged over `draws`
    (the L of eq. 10): the average, too, is a bound in expectation. The KL term is warmed up (Sønderby et al. 2016,
    https://arxiv.org/abs/1602.02282), and the weights of the best validation bound are kept.

    The sampler `ancestral` draws z, then x from p(x|z): the law that the bound describes, with the pixels' own
    noise. The sampler `mean` shows the mean of p(x|z) instead.

    Args:
        space: images of at least 2×2 pixels with integer levels.
        latent: entries of z.
        width: channels at full resolution; doubled at each halving.
        hidden: width of the layers next to z.
        mixtures: logistics a pixel.
        dropout: before the encoder's first and the decoder's second linear layer, in training.
        draws: of z, in `log_prob`.
        lr: Adam's learning rate at the start; it falls to 0 along a cosine.
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
    audit_settings: ClassVar = {"latent": 2, "width": 16, "hidden": 32, "draws": 64}

    def __init__(
        self,
        space: genbench.Space,
        *,
        latent: Annotated[int, genbench.Range(1, 1024, log=True)] = 16,
        width: Annotated[int, genbench.Range(4, 512, log=True)] = 32,
        hidden: Annotated[int, genbench.Range(4, 4096, log=True)] = 256,
        mixtures: Annotated[int, genbench.Range(1, 64)] = 4,
        dropout: Annotated[float, genbench.Range(0, 0.9)] = 0.2,
        draws: Annotated[int, genbench.Range(1, 4096, log=True)] = 16,
        lr: Annotated[float, genbench.Range(1e-5, 1e-1, log=True)] = 2e-3,
        batch: Annotated[int, genbench.Range(1, 4096, log=True)] = 128,
        epochs: Annotated[int, genbench.Range(1, 100_000, log=True)] = 120,
    ) -> None:
        if not space.is_image or min(space.shape[1:]) < 2 or space.levels in (None, 1):
            raise genbench.Unsuitable(f"needs images of at least 2×2 pixels with two or more levels, got {space}")
        super().__init__()
        self.space, self.latent, self.draws, self.lr, self.batch, self.epochs = space, latent, draws, lr, batch, epochs
        self.encoder = encoder(space.shape, width, hidden, 2 * latent, dropout)
        self.decoder = decoder(space.shape, width, hidden, latent, mixtures * (1 + 2 * space.shape[0]), dropout)

    @property
    def likelihood(self) -> genbench.Likelihood:
        return genbench.Likelihood.LOWER_BOUND

    @property
    def latent_dim(self) -> int:
        return self.latent

    def fit(self, data: genbench.TrainingData) -> None:
        most = min(data.images, self.epochs * len(data.train))
        optimiser = torch.optim.Adam(self.parameters(), self.lr)
        schedule = LambdaLR(optimiser, lambda _: math.cos(math.pi / 2 * data.progress_to(most)))
        best = genbench.BestWeights(self)
        data.checkpoint(model=self, optimiser=optimiser, schedule=schedule, best=best)
        for x, _ in data.batches(self.batch, most=most):
            reconstruction, kl = self._terms(x)
            loss = (min(1, data.progress_to(most) / WARM_UP) * kl - reconstruction).mean() / self.space.dim
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.parameters(), 5.0)
            optimiser.step()
            schedule.step()
            if data.progress_to(most) * CHECKS >= len(data.curve) + 1:
                valid = self._validated(data)
                best.offer(valid)
                data.log(nats_per_dim=loss.item(), valid_nats_per_dim=valid, kl_nats=kl.mean().item())
        best.restore()

    @torch.no_grad()
    def _validated(self, data: genbench.TrainingData) -> float:
        self.eval()
        nats = torch.cat([self._bound(x) for x, _ in data.valid.batches(self.batch, data.device)])
        self.train()
        return -nats.mean().item() / self.space.dim

    def _terms(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """log p(x|z) at one draw of z ~ q(z|x), and KL(q(z|x) | p(z)) by appendix B; nats, [N] each."""
        mu, log_sigma = self._posterior(x)
        z = mu + log_sigma.exp() * torch.randn_like(mu)
        kl = 0.5 * (mu.square() + (2 * log_sigma).exp() - 1 - 2 * log_sigma).sum(1)
        return LogisticMixture(self.decoder(z), self.space).log_prob(x), kl

    def _posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """μ and log σ of q(z|x), [N, latent] each."""
        mu, log_sigma = self.encoder(2 * x / (self.space.levels - 1) - 1).chunk(2, dim=1)
        return mu, log_sigma.clamp(-7, 3)

    def _bound(self, x: Tensor) -> Tensor:
        reconstruction, kl = self._terms(x)
        return reconstruction - kl

    def log_prob(self, x: Tensor) -> Tensor:
        return torch.stack([self._bound(x) for _ in range(self.draws)]).mean(0)

    def sample(self, n: int, *, labels: Tensor | None = None, noise: bool = True) -> Tensor:
        z = torch.randn(n, self.latent, device=self.decoder[0].weight.device)
        pixels = LogisticMixture(self.decoder(z), self.space)
        return pixels.sample() if noise else pixels.rounded(pixels.mean())

    def encode(self, x: Tensor) -> Tensor:
        return self._posterior(x)[0]

    def render(self, z: Tensor) -> Tensor:
        return LogisticMixture(self.decoder(z), self.space).mean()


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this plugin."""
    return [VAE]
