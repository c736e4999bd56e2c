"""`folder:PATH`: any folder of images of one size."""

from pathlib import Path
from typing import ClassVar

import numpy as np

from genbench.contracts.dataset import SPLITS, Dataset, Examples, Splits
from genbench.errors import GenbenchError
from genbench.files.images import found, stacked
from genbench.records.space import Space
from genbench.seeds import seed_for

TURNS = ("valid", "train", "test", "held", "train", "train", "test", "held", "train", "train")  # of ten images in a row
SHARES = "50 / 10 / 20 / 20"  # percent, in the order of SPLITS
NEEDED = SPLITS[:3]  # of split folders; held may be cut from train

Rows = dict[str, list[int]]  # split → indices of its images


class ImageFolder(Dataset):
    """Grey (1, H, W) or colour (3, H, W) images, 256 levels, as they are stored: never resized, cropped or turned.

    Black-and-white images are grey, palettes are looked up; other modes, transparency and animations are refused.

    Sub-folders `train`, `valid`, `test` and `held` are the splits where they are there (without `held` it is cut from
    `train`, as `Splits` says); else every class is split 50 / 10 / 20 / 20, always in the same way for the same names.
    Where every image lies in a sub-folder (of its split), the sub-folders are the classes, numbered in the order of
    their sorted names; else there are no classes. Images are ordered by path. Hidden files, and files whose suffix is
    not an image's, are passed over.
    """

    name: ClassVar[str] = "folder"
    source: ClassVar[str] = "the images in the folder"
    license: ClassVar[str] = "that of the images in the folder"
    argument: ClassVar[str] = "PATH"

    def __init__(self, argument: str = "") -> None:
        super().__init__(argument)
        self._folder = Path(argument).expanduser()
        self.hides = (str(self._folder.absolute()),)

    def splits(self) -> Splits:
        """Every image, read into memory.

        Raises:
            GenbenchError: no such folder, no images, some of the split folders but not all, a split without images,
                an image that cannot be read, has an alpha channel or another mode, or is not like the first.
        """
        if not self._folder.is_dir():
            raise GenbenchError(f"no such folder: {self._folder} (the dataset is written folder:PATH)")
        images = found(self._folder)
        in_splits = _has_split_folders(self._folder)
        labels, classes = _labels(images, depth=int(in_splits))
        rows = _rows_in_folders(images) if in_splits else _rows_drawn(images, labels)
        everything = Examples(
            np.asarray(stacked(self._folder, images)), np.array(labels, np.int64) if classes else None
        )
        _check_filled(rows, self._folder)
        space = Space(everything.x.shape[1:], levels=256, classes=classes or None)
        return Splits(space, **{split: everything.rows(np.array(rows[split])) for split in rows})


def _has_split_folders(folder: Path) -> bool:
    present = [split for split in SPLITS if (folder / split).is_dir()]
    missing = [split for split in NEEDED if split not in present]
    if present and missing:
        raise GenbenchError(
            f"{folder} has {' and '.join(present)} but not {' and '.join(missing)}; make all of "
            f"{', '.join(SPLITS)} (held may be left out), or none and the images are split {SHARES}"
        )
    return bool(present)


def _labels(images: list[str], depth: int) -> tuple[list[int], int]:
    """Class numbers by the folder at `depth` on each path, and how many classes; zeros and 0 without classes."""
    folders = [image.split("/")[depth:-1] for image in images]
    if not all(folders):
        return [0] * len(images), 0
    names = sorted({within[0] for within in folders})
    number = {name: i for i, name in enumerate(names)}
    return [number[within[0]] for within in folders], len(names)


def _rows_in_folders(images: list[str]) -> Rows:
    rows: Rows = {split: [] for split in NEEDED}
    for row, image in enumerate(images):
        split = image.split("/")[0]
        if split not in SPLITS:
            raise GenbenchError(f"{image} lies outside {', '.join(SPLITS)}; move it into one of them")
        rows.setdefault(split, []).append(row)
    return rows


def _rows_drawn(images: list[str], labels: list[int]) -> Rows:
    """Each class shuffled by a hash of the names, then dealt out in turns: within 1 of its share in every split."""
    shuffled = sorted(range(len(images)), key=lambda row: (labels[row], seed_for("folder", ascii(images[row]))))
    rows: Rows = {split: [] for split in SPLITS}
    for turn, row in enumerate(shuffled):
        rows[TURNS[turn % len(TURNS)]].append(row)
    return {split: sorted(rows[split]) for split in SPLITS}


def _check_filled(rows: Rows, folder: Path) -> None:
    counts = {split: len(found) for split, found in rows.items()}
    if not all(counts.values()):
        found = ", ".join(f"{split} {count}" for split, count in counts.items())
        raise GenbenchError(f"too few images in {folder}: every split needs at least one, got {found}; add images")
