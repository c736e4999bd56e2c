"""The networks of a very deep variational autoencoder: up from an image to one place, and down in stochastic layers."""

import math
from typing import NamedTuple

import torch
from genbench_networks import Mix, Residual, halvings
from torch import Tensor, nn

LOWEST, HIGHEST = -5.0, 3.0  # bounds of every log σ


class Bottleneck(nn.Module):
    """1×1, 3×3 and 1×1 convolutions, half as wide inside: fig. 3 of Child, where images are large, has two of 3×3.

    At a single place all are 1×1.

    Args:
        before, after: channels in and out.
        scale: of the last convolution's weights at the start.
    """

    def __init__(self, before: int, after: int, size: tuple[int, int], dropout: float = 0.0, scale: float = 1.0):
        super().__init__()
        inside = max(4, min(before, after) // 2)
        self.f = nn.Sequential(
            *(nn.SiLU(), Mix(before, inside)),
            *(nn.SiLU(), Mix(inside, inside) if size == (1, 1) else nn.Conv2d(inside, inside, 3, padding=1)),
            *(nn.SiLU(), nn.Dropout2d(dropout), Mix(inside, after)),
        )
        with torch.no_grad():
            self.f[-1].weight.mul_(scale)
            self.f[-1].bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        """[N, before, H, W] → [N, after, H, W]."""
        return self.f(x)


def latent_sizes(shape: tuple[int, int, int]) -> list[tuple[int, int]]:
    """Where layers stand, from fine to coarse: sizes below that of images [C, H, W] (their own if small), one place."""
    return [*(halvings(shape)[1:] or [shape[1:]]), (1, 1)]


class BottomUp(nn.Module):
    """What the posteriors see of an image: features of each size, made without noise."""

    def __init__(self, shape: tuple[int, int, int], width: int, depth: int, dropout: float, scale: float) -> None:
        super().__init__()
        sizes = latent_sizes(shape)
        self.stem = nn.Conv2d(shape[0], width, 3, stride=1 if sizes[0] == shape[1:] else 2, padding=1)
        self.blocks = nn.ModuleList(
            nn.ModuleList(Bottleneck(width, width, size, dropout, scale) for _ in range(depth)) for size in sizes
        )
        self.whole = nn.Conv2d(width, width, sizes[-2])  # of all places at the smallest size but one

    def forward(self, x: Tensor) -> list[Tensor]:
        """Images [N, C, H, W] in [-1, 1] → [N, width, h, w] of each size, the single place first."""
        h, seen = self.stem(x), []
        for i, blocks in enumerate(self.blocks):
            if i == len(self.blocks) - 1:
                h = self.whole(h)
            elif i > 0:
                h = nn.functional.avg_pool2d(h, 2, ceil_mode=True)
            for block in blocks:
                h = h + block(h)
            seen.append(h)
        return seen[::-1]


class Said(NamedTuple):
    """What a layer says of its latents: their prior, their posterior where an image was seen, and a draw of these."""

    p: Tensor  # μ_p and log σ_p, [N, 2 planes, H, W]
    q: Tensor  # μ_q and log σ_q; those of p without an image
    z: Tensor  # [N, planes, H, W]

    def kl(self) -> Tensor:
        """KL(q || p) of the two Gaussians, [N] nats."""
        (mu_p, log_p), (mu_q, log_q) = parameters(self.p), parameters(self.q)
        square = (2 * (log_q - log_p)).exp() + ((mu_q - mu_p) * (-log_p).exp()).square()
        return (log_p - log_q + (square - 1) / 2).flatten(1).sum(1)

    def log_ratio(self) -> Tensor:
        """log p(z) - log q(z) at the draw, [N] nats."""
        return (log_normal(self.z, self.p) - log_normal(self.z, self.q)).flatten(1).sum(1)

    def standardised(self) -> Tensor:
        """(z - μ_p) / σ_p: standard normal under the prior, [N, planes H W]."""
        mu, log_sigma = parameters(self.p)
        return ((self.z - mu) * (-log_sigma).exp()).flatten(1)


def parameters(said: Tensor) -> tuple[Tensor, Tensor]:
    """μ and log σ of what was said of latents, [N, 2 planes, H, W]."""
    mu, log_sigma = said.chunk(2, dim=1)
    return mu, log_sigma.clamp(LOWEST, HIGHEST)


def log_normal(z: Tensor, said: Tensor) -> Tensor:
    """log N(z; μ, σ²) of each entry, nats."""
    mu, log_sigma = parameters(said)
    return -log_sigma - 0.5 * (((z - mu) * (-log_sigma).exp()).square() + math.log(2 * math.pi))


class Layer(nn.Module):
    """A stochastic layer, fig. 3 of Child: h tells a prior of z, h and the image a posterior; then z is added to h.

    Args:
        planes: latents at each place.
        scale: of the weights that add to h, so that h does not grow with the number of layers.
    """

    def __init__(self, width: int, planes: int, size: tuple[int, int], dropout: float, scale: float) -> None:
        super().__init__()
        self.planes, self.shape = planes, (planes, *size)
        self.prior = Bottleneck(width, 2 * planes + width, size, scale=0.0)  # N(0, I) at the start
        self.posterior = Bottleneck(2 * width, 2 * planes, size)
        self.enter = Mix(planes, width)
        self.residual = Bottleneck(width, width, size, dropout, scale)
        nn.init.normal_(self.enter.weight, std=scale / math.sqrt(planes))
        nn.init.zeros_(self.enter.bias)

    def forward(self, h: Tensor, e: Tensor, seen: Tensor | None) -> tuple[Tensor, Said]:
        """The next h [N, width, H, W], with z = μ + σ e of the posterior if there is one, else of the prior."""
        p, told = self.prior(h).split([2 * self.planes, h.shape[1]], dim=1)
        q = p if seen is None else self.posterior(torch.cat([h, seen], dim=1))
        mu, log_sigma = parameters(q)
        z = mu + log_sigma.exp() * e.view(-1, *self.shape)
        h = h + told + self.enter(z)
        return h + self.residual(h), Said(p, q, z)


class Descent(NamedTuple):
    """A way down: what each layer said, from coarse to fine, and what comes out for the pixels, [N, out, H, W]."""

    layers: list[Said]
    pixels: Tensor


class TopDown(nn.Module):
    """h begins at one place as the class's and ends as large as the image, through `depth` layers of each size.

    Args:
        shape: of the images, [C, H, W].
        width: channels everywhere.
        planes: latents at each place of a layer.
        out: channels that come out.
    """

    def __init__(
        self, shape: tuple[int, int, int], classes: int, width: int, planes: int, depth: int, out: int, dropout: float
    ) -> None:
        super().__init__()
        sizes = latent_sizes(shape)
        scale = 1 / math.sqrt(depth * len(sizes))
        self.encoder = BottomUp(shape, width, depth, dropout, scale)
        self.begin = nn.Embedding(classes, width)
        self.spread = nn.ConvTranspose2d(width, width, sizes[-2])  # from one place to all of the next size
        self.place = nn.ParameterList(torch.zeros(width, *size) for size in sizes[-2::-1])
        self.sizes = nn.ModuleList(
            nn.ModuleList(Layer(width, planes, size, dropout, scale) for _ in range(depth)) for size in sizes[::-1]
        )
        self.end = nn.Sequential(*self._enlarged(sizes[0], shape[1:], width, out, dropout))
        self.counts = [math.prod(layer.shape) for layers in self.sizes for layer in layers]

    @staticmethod
    def _enlarged(
        size: tuple[int, int], whole: tuple[int, int], width: int, out: int, dropout: float
    ) -> list[nn.Module]:
        """From the finest layers to the image's size, with half as many channels there."""
        if size == whole:
            return [nn.SiLU(), nn.Conv2d(width, out, 3, padding=1)]
        missing = tuple(1 - side % 2 for side in whole)
        larger, narrow = nn.ConvTranspose2d(width, width // 2, 3, 2, 1, output_padding=missing), width // 2
        return [nn.SiLU(), larger, Residual(narrow, dropout), nn.SiLU(), nn.Conv2d(narrow, out, 3, padding=1)]

    def forward(self, e: Tensor, y: Tensor, seen: list[Tensor] | None = None) -> Descent:
        """Go down for noise e [N, sum(counts)] and classes y [N]; `seen` is what the encoder saw of images."""
        noise, said = iter(e.split(self.counts, dim=1)), []
        h = self.begin(y)[:, :, None, None]
        for i, layers in enumerate(self.sizes):
            if i == 1:
                h = self.spread(h) + self.place[0]
            elif i > 1:
                h = nn.functional.interpolate(h, size=self.place[i - 1].shape[1:]) + self.place[i - 1]
            for layer in layers:
                h, told = layer(h, next(noise), None if seen is None else seen[i])
                said.append(told)
        return Descent(said, self.end(h))
