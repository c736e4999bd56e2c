"""`folder:PATH`: any folder of images of one size."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from genbench.dataset import SPLITS, Dataset, Examples, Splits
from genbench.errors import GenbenchError
from genbench.seeds import seed_for
from genbench.space import Space

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")  # Pillow's modes with transparency
TURNS = ("valid", "train", "test", "train", "train")  # of every five images in a row: 60 / 20 / 20

Rows = dict[str, list[int]]  # split → indices of its images


class ImageFolder(Dataset):
    """Grey (1, H, W) or colour (3, H, W) images, 256 levels, as they are stored: never resized, cropped or turned.

    Black-and-white images are grey, palettes are looked up; other modes, transparency and animations are refused.

    Sub-folders `train`, `valid` and `test` are the splits where they are there; else every class is split
    60 / 20 / 20, always in the same way for the same names. Where every image lies in a sub-folder (of its split),
    the sub-folders are the classes, numbered in the order of their sorted names; else there are no classes.
    Images are ordered by path. Hidden files, and files whose suffix is not an image's, are passed over.
    """

    name: ClassVar[str] = "folder"
    source: ClassVar[str] = "the images in the folder"
    license: ClassVar[str] = "that of the images in the folder"
    argument: ClassVar[str] = "PATH"

    def __init__(self, argument: str = "") -> None:
        super().__init__(argument)
        self._folder = Path(argument).expanduser()

    def splits(self) -> Splits:
        """Every image, read into memory.

        Raises:
            GenbenchError: no such folder, no images, some of the split folders but not all, a split without images,
                an image that cannot be read, has an alpha channel or another mode, or is not like the first.
        """
        images = sorted(_found(self._folder))
        if not images:
            raise GenbenchError(f"no images in {self._folder} (known: {', '.join(SUFFIXES)})")
        in_splits = _has_split_folders(self._folder)
        labels, classes = _labels(images, depth=int(in_splits))
        rows = _rows_in_folders(images) if in_splits else _rows_drawn(images, labels)
        _check_filled(rows, self._folder)
        x, y = _stacked(self._folder, images), np.array(labels, np.int64)
        parts = (Examples(x[rows[split]], y[rows[split]] if classes else None) for split in SPLITS)
        return Splits(Space(x.shape[1:], levels=256, classes=classes or None), *parts)


def _found(folder: Path) -> Iterator[str]:
    """Paths of the images below `folder`, relative, with `/`, in no order."""
    if not folder.is_dir():
        raise GenbenchError(f"no such folder: {folder} (the dataset is written folder:PATH)")
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


def _has_split_folders(folder: Path) -> bool:
    present = [split for split in SPLITS if (folder / split).is_dir()]
    if present and len(present) < len(SPLITS):
        missing = [split for split in SPLITS if split not in present]
        raise GenbenchError(
            f"{folder} has {' and '.join(present)} but not {' and '.join(missing)}; "
            "make all three split folders, or none and the images are split 60 / 20 / 20"
        )
    return bool(present)


def _labels(images: list[str], depth: int) -> tuple[list[int], int]:
    """Class numbers by the folder at `depth` on each path, and how many classes; zeros and 0 without classes."""
    folders = [image.split("/")[depth:-1] for image in images]
    if not all(folders):
        return [0] * len(images), 0
    names = sorted({parts[0] for parts in folders})
    number = {name: i for i, name in enumerate(names)}
    return [number[parts[0]] for parts in folders], len(names)


def _rows_in_folders(images: list[str]) -> Rows:
    rows: Rows = {split: [] for split in SPLITS}
    for row, image in enumerate(images):
        split = image.split("/")[0]
        if split not in rows:
            raise GenbenchError(f"{image} lies outside train, valid and test; move it into one of them")
        rows[split].append(row)
    return rows


def _rows_drawn(images: list[str], labels: list[int]) -> Rows:
    """Each class shuffled by a hash of the names, then dealt out in turns: within 1 of its share in every split."""
    shuffled = sorted(range(len(images)), key=lambda row: (labels[row], seed_for("folder", ascii(images[row]))))
    rows: Rows = {split: [] for split in SPLITS}
    for turn, row in enumerate(shuffled):
        rows[TURNS[turn % len(TURNS)]].append(row)
    return {split: sorted(rows[split]) for split in SPLITS}


def _check_filled(rows: Rows, folder: Path) -> None:
    counts = {split: len(rows[split]) for split in SPLITS}
    if not all(counts.values()):
        found = ", ".join(f"{split} {count}" for split, count in counts.items())
        raise GenbenchError(f"too few images in {folder}: every split needs at least one, got {found}; add images")


def _stacked(folder: Path, images: list[str]) -> NDArray[np.uint8]:
    """All images, [N, C, H, W]."""
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
        found = "several frames" if target else f"mode {image.mode}"
        raise GenbenchError(f"{path} has {found}, expected one grey (8 bit) or RGB image; convert it")
    return target
