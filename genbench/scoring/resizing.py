"""Resizing: declared ways to bring images to another size; a score's identity names the one that was asked for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from genbench.errors import GenbenchError, unknown
from genbench.files.bicubic import bicubic as unrounded

Pixels = NDArray[np.uint8]
Size = tuple[int, int]  # height, width
Resizing = Callable[[Pixels, Size], Pixels]

VERSION = "1"  # of all transforms: part of the identity
LARGEST = 4096  # pixels of a side


def tf1_bilinear(pixels: Pixels, size: Size) -> Pixels:
    """TensorFlow 1's bilinear without antialiasing, as in torch-fidelity, rounded to 256 levels.

    Args:
        pixels: [C, H, W].
        size: h, w.
    Returns:
        [C, h, w].
    Source: Obukhov et al. 2020, https://github.com/toshas/torch-fidelity
    """
    import torch
    from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x

    x = torch.from_numpy(pixels.astype(np.float32))[None]
    return rounded(interpolate_bilinear_2d_like_tensorflow1x(x, size=size, align_corners=False)[0].numpy())


def bicubic(pixels: Pixels, size: Size) -> Pixels:
    """Pillow's antialiased bicubic on each channel in float32, as in clean-fid, rounded to 256 levels.

    clean-fid does not round: the extractor inception-v3-clean has its very input.

    Args:
        pixels: [C, H, W].
        size: h, w.
    Returns:
        [C, h, w].
    """
    return rounded(unrounded(pixels, size))


def centre_crop(pixels: Pixels, size: Size) -> Pixels:
    """The pixels in the middle, as they are; of an odd margin the larger half goes below and to the right.

    Args:
        pixels: [C, H, W].
        size: h ≤ H, w ≤ W.
    Returns:
        [C, h, w].
    Raises:
        GenbenchError: the image is smaller.
    """
    (height, width), (h, w) = pixels.shape[1:], size
    if h > height or w > width:
        raise GenbenchError(f"centre-crop to {h}×{w} needs images of at least that size, got {height}×{width}")
    top, left = (height - h) // 2, (width - w) // 2
    return pixels[:, top : top + h, left : left + w]


def centre_square(pixels: Pixels, size: Size) -> Pixels:
    """The largest part in the middle that has the wanted proportions, by `bicubic` at the wanted size.

    Args:
        pixels: [C, H, W].
        size: h, w.
    Returns:
        [C, h, w].
    """
    (height, width), (h, w) = pixels.shape[1:], size
    scale = min(height / h, width / w)
    return bicubic(centre_crop(pixels, (max(1, round(h * scale)), max(1, round(w * scale)))), size)


def rounded(pixels: NDArray[np.float32]) -> Pixels:
    """Numbers as the nearest of 256 levels."""
    return np.rint(pixels).clip(0, 255).astype(np.uint8)


TRANSFORMS: Mapping[str, Resizing] = {
    "tf1-bilinear": tf1_bilinear,
    "bicubic": bicubic,
    "centre-crop": centre_crop,
    "centre-square": centre_square,
}


@dataclass(frozen=True)
class Resize:
    """One way to bring images to one size.

    Args:
        name: of a transform.
        size: height and width; None: that of what they are compared with.
    """

    name: str
    size: Size | None = None

    @property
    def identity(self) -> str:
        """Name, version and size."""
        return f"{self.name}/{VERSION}/{'×'.join(map(str, self.size or ()))}"

    def to(self, shape: tuple[int, ...]) -> "Resize":
        """The same to the size of images [C, H, W]."""
        return replace(self, size=(shape[1], shape[2]))

    def __call__(self, pixels: Pixels) -> Pixels:
        """[C, H, W] → [C, *size]; an image that has the size stays as it is."""
        if self.size is None or pixels.shape[1:] == self.size:
            return pixels
        return TRANSFORMS[self.name](pixels, self.size)


def resize_named(text: str) -> Resize:
    """What `--resize` says: NAME, NAME:SIDE or NAME:HEIGHTxWIDTH.

    Raises:
        GenbenchError: no such transform, or no such size.
    """
    name, colon, size = text.partition(":")
    if name not in TRANSFORMS:
        raise unknown("resizing", name, TRANSFORMS)
    if not colon:
        return Resize(name)
    sides = size.replace("×", "x").split("x")
    if len(sides) > 2 or not all(side.isdecimal() and 0 < int(side) <= LARGEST for side in sides):
        raise GenbenchError(f"--resize takes NAME, NAME:SIDE or NAME:HEIGHTxWIDTH in pixels, got {text!r}")
    return Resize(name, (int(sides[0]), int(sides[-1])))
