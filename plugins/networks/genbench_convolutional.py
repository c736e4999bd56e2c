"""Convolutional networks from images to a smaller map and back: the two halves of an autoencoder that keeps places."""

from itertools import pairwise

from genbench_networks import Mix, Residual, halvings
from torch import nn


def map_sizes(shape: tuple[int, int, int], halved: int) -> list[tuple[int, int]]:
    """Heights and widths from an image's own, [C, H, W], down to its map's: halved so often, or less if it is small."""
    return halvings(shape)[: halved + 1]


def encoder(shape: tuple[int, int, int], halved: int, width: int, out: int, dropout: float) -> nn.Sequential:
    """Images [N, C, H, W] → maps [N, out, h, w]: strided convolutions, then two residual blocks.

    Args:
        shape: of the images.
        halved: how often they are halved.
        width: channels at full size; doubled at each halving.
    """
    widths = [width * 2**i for i in range(len(map_sizes(shape, halved)))]
    layers: list[nn.Module] = [nn.Conv2d(shape[0], widths[0], 3, padding=1)]
    for fine, coarse in pairwise(widths):
        layers += [nn.SiLU(), nn.Conv2d(fine, coarse, 3, stride=2, padding=1)]
    last = widths[-1]
    return nn.Sequential(*layers, Residual(last, dropout), Residual(last, dropout), nn.SiLU(), Mix(last, out))


def decoder(
    shape: tuple[int, int, int], halved: int, width: int, inputs: int, out: int, dropout: float
) -> nn.Sequential:
    """Maps [N, inputs, h, w] → [N, out, H, W]: two residual blocks, then transposed convolutions and a block each."""
    sizes = map_sizes(shape, halved)
    widths = [width * 2**i for i in range(len(sizes))][::-1]
    layers: list[nn.Module] = [nn.Conv2d(inputs, widths[0], 3, padding=1)]
    layers += [Residual(widths[0], dropout), Residual(widths[0], dropout)]
    for (h, w), (coarse, fine) in zip(sizes[-2::-1], pairwise(widths), strict=True):
        missing = (1 - h % 2, 1 - w % 2)
        layers += [
            nn.SiLU(),
            nn.ConvTranspose2d(coarse, fine, 3, 2, 1, output_padding=missing),
            Residual(fine, dropout),
        ]
    return nn.Sequential(*layers, nn.SiLU(), nn.Conv2d(widths[-1], out, 3, padding=1))
