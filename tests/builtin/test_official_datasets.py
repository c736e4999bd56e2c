"""The datasets with an official test split: their files are found, checked and split."""

import gzip
import hashlib

import numpy as np
import pytest
from tiny_official import (
    BATCH,
    TinyCifar,
    TinyFashion,
    TinyMnist,
    at,
    cifar_files,
    idx,
    images,
    lay,
    mnist_files,
    packed,
    refusal,
)
from torchvision.datasets import mnist as torchvision_mnist

from genbench.builtin.datasets.cifar10 import INSIDE, Cifar10
from genbench.builtin.datasets.mnist import FashionMnist, Mnist
from genbench.contracts.dataset import SPLITS, drawn

DRAWN = "9cfee6add0fc5e4658a1f79671cc431d08c7c30ca8135d9ad9edb8029f2eac10"


@pytest.mark.parametrize("folder", ["mnist", "MNIST/raw"])
def test_mnist_is_found_packed_in_a_folder_of_its_name_and_in_torchvisions(tmp_path, folder):
    lay(tmp_path / "b" / folder, mnist_files())
    splits = at(TinyMnist, tmp_path / "a", tmp_path / "b").splits()
    assert str(splits.space) == "1×28×28, 256 levels, 10 classes"
    assert [len(getattr(splits, name)) for name in SPLITS] == [30, 10, 20, 20]


def test_unpacked_files_are_read_too_and_as_torchvision_reads_them(tmp_path):
    unpacked = {name.removesuffix(".gz"): gzip.decompress(data) for name, data in mnist_files().items()}
    folder = lay(tmp_path / "fashion-mnist", unpacked)
    test = at(TinyFashion, tmp_path).splits().test
    theirs = torchvision_mnist.read_image_file(folder / "t10k-images-idx3-ubyte").numpy()
    np.testing.assert_array_equal(test.x[:, 0], theirs)
    np.testing.assert_array_equal(test.y, torchvision_mnist.read_label_file(folder / "t10k-labels-idx1-ubyte").numpy())


def test_one_dataset_is_never_taken_for_the_other(tmp_path):
    lay(tmp_path / "mnist", mnist_files())
    lay(tmp_path, mnist_files())  # in the place itself, they could be either's
    assert "dataset fashion-mnist is not on this machine" in refusal(at(TinyFashion, tmp_path))


def test_the_first_place_that_has_any_wins(tmp_path):
    lay(tmp_path / "a" / "mnist", mnist_files())
    lay(tmp_path / "b" / "mnist", {"t10k-images-idx3-ubyte.gz": b"not a file of MNIST"})
    at(TinyMnist, tmp_path / "a", tmp_path / "b").splits()
    assert str(tmp_path / "b") in refusal(at(TinyMnist, tmp_path / "b", tmp_path / "a"))


@pytest.mark.parametrize("cls", [Mnist, FashionMnist, Cifar10])
def test_a_dataset_that_is_nowhere_says_how_to_get_it(tmp_path, cls):
    words = refusal(at(cls, tmp_path))
    assert f"dataset {cls.name} is not on this machine; genbench prepare {cls.name} downloads it, or put " in words
    assert f" into DIR/{cls.name} and say --data-root DIR" in words
    assert all(name in words for name in cls.files)


def test_the_official_test_split_is_test_and_the_training_split_is_shared_out_without_loss(tmp_path):
    lay(tmp_path / "mnist", mnist_files())
    splits = at(TinyMnist, tmp_path).splits()
    np.testing.assert_array_equal(splits.test.x[:, 0], images(20, 28, 28))
    rows = [row.tobytes() for split in (splits.train, splits.valid, splits.held) for row in split.x]
    assert sorted(rows) == sorted(row.tobytes() for row in images(60, 28, 28))
    assert [np.bincount(split.y).tolist() for split in (splits.train, splits.valid, splits.held)] == [
        [3] * 10,
        [1] * 10,
        [2] * 10,
    ]


def test_the_draw_has_each_class_in_proportion_and_depends_on_the_name_alone():
    y = np.repeat([0, 1, 2, 3], [601, 77, 1, 321])
    held, train = drawn(y, 200, "held split", "mnist")
    assert sorted([*held, *train]) == list(range(1000))
    assert np.abs(np.bincount(y[held], minlength=4) - np.array([601, 77, 1, 321]) / 5).max() < 1
    assert np.array_equal(held, drawn(y, 200, "held split", "mnist")[0])
    assert not np.array_equal(held, drawn(y, 200, "held split", "cifar10")[0])
    assert (np.diff(held) > 0).all()
    assert np.diff(held).max() > 10  # not every fifth row


def test_the_rows_that_are_drawn_never_change():
    held, _ = drawn(np.arange(60_000) % 10, 10_000, "held split", "fashion-mnist")
    assert hashlib.sha256(held.tobytes()).hexdigest() == DRAWN


@pytest.mark.parametrize("laid", ["archive", "folder", "place"])
def test_cifar10_is_read_from_its_archive_and_from_its_loose_files(tmp_path, laid):
    files = {"cifar-10-binary.tar.gz": packed(cifar_files())} if laid == "archive" else cifar_files()
    lay({"archive": tmp_path / "cifar10", "folder": tmp_path / INSIDE, "place": tmp_path}[laid], files)
    splits = at(TinyCifar, tmp_path).splits()
    assert str(splits.space) == "3×32×32, 256 levels, 10 classes"
    assert [len(getattr(splits, name)) for name in SPLITS] == [35, 5, 10, 10]
    assert set(splits.test.x[:, 0, 0, 0]) == {6}
    assert set(splits.train.x[:, 0, 0, 0]) == {1, 2, 3, 4, 5}
    assert splits.test.y.tolist() == list(range(10))
    expected = images(BATCH, 1 + 3 * 32 * 32)[3, 2:]
    np.testing.assert_array_equal(splits.test.x[3].ravel()[1:], expected)


def damaged(data: bytes, how: str) -> bytes:
    """A file's bytes, cut off, with one byte changed, or another file's."""
    middle = len(data) // 2
    changed = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
    return {"cut": data[:middle], "changed": changed, "foreign": b"<html>404</html>", "empty": b""}[how]


@pytest.mark.parametrize("how", ["cut", "changed", "foreign", "empty"])
@pytest.mark.parametrize("name", ["train-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"])
def test_a_damaged_packed_file_is_named_with_the_way_out(tmp_path, name, how):
    files = mnist_files()
    folder = lay(tmp_path / "mnist", {**files, name: damaged(files[name], how)})
    words = refusal(at(TinyMnist, tmp_path))
    assert words.startswith(f"{folder / name} ")
    assert words.endswith("; remove it and get it again: genbench prepare mnist")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (images(20, 28, 27), "is no idx file of N×28×28 bytes"),
        (images(20, 784), "is no idx file of N×28×28 bytes"),
        (images(19, 28, 28), "has 20 labels, and there are 19 images"),
    ],
)
def test_a_whole_file_of_another_shape_is_named(tmp_path, values, message):
    lay(tmp_path / "mnist", {**mnist_files(), "t10k-images-idx3-ubyte.gz": gzip.compress(idx(values))})
    assert message in refusal(at(TinyMnist, tmp_path))


def test_an_unpacked_file_that_is_cut_off_is_named(tmp_path):
    files = mnist_files()
    whole = gzip.decompress(files.pop("t10k-images-idx3-ubyte.gz"))
    folder = lay(tmp_path / "mnist", {**files, "t10k-images-idx3-ubyte": whole[:-1]})
    assert refusal(at(TinyMnist, tmp_path)).startswith(
        f"{folder / 't10k-images-idx3-ubyte'} has 15,695 bytes, and its head promises 20 entries"
    )


def test_a_missing_one_of_several_files_is_named(tmp_path):
    files = mnist_files()
    del files["train-labels-idx1-ubyte.gz"]
    folder = lay(tmp_path / "mnist", files)
    assert refusal(at(TinyMnist, tmp_path)).startswith(f"{folder / 'train-labels-idx1-ubyte.gz'} is missing")


def test_another_number_of_rows_and_a_label_out_of_range_are_refused(tmp_path):
    folder = lay(tmp_path / "mnist", mnist_files())
    assert f"{folder} holds 60 train images, expected 60000" in refusal(at(Mnist, tmp_path))
    lay(folder, {"t10k-labels-idx1-ubyte.gz": gzip.compress(idx(np.arange(20)))})
    assert "holds test labels up to 19, expected 0 to 9" in refusal(at(TinyMnist, tmp_path))


@pytest.mark.parametrize("how", ["cut", "changed", "foreign", "empty"])
def test_a_damaged_archive_of_cifar10_is_named(tmp_path, how):
    folder = lay(tmp_path / "cifar10", {"cifar-10-binary.tar.gz": damaged(packed(cifar_files()), how)})
    words = refusal(at(TinyCifar, tmp_path))
    assert words.startswith(f"{folder / 'cifar-10-binary.tar.gz'} ")
    assert words.endswith("; remove it and get it again: genbench prepare cifar10")


def test_an_archive_without_one_of_the_files_and_a_short_or_missing_file_are_named(tmp_path):
    files = cifar_files()
    without = {name: data for name, data in files.items() if name != "data_batch_3.bin"}
    lay(tmp_path / "a" / "cifar10", {"cifar-10-binary.tar.gz": packed(without)})
    assert f"holds no {INSIDE}/data_batch_3.bin" in refusal(at(TinyCifar, tmp_path / "a"))
    folder = lay(tmp_path / "b" / "cifar10", {**files, "data_batch_3.bin": files["data_batch_3.bin"][: -3 * 3073]})
    assert f"{folder / 'data_batch_3.bin'} has 21,511 bytes, expected 30,730" in refusal(at(TinyCifar, tmp_path / "b"))
    folder = lay(tmp_path / "c" / "cifar10", without)
    assert f"{folder / 'data_batch_3.bin'} cannot be read" in refusal(at(TinyCifar, tmp_path / "c"))
