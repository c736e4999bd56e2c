"""`mnist` and `fashion-mnist`: 70,000 grey images, 28×28, 256 levels, 10 classes, in four idx files each."""

import gzip
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from genbench.builtin.datasets.official import Official, Rows
from genbench.records.space import Space

UNSIGNED_BYTE = 8  # the idx format's code of the only type that these files have
BEGINNINGS = {"train": "train", "test": "t10k"}  # split → how its files' names begin


class Idx(Official):
    """Grey images and their labels in four idx files, packed or not."""

    space = Space((1, 28, 28), levels=256, classes=10)
    counts: ClassVar[Mapping[str, int]] = {"train": 60_000, "test": 10_000}

    def has_files(self, folder: Path) -> bool:
        """Whether one of the four lies there, packed or not."""
        return any((folder / name).is_file() or (folder / name).with_suffix("").is_file() for name in self.files)

    def read(self, folder: Path, split: str) -> Rows:
        """Images [N, 1, 28, 28] and labels [N] of a split.

        Raises:
            GenbenchError: a file is missing, cut off or no idx file of these sizes; names it.
        """
        x = self._entries(folder / f"{BEGINNINGS[split]}-images-idx3-ubyte.gz", self.space.shape[1:])
        labels = folder / f"{BEGINNINGS[split]}-labels-idx1-ubyte.gz"
        y = self._entries(labels, ())
        if len(x) != len(y):
            raise self.fault(labels, f"has {len(y)} labels, and there are {len(x)} images")
        return x[:, None], y.astype(np.int64)

    def _entries(self, packed: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        """Entries [N, *shape] of an idx file, gzip'd or not."""
        path = packed if packed.is_file() else packed.with_suffix("")
        try:
            data = gzip.decompress(path.read_bytes()) if path == packed else path.read_bytes()
        except FileNotFoundError as error:
            raise self.fault(packed, "is missing, and others of its dataset are there") from error
        except (OSError, EOFError, zlib.error) as error:
            raise self.fault(path, f"is cut off or corrupt ({error})") from error
        head = 4 * (2 + len(shape))  # bytes: 0, 0, the type, how many sizes; then each size
        sizes = struct.unpack(f">{1 + len(shape)}I", data[4:head]) if len(data) >= head else ()
        if data[:4] != bytes((0, 0, UNSIGNED_BYTE, 1 + len(shape))) or sizes[1:] != shape:
            expected = "×".join(["N", *map(str, shape)])
            raise self.fault(path, f"is no idx file of {expected} bytes")
        if len(data) != head + sizes[0] * int(np.prod(shape)):
            raise self.fault(path, f"has {len(data):,} bytes, and its head promises {sizes[0]} entries")
        return np.frombuffer(data, np.uint8, offset=head).reshape(sizes)


class Mnist(Idx):
    """Handwritten digits, 45,000 / 5,000 / 10,000 / 10,000: the official test split, and draws from the other."""

    name = "mnist"
    source = "LeCun, Bottou, Bengio, Haffner 1998, http://yann.lecun.com/exdb/mnist/"
    license = "CC BY-SA 3.0"
    folders = ("mnist", "MNIST/raw")
    files: ClassVar[Mapping[str, str]] = {
        "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    }
    mirrors: ClassVar[tuple[str, ...]] = (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "http://yann.lecun.com/exdb/mnist/",
    )


class FashionMnist(Idx):
    """Articles of clothing, 45,000 / 5,000 / 10,000 / 10,000: the official test split, and draws from the other."""

    name = "fashion-mnist"
    source = "Xiao, Rasul, Vollgraf 2017, https://github.com/zalandoresearch/fashion-mnist"
    license = "MIT"
    folders = ("fashion-mnist", "FashionMNIST/raw")
    files: ClassVar[Mapping[str, str]] = {
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    }
    mirrors = ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",)
    hint = "; Debian's package dataset-fashion-mnist is found too"
    hides = ("/usr/share/dataset-fashion-mnist", "/usr/share/datasets/fashion-mnist")
