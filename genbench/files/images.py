"""Images: files of one mode in a folder and its sub-folders, read as they are stored, by a few threads."""

import io
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.errors import GenbenchError
from genbench.files import content
from genbench.files.rows import lazy

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")  # Pillow's modes with transparency
ORIENTATION, UPRIGHT = 0x0112, (0, 1)  # the EXIF tag, and its values that turn nothing
THREADS = 8  # at most, that decode

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Reading:
    """How images are read.

    Args:
        upright: turn those whose EXIF orientation says so, which are refused else.
        fit: makes each image [C, H, W] one of the wanted size; None: all have to have one size.
    """

    upright: bool = False
    fit: Callable[[Pixels], Pixels] | None = None


AS_STORED = Reading()


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


def stacked(folder: Path, images: Sequence[str], reading: Reading = AS_STORED) -> Pixels:
    """All images, [N, 1, H, W] grey or [N, 3, H, W] colour, in the order of their names; many are read when asked for.

    Black-and-white images are grey, palettes are looked up.

    Raises:
        GenbenchError: an image that cannot be read or would lose something, or two of different forms; of many, at the
            time when they are read.
    """
    first = _pixels(folder / images[0], reading)

    def one(image: str) -> Pixels:
        pixels = _pixels(folder / image, reading)
        if pixels.shape != first.shape:
            raise GenbenchError(
                f"images differ: {images[0]} is {_form(first)}, {image} is {_form(pixels)}; "
                "convert all to one size and one mode"
            )
        return pixels

    def read(start: int, stop: int) -> Pixels:
        block: Pixels = np.empty((stop - start, *first.shape), np.uint8)
        with ThreadPoolExecutor(_threads()) as pool:
            for row, pixels in enumerate(pool.map(one, images[start:stop])):
                block[row] = pixels
        return block

    return lazy((len(images), *first.shape), np.uint8, read)


def lossy(folder: Path, images: Sequence[str]) -> int:
    """How many of the images were compressed with losses, by their content: JPEG, lossy WebP, JPEG in TIFF."""
    return sum(content.is_lossy(folder / image, _compression) for image in images)


def _compression(path: Path) -> str:
    from PIL import Image

    try:
        with Image.open(path) as image:
            return str(image.info.get("compression", ""))
    except (OSError, SyntaxError, ValueError):
        return ""  # reading it will say what is wrong


def _threads() -> int:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(THREADS, usable)


def _walked(folder: Path) -> Iterator[str]:
    for parent, folders, files in os.walk(folder, onerror=_unreadable, followlinks=True):
        here = Path(parent)
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in folders:
            if here.resolve().is_relative_to((here / name).resolve()):
                raise GenbenchError(f"{here / name} is a link to a folder that holds it; remove the link")
        for name in files:
            if not name.startswith(".") and name.lower().endswith(SUFFIXES) and _may_be_read(here / name):
                yield (here / name).relative_to(folder).as_posix()


def _may_be_read(path: Path) -> bool:
    """Whether a path is a file, or leads nowhere, which reading it will tell; no pipe, socket or device."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return True


def _unreadable(error: OSError) -> None:
    raise GenbenchError(f"folder {error.filename} cannot be read ({error.strerror}); make it readable or remove it")


def _form(pixels: Pixels) -> str:
    channels, height, width = pixels.shape
    return f"{'RGB' if channels == 3 else 'grey'} {width}×{height}"


def decoded(data: bytes, name: str) -> Pixels:
    """One image from the bytes of its file, [1, H, W] grey or [3, H, W] colour, as it is stored.

    Args:
        name: what messages call it.
    Raises:
        GenbenchError: it cannot be read, or would lose something.
    """
    return _decoded(io.BytesIO(data), name, AS_STORED, lambda: content.described(data[: content.HEAD]))


def _pixels(path: Path, reading: Reading) -> Pixels:
    """One image, [1, H, W] grey or [3, H, W] colour."""

    def told() -> str:
        return content.described(content.head(path)) if path.is_file() else ""

    pixels = _decoded(path, str(path), reading, told)
    return pixels if reading.fit is None else reading.fit(pixels)


def _decoded(source: Path | io.BytesIO, name: str, reading: Reading, told: Callable[[], str]) -> Pixels:
    """One image; `told` says what a file is that is none."""
    from PIL import Image

    try:
        with Image.open(source) as image:
            target = _mode(name, image)
            pixels = np.asarray(_upright(name, image, reading).convert(target), np.uint8)  # [H, W] or [H, W, 3]
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        what = told()
        reason = f"it is {what}" if what and "image" not in what else str(error)
        raise GenbenchError(f"{name} is not a readable image ({reason}); repair or remove it") from error
    return pixels[None] if target == "L" else pixels.transpose(2, 0, 1)


def _upright(path: str, image: Any, reading: Reading) -> Any:
    """The image, loaded, as its EXIF orientation says it is to be shown."""
    from PIL import ImageOps

    turned = _orientation(image)  # before it is loaded: of a TIFF Pillow then drops the tag
    image.load()
    if turned in UPRIGHT:
        return image
    if image.format == "TIFF":  # whose pixels Pillow turns by itself, and not always so that they fit
        raise GenbenchError(f"{path} is a TIFF that is stored turned (orientation {turned}); store it upright")
    if not reading.upright:
        raise GenbenchError(
            f"{path} is stored turned (EXIF orientation {turned}), which tools read in two ways; store it upright, or "
            "let --upright of genbench score turn all that are"
        )
    return ImageOps.exif_transpose(image)


def _orientation(image: Any) -> int:
    try:
        found = image.getexif().get(ORIENTATION, 1)
        return found if isinstance(found, int) and 1 <= found <= 8 else 1
    except Exception:  # noqa: BLE001  # a block that is no EXIF turns nothing, whatever Pillow makes of it
        return 1


def _mode(path: str, image: Any) -> str:
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
