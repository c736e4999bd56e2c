"""The networks of the variational autoencoder: groups of latents from coarse to fine, and what guesses them."""

import math
from itertools import pairwise
from typing import NamedTuple

import torch
from genbench_networks import Residual, halvings
from torch import Tensor, nn


class Encoder(nn.Module):
    """What the posterior sees of an image: features at each size, from coarse to fine."""

    def __init__(self, channels: int, widths: list[int], dropout: float) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(channels, widths[0], 3, padding=1), Residual(widths[0], dropout))
        self.halves = nn.ModuleList(
            nn.Sequential(nn.SiLU(), nn.Conv2d(fine, coarse, 3, stride=2, padding=1), Residual(coarse, dropout))
            for fine, coarse in pairwise(widths)
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """Images [N, C, H, W] in [-1, 1] → [N, width, h, w] of the smallest size first."""
        seen = [self.stem(x)]
        for half in self.halves:
            seen.append(half(seen[-1]))
        return seen[::-1]


class Group(nn.Module):
    """Latents of one size: they enter the decoder's features, and a posterior is guessed from these and the image's.

    Args:
        size: height and width.
        width: channels of the features.
        planes: latents at each place; 0: there are none, and features go on as they are.
    """

    def __init__(self, size: tuple[int, int], width: int, planes: int, dropout: float) -> None:
        super().__init__()
        self.shape = (planes, *size)
        if planes:
            self.loudness = nn.Conv2d(width, planes, 1)
            self.merge = nn.Conv2d(planes, width, 3, padding=1)
            self.posterior = nn.Sequential(
                nn.SiLU(), nn.Conv2d(2 * width, width, 3, padding=1), nn.SiLU(), nn.Conv2d(width, 2 * planes, 1)
            )
            nn.init.zeros_(self.loudness.weight)
            nn.init.zeros_(self.loudness.bias)
        self.before, self.after = Residual(width, dropout), Residual(width, dropout)

    def entered(self, h: Tensor, z: Tensor) -> Tensor:
        """Features h [N, width, H, W] that z [N, planes H W] has entered, each as loud as h allows."""
        if not self.shape[0]:
            return self.after(h)
        return self.after(h + self.merge(self.loudness(h).clamp(-5, 3).exp() * z.view(-1, *self.shape)))

    def guessed(self, h: Tensor, seen: Tensor) -> Tensor:
        """μ and log σ of q(z | x, the latents before), [N, 2 planes H W], given h and what the encoder saw."""
        return self.posterior(torch.cat([h, seen], dim=1)).flatten(1) if self.shape[0] else h.new_zeros(len(h), 0)


class Ladder(nn.Module):
    """The decoder and its posterior: one vector of latents, then a group of them at each size but the image's own.

    Args:
        shape: of the images, [C, H, W].
        latent, planes: entries of the vector, latents at each place of a group.
        width: channels at full resolution; doubled at each halving.
        out: channels that come out.
    """

    def __init__(self, shape: tuple[int, int, int], latent: int, planes: int, width: int, out: int, dropout: float):
        super().__init__()
        sizes = halvings(shape)
        widths = [width * 2**i for i in range(len(sizes))]
        flat = widths[-1] * math.prod(sizes[-1])
        self.encoder = Encoder(shape[0], widths, dropout)
        self.posterior = nn.Sequential(nn.SiLU(), nn.Flatten(), nn.Dropout(dropout), nn.Linear(flat, 2 * latent))
        self.begin = nn.Sequential(nn.Linear(latent, flat), nn.Unflatten(1, (widths[-1], *sizes[-1])))
        self.groups, self.larger = nn.ModuleList(), nn.ModuleList()
        for (h, w), size, fine, coarse in zip(sizes[-2::-1], sizes[:0:-1], widths[-2::-1], widths[:0:-1], strict=True):
            self.groups.append(Group(size, coarse, planes, dropout))
            missing = (1 - h % 2, 1 - w % 2)
            self.larger.append(nn.ConvTranspose2d(coarse, fine, 3, 2, 1, output_padding=missing))
        self.end = nn.Sequential(Residual(width, dropout), nn.SiLU(), nn.Conv2d(width, out, 3, padding=1))
        self.counts = [latent, *[math.prod(group.shape) for group in self.groups]]

    def forward(self, z: Tensor) -> Tensor:
        """Latents [N, sum(counts)] → [N, out, H, W]."""
        first, *rest = z.split(self.counts, dim=1)
        h = self.begin(first)
        for group, larger, entry in zip(self.groups, self.larger, rest, strict=True):
            h = larger(nn.functional.silu(group.entered(group.before(h), entry)))
        return self.end(h)

    def inferred(self, x: Tensor, noise: Tensor) -> "Inferred":
        """What the posterior says of images [N, C, H, W] in [-1, 1], with z = μ + σ noise, group by group."""
        return self.inferred_from(self.encoder(x), noise)

    def inferred_from(self, seen: list[Tensor], noise: Tensor) -> "Inferred":
        """The same of what the encoder saw of the images."""
        first, *rest = noise.split(self.counts, dim=1)
        said = [self.posterior(seen[0])]
        z = [_drawn(said[0], first)]
        h = self.begin(z[0])
        for group, larger, entry, features in zip(self.groups, self.larger, rest, seen, strict=False):
            h = group.before(h)
            said.append(group.guessed(h, features))
            z.append(_drawn(said[-1], entry))
            h = larger(nn.functional.silu(group.entered(h, z[-1])))
        mu, log_sigma = (torch.cat(parts, dim=1) for parts in zip(*(_bounded(part) for part in said), strict=True))
        return Inferred(torch.cat(z, dim=1), mu, log_sigma, self.end(h))


class Inferred(NamedTuple):
    """A draw of the posterior, and what the decoder makes of it."""

    z: Tensor  # [N, latents]
    mu: Tensor  # [N, latents]
    log_sigma: Tensor  # [N, latents]
    pixels: Tensor  # [N, out, H, W]


def _bounded(said: Tensor) -> tuple[Tensor, Tensor]:
    """μ and log σ, [N, count] each, of what a posterior says [N, 2 count]."""
    mu, log_sigma = said.chunk(2, dim=1) if said.shape[1] else (said, said)
    return mu, log_sigma.clamp(-7, 3)


def _drawn(said: Tensor, noise: Tensor) -> Tensor:
    mu, log_sigma = _bounded(said)
    return mu + log_sigma.exp() * noise
