"""Datasets with an official test split whose files lie somewhere on this machine, or are downloaded once."""

import os
import tempfile
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from genbench.contracts.dataset import Dataset, Examples, Splits, drawn
from genbench.errors import GenbenchError
from genbench.records.space import Space

Rows = tuple[NDArray[np.uint8], NDArray[np.int64]]  # x [N, C, H, W] and labels [N]


class Official(Dataset):
    """The official test split is `test`. From the official training split are drawn: `held`, as many rows as `test`,
    and then `valid`, half as many.

    The draws are stratified by class, with seeds made of the dataset's name: the same rows for everyone.
    """

    training: Sequence[str] = ("train", "valid", "held")
    space: ClassVar[Space]
    counts: ClassVar[Mapping[str, int]]  # rows of the official "train" and "test" splits
    folders: ClassVar[tuple[str, ...]]  # where in a place the files may lie, best first
    files: ClassVar[Mapping[str, str]]  # name → published MD5
    mirrors: ClassVar[tuple[str, ...]]  # URLs that a file's name is appended to
    hint: ClassVar[str] = ""  # another way to get the data

    def splits(self) -> Splits:
        """Every image, read into memory.

        Raises:
            GenbenchError: the files are not there, or one of them is not what it should be.
        """
        folder = self._found()
        official, test = (Examples(*self._checked(folder, split)) for split in ("train", "test"))
        held, rest = _apart(official, len(test), "held split", self.name)
        valid, train = _apart(rest, len(test) // 2, "valid split", self.name)
        return Splits(self.space, train, valid, test, held)

    @abstractmethod
    def read(self, folder: Path, split: str) -> Rows:
        """The rows of the official "train" or "test" split.

        Raises:
            GenbenchError: a file is missing, cut off or not of its format; names it.
        """

    @abstractmethod
    def has_files(self, folder: Path) -> bool:
        """Whether any of the files lies in a folder."""

    def fetch(self, folder: Path) -> None:
        """Download the files that are missing or broken below `folder`, each checked against its published MD5.

        Raises:
            GenbenchError: a file came from none of the mirrors.
        """
        place = folder / self.name
        place.mkdir(parents=True, exist_ok=True)
        for name, md5 in self.files.items():
            if not _is_whole(place / name, md5):
                self._download(place / name, md5)

    def fault(self, path: Path, what: str) -> GenbenchError:
        """The error for a file that is not what it should be."""
        return GenbenchError(f"{path} {what}; remove it and get it again: genbench prepare {self.name}")

    def _found(self) -> Path:
        for place in self.places:
            for name in self.folders:
                if self.has_files(place / name):
                    return place / name
        raise GenbenchError(
            f"dataset {self.name} is not on this machine; genbench prepare {self.name} downloads it, or put "
            f"{', '.join(self.files)} into DIR/{self.name} and say --data-root DIR{self.hint}"
        )

    def _checked(self, folder: Path, split: str) -> Rows:
        x, y = self.read(folder, split)
        if len(x) != self.counts[split]:
            raise self.fault(folder, f"holds {len(x)} {split} images, expected {self.counts[split]}")
        classes = self.space.classes or 0
        if y.min() < 0 or y.max() >= classes:
            raise self.fault(folder, f"holds {split} labels up to {y.max()}, expected 0 to {classes - 1}")
        return x, y

    def _download(self, path: Path, md5: str) -> None:
        from torchvision.datasets.utils import download_url

        reasons = []
        for mirror in self.mirrors:
            with tempfile.TemporaryDirectory(prefix=".partial-", dir=path.parent) as partial:
                try:
                    download_url(f"{mirror}{path.name}", partial, path.name, md5)
                    os.replace(Path(partial) / path.name, path)
                    return
                except (OSError, RuntimeError, RecursionError) as error:
                    reasons.append(f"{mirror}: {error}")
        raise GenbenchError(
            f"{path.name} of {self.name} could not be fetched ({'; '.join(reasons)}); put the file at {path}"
        )


def _apart(examples: Examples, count: int, *names: str) -> tuple[Examples, Examples]:
    """`count` rows that are drawn, and the others."""
    drawn_rows, others = drawn(np.asarray(examples.y), count, *names)
    return examples.rows(drawn_rows), examples.rows(others)


def _is_whole(path: Path, md5: str) -> bool:
    from torchvision.datasets.utils import check_integrity

    return bool(check_integrity(path, md5))
