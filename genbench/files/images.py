"""Images: files of one size and mode in a folder and its sub-folders, read as they are stored."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.errors import GenbenchError

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")  # Pillow's modes with transparency


def found(folder: Path) -> list[str]:
    """Paths of the images below a folder, relative, with `/`, sorted; hidden and other files are passed over.

    Raises:
        GenbenchError: no such folder, no image in it, a sub-folder that cannot be read, or a link in a circle.
    """
    if not folder.is_dir():
        raise GenbenchError(f"no such folder: {folder}")
    images = sorted(_walked(folder))
    if not images:
        raise GenbenchError(f"no images in {folder} (known: {', '.join(SUFFIXES)})")
    return images


def stacked(folder: Path, images: Sequence[str]) -> NDArray[np.uint8]:
    """All images, [N, 1, H, W] grey or [N, 3, H, W] colour, in the order of their names.

    Black-and-white images are grey, palettes are looked up.

    Raises:
        GenbenchError: an image that cannot be read or would lose something, or two of different forms.
    """
    first = _pixels(folder / images[0])
    x = np.empty((len(images), *first.shape), np.uint8)
    for row, image in enumerate(images):
        pixels = _pixels(folder / image)
        if pixels.shape != first.shape:
            raise GenbenchError(
                f"images differ: {images[0]} is {_form(first)}, {image} is {_form(pixels)}; "
                "convert all to one size and one mode"
            )
        x[row] = pixels
    return x


def _walked(folder: Path) -> Iterator[str]:
    for parent, folders, files in os.walk(folder, onerror=_unreadable, followlinks=True):
        here = Path(parent)
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in folders:
            if here.resolve().is_relative_to((here / name).resolve()):
                raise GenbenchError(f"{here / name} is a link to a folder that holds it; remove the link")
        for name in files:
            if not name.startswith(".") and name.lower().endswith(SUFFIXES):
                yield (here / name).relative_to(folder).as_posix()


def _unreadable(error: OSError) -> None:
    raise GenbenchError(f"folder {error.filename} cannot be read ({error.strerror}); make it readable or remove it")


def _form(pixels: NDArray[np.uint8]) -> str:
    channels, height, width = pixels.shape
    return f"{'RGB' if channels == 3 else 'grey'} {width}×{height}"


def _pixels(path: Path) -> NDArray[np.uint8]:
    """One image, [1, H, W] grey or [3, H, W] colour."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            target = _mode(path, image)
            pixels = np.asarray(image.convert(target), np.uint8)  # [H, W] or [H, W, 3]
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise GenbenchError(f"{path} is not a readable image ({error}); repair or remove it") from error
    return pixels[None] if target == "L" else pixels.transpose(2, 0, 1)


def _mode(path: Path, image: Any) -> str:
    """L or RGB: what the image's mode stands for without loss."""
    if image.mode in ALPHA or "transparency" in image.info:
        raise GenbenchError(f"{path} has an alpha channel, expected grey or RGB; flatten it onto a background")
    target = {"1": "L", "L": "L", "RGB": "RGB", "P": "RGB"}.get(image.mode)
    if target is None or getattr(image, "n_frames", 1) > 1:
        what = "several frames" if target else f"mode {image.mode}"
        raise GenbenchError(f"{path} has {what}, expected one grey (8 bit) or RGB image; convert it")
    if _has_16_bits(image):  # Pillow would drop the low bytes and call it RGB
        raise GenbenchError(f"{path} has 16 bits a channel, expected one grey (8 bit) or RGB image; convert it")
    return target


def _has_16_bits(image: Any) -> bool:
    """Whether the file of an unread image has 16 bits a channel: its raw mode is RGB;16B, or its PPM maximum 65535."""
    raw = [argument for tile in image.tile for argument in (tile[3] if isinstance(tile[3], tuple) else (tile[3],))]
    return any(str(argument).endswith((";16B", ";16L", ";16N")) for argument in raw) or (
        image.format == "PPM" and any(isinstance(argument, int) and argument > 255 for argument in raw)
    )
