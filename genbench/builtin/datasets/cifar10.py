"""`cifar10`: 60,000 colour photographs, 32×32, 256 levels, 10 classes, from the authors' binary files."""

import gzip
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from genbench.builtin.datasets.official import Official, Rows
from genbench.records.space import Space

ARCHIVE = "cifar-10-binary.tar.gz"
INSIDE = "cifar-10-batches-bin"  # the archive's folder
BATCHES = {"train": [f"data_batch_{i}.bin" for i in range(1, 6)], "test": ["test_batch.bin"]}


class Cifar10(Official):
    """Ten kinds of things, 35,000 / 5,000 / 10,000 / 10,000: the official test split, and draws from the other.

    The *binary* version is read, from `cifar-10-binary.tar.gz` as it is or from its unpacked `.bin` files: a label's
    byte and 3,072 bytes of red, green and blue per image. The Python version that other tools fetch is pickled, and
    nothing is ever unpickled here.
    """

    name = "cifar10"
    source = "Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html"
    license = "none stated; the authors ask for a citation"
    space = Space((3, 32, 32), levels=256, classes=10)
    counts: ClassVar[Mapping[str, int]] = {"train": 50_000, "test": 10_000}
    folders = ("cifar10", f"cifar10/{INSIDE}", INSIDE, ".")
    files: ClassVar[Mapping[str, str]] = {ARCHIVE: "c32a1d4ab5d03f1284b67883e8d87530"}
    mirrors = ("https://www.cs.toronto.edu/~kriz/",)
    batch: ClassVar[int] = 10_000  # images in each of the six files

    def has_files(self, folder: Path) -> bool:
        """Whether the archive, or one of the six files, lies there."""
        names = [ARCHIVE, *BATCHES["train"], *BATCHES["test"]]
        return any((folder / name).is_file() for name in names)

    def read(self, folder: Path, split: str) -> Rows:
        """Images [N, 3, 32, 32] and labels [N] of a split.

        Raises:
            GenbenchError: a file is missing, cut off or of another size; names it.
        """
        batches = self._packed(folder / ARCHIVE, split) if (folder / ARCHIVE).is_file() else self._loose(folder, split)
        records = np.concatenate(batches)  # [N, 1 + 3072]
        return records[:, 1:].reshape(-1, *self.space.shape), records[:, 0].astype(np.int64)

    def _loose(self, folder: Path, split: str) -> list[NDArray[np.uint8]]:
        found = []
        for path in (folder / name for name in BATCHES[split]):
            try:
                found.append(self._records(path, path.read_bytes()))
            except OSError as error:
                raise self.fault(path, f"cannot be read ({error.strerror})") from error
        return found

    def _packed(self, archive: Path, split: str) -> list[NDArray[np.uint8]]:
        """The batches of a split in the archive, in order; nothing is unpacked to disk."""
        found: dict[str, NDArray[np.uint8]] = {}
        wanted = {f"{INSIDE}/{name}" for name in BATCHES[split]}
        try:
            with gzip.open(archive) as content, tarfile.open(fileobj=content, mode="r|") as stream:
                for member in stream:
                    file = stream.extractfile(member) if member.name in wanted and member.isfile() else None
                    if file is not None:
                        found[member.name] = self._records(archive / member.name, file.read())
                content.read()  # to its end, where gzip compares its checksum
        except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
            raise self.fault(archive, f"is cut off or corrupt ({error})") from error
        missing = sorted(wanted - set(found))
        if missing:
            raise self.fault(archive, f"holds no {missing[0]}")
        return [found[name] for name in sorted(found)]

    def _records(self, path: Path, data: bytes) -> NDArray[np.uint8]:
        size = 1 + self.space.dim
        if len(data) != self.batch * size:
            raise self.fault(path, f"has {len(data):,} bytes, expected {self.batch * size:,}")
        return np.frombuffer(data, np.uint8).reshape(self.batch, size)
