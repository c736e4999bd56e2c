"""The datasets with an official test split, with files of their own form and fewer rows."""

import gzip
import io
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest

from genbench.builtin.datasets.cifar10 import BATCHES, INSIDE, Cifar10
from genbench.builtin.datasets.mnist import FashionMnist, Mnist
from genbench.builtin.datasets.official import Official
from genbench.errors import GenbenchError

ROWS = {"train": 60, "test": 20}
BATCH = 10  # images in each of CIFAR-10's files, here


class TinyMnist(Mnist):
    """MNIST with fewer rows; everything else is MNIST's."""

    counts = ROWS


class TinyFashion(FashionMnist):
    """Fashion-MNIST with fewer rows."""

    counts = ROWS


class TinyCifar(Cifar10):
    """CIFAR-10 with fewer rows."""

    counts = {"train": 5 * BATCH, "test": BATCH}  # noqa: RUF012
    batch = BATCH


def images(count: int, *shape: int) -> np.ndarray:
    """Random images, the same at every call."""
    return np.random.default_rng(count).integers(0, 256, (count, *shape), np.uint8)


def idx(values: np.ndarray) -> bytes:
    """An idx file of unsigned bytes, as its authors describe it."""
    return struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.astype(np.uint8).tobytes()


def mnist_files() -> dict[str, bytes]:
    """The four files, packed; labels go round through the classes."""
    files = {}
    for part, count in (("train", ROWS["train"]), ("t10k", ROWS["test"])):
        files[f"{part}-images-idx3-ubyte.gz"] = gzip.compress(idx(images(count, 28, 28)), mtime=0)
        files[f"{part}-labels-idx1-ubyte.gz"] = gzip.compress(idx(np.arange(count) % 10), mtime=0)
    return files


def cifar_files() -> dict[str, bytes]:
    """The six binary files: each image's first byte of red is the number of its file."""
    files = {}
    for number, name in enumerate([*BATCHES["train"], *BATCHES["test"]], 1):
        records = images(BATCH, 1 + 3 * 32 * 32)
        records[:, 0], records[:, 1] = np.arange(BATCH), number
        files[name] = records.tobytes()
    return files


def packed(files: dict[str, bytes]) -> bytes:
    """The files in a tar.gz, in the authors' folder, in no order, beside another one."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in [("batches.meta.txt", b"airplane\n"), *reversed(files.items())]:
            member = tarfile.TarInfo(f"{INSIDE}/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def lay(folder: Path, files: dict[str, bytes]) -> Path:
    """Write files into a folder, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def at(cls: type[Official], *places: Path) -> Official:
    """A dataset that looks for its files in these places."""
    dataset = cls()
    dataset.places = places
    return dataset


def refusal(dataset: Official) -> str:
    """The error of reading a dataset, checked to be one line."""
    with pytest.raises(GenbenchError) as caught:
        dataset.splits()
    assert "\n" not in str(caught.value)
    return str(caught.value)
