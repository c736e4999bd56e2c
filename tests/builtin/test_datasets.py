"""The built-in datasets: digits, and any folder of images."""

import re
from collections import Counter
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from genbench.builtin.datasets import digits
from genbench.builtin.datasets.digits import Digits
from genbench.builtin.datasets.folder import ImageFolder
from genbench.contracts import dataset
from genbench.contracts.dataset import SPLITS, Splits
from genbench.errors import GenbenchError
from genbench.records.space import Space
from genbench.store import datasets

DIGITS_SHA256 = "fcb92f3a94ff20870af770d0cb0d7bdab8c8142853d64d0535633ca3043b4905"


def parts(splits: Splits) -> list[dataset.Examples]:
    return [getattr(splits, name) for name in SPLITS]


def counted(x: np.ndarray, y: np.ndarray) -> Counter[tuple[int, bytes]]:
    return Counter((int(label), row.astype(np.uint8).tobytes()) for row, label in zip(x, y, strict=True))


def test_digits_are_those_of_scikit_learn_each_as_often():
    ours = sum((counted(part.x, part.y) for part in parts(Digits().splits())), Counter())
    theirs = load_digits()
    assert ours == counted(theirs.images, theirs.target)


def test_each_class_has_its_share_of_every_split_of_digits():
    splits = Digits().splits()
    counts = np.array([np.bincount(part.y, minlength=10) for part in parts(splits)])
    assert counts.sum(1).tolist() == [599, 300, 449, 449]
    assert np.abs(counts - np.outer(counts.sum(1), counts.sum(0)) / counts.sum()).max() < 1.5
    assert np.abs(counts[SPLITS.index("test")] - counts[SPLITS.index("held")]).max() <= 1


def test_test_and_held_digits_are_alike_in_what_digits_net_was_made_with():
    # Its third of the data is train; of the third that its settings were chosen on, 299 rows went to test and held.
    with np.load(Path(digits.__file__).with_name(digits.FILE)) as file:
        x, y = file["x"], file["y"]
    shuffled = np.random.default_rng(0).permutation(len(x))
    by_class = shuffled[np.argsort(y[shuffled], kind="stable")]
    trained, watched = ({x[row].tobytes() for row in by_class[i::3]} for i in range(2))
    splits = Digits().splits()
    rows = {name: [row.tobytes() for row in getattr(splits, name).x] for name in SPLITS}
    assert set(rows["train"]) == trained
    assert set(rows["valid"]) <= watched
    assert {name: sum(row in watched for row in rows[name]) for name in ("test", "held")} == {"test": 143, "held": 156}


def test_digits_never_change():
    assert Digits().splits().sha256 == Digits().splits().sha256 == DIGITS_SHA256


def test_digits_take_no_argument():
    with pytest.raises(GenbenchError, match="the dataset is written digits, got digits:8"):
        Digits("8")


def test_what_is_written_is_read_back_and_a_reader_changes_only_his_own_copy(tmp_path):
    splits = Digits().splits()
    laid = datasets.write(splits, tmp_path)
    assert laid.sha256 == DIGITS_SHA256
    assert laid.rows == {"train": 599, "valid": 300, "test": 449, "held": 449}
    first = datasets.read(tmp_path, "test")
    first.x[:] = 0
    again = datasets.read(tmp_path, "test")
    np.testing.assert_array_equal(again.x, splits.test.x)
    np.testing.assert_array_equal(again.y, splits.test.y)
    assert datasets.read_space(tmp_path) == splits.space


def draw(path: Path, value: int = 0, size: tuple[int, int] = (4, 3), mode: str = "L") -> None:
    """One image of `size` (width, height), all of one value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value).save(path)


def values(splits: Splits) -> list[list[int]]:
    """Of each split, the first pixel of every image."""
    return [part.x[:, 0, 0, 0].tolist() for part in parts(splits)]


def refusal(folder: Path) -> str:
    """The error that reading the folder ends with, checked to be one line."""
    with pytest.raises(GenbenchError) as caught:
        ImageFolder(str(folder)).splits()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_flat_folder_of_grey_images_is_split_50_10_20_20_without_classes(tmp_path):
    for i in range(20):
        draw(tmp_path / f"{i:02}.png", i)
    splits = ImageFolder(str(tmp_path)).splits()
    assert splits.space == Space((1, 3, 4), levels=256, classes=None)
    assert [len(part) for part in parts(splits)] == [10, 2, 4, 4]
    assert sorted(chain(*values(splits))) == list(range(20))
    assert all(part == sorted(part) for part in values(splits))  # in the order of their paths
    assert splits.train.y is None


def test_colour_images_come_channels_first_and_a_palette_is_resolved(tmp_path):
    for name in ("a.png", "b.png", "c.png"):
        Image.new("RGB", (4, 3), (10, 20, 30)).save(tmp_path / name)
    Image.new("RGB", (4, 3), (10, 20, 30)).quantize(4).save(tmp_path / "d.png")
    splits = ImageFolder(str(tmp_path)).splits()
    assert splits.space.shape == (3, 3, 4)
    for part in parts(splits):
        assert part.x.dtype == np.uint8
        assert (part.x == np.array([10, 20, 30]).reshape(1, 3, 1, 1)).all()


def test_black_and_white_images_use_the_whole_range(tmp_path):
    for i in range(4):
        draw(tmp_path / f"{i}.png", 1, mode="1")
    assert values(ImageFolder(str(tmp_path)).splits()) == [[255], [255], [255], [255]]


def test_every_common_format_is_read_and_suffixes_may_be_capitals(tmp_path):
    for name in ("a.PNG", "b.bmp", "c.tif", "d.pgm", "e.jpeg", "f.JPG"):
        draw(tmp_path / name, 200)
    assert sorted(chain(*values(ImageFolder(str(tmp_path)).splits()))) == [200] * 6


def test_class_folders_become_labels_by_sorted_name_and_each_class_is_split_alike(tmp_path):
    for label, name in enumerate(("cat", "dog", "owl")):
        for i in range(7):
            draw(tmp_path / name / f"{i}.png", 10 * label + i)
    splits = ImageFolder(str(tmp_path)).splits()
    assert splits.space.classes == 3
    for part, share in zip(parts(splits), (0.5, 0.1, 0.2, 0.2), strict=True):
        assert (part.y == part.x[:, 0, 0, 0] // 10).all()
        assert np.abs(np.bincount(part.y, minlength=3) - 7 * share).max() <= 1


def test_one_image_outside_the_class_folders_means_no_classes(tmp_path):
    for i in range(6):
        draw(tmp_path / "cat" / f"{i}.png")
    draw(tmp_path / "stray.png")
    assert ImageFolder(str(tmp_path)).splits().space.classes is None


def test_split_folders_are_the_splits_and_classes_are_numbered_over_all_of_them(tmp_path):
    draw(tmp_path / "train" / "owl" / "a.png", 1)
    draw(tmp_path / "valid" / "cat" / "b.png", 2)
    draw(tmp_path / "test" / "owl" / "deeper" / "c.png", 3)
    draw(tmp_path / "held" / "cat" / "d.png", 4)
    splits = ImageFolder(str(tmp_path)).splits()
    assert values(splits) == [[1], [2], [3], [4]]
    assert splits.space.classes == 2
    assert [part.y.tolist() for part in parts(splits)] == [[1], [0], [1], [0]]


def test_split_folders_without_held_give_it_from_train(tmp_path):
    for label, name in enumerate(("cat", "dog")):
        for i in range(20):
            draw(tmp_path / "train" / name / f"{i}.png", 100 * label + i)
        for split in ("valid", "test"):
            draw(tmp_path / split / name / "a.png", 50 + label)
    splits = ImageFolder(str(tmp_path)).splits()
    train, valid, test, held = values(splits)
    assert (len(train), len(held)) == (38, 2)
    assert sorted(train + held) == [*range(20), *range(100, 120)]
    assert (valid, test, splits.held.y.tolist()) == ([50, 51], [50, 51], [0, 1])


def test_the_drawn_split_depends_on_names_alone(tmp_path):
    for i in range(10):
        draw(tmp_path / "a" / f"{i}.png", i)
    for i in reversed(range(10)):
        draw(tmp_path / "b" / f"{i}.png", i)
    a, b = (ImageFolder(str(tmp_path / name)).splits() for name in "ab")
    assert a.sha256 == b.sha256
    assert values(a) != [[1, 4, 5, 8, 9], [0], [2, 6], [3, 7]]  # shuffled, not dealt out in the order of names


def test_hidden_files_and_other_files_are_passed_over_and_links_are_followed(tmp_path):
    for i in range(4):
        draw(tmp_path / "images" / f"{i}.png", i)
    draw(tmp_path / "elsewhere" / "5.png", 5)
    (tmp_path / "images" / "4.png").symlink_to(tmp_path / "elsewhere" / "5.png")
    (tmp_path / "images" / "more").symlink_to(tmp_path / "elsewhere")
    draw(tmp_path / "images" / ".cache" / "9.png", 9)
    draw(tmp_path / "images" / ".9.png", 9)
    (tmp_path / "images" / "labels.csv").write_text("4.png,dog\n")
    splits = ImageFolder(str(tmp_path / "images")).splits()
    assert sorted(chain(*values(splits))) == [0, 1, 2, 3, 5, 5]


def test_a_link_to_the_folder_around_it_is_refused(tmp_path):
    draw(tmp_path / "sub" / "a.png")
    (tmp_path / "sub" / "loop").symlink_to(tmp_path)
    assert "loop is a link to a folder that holds it" in refusal(tmp_path)


def test_a_missing_folder_and_a_folder_without_images_are_refused(tmp_path):
    assert f"no such folder: {tmp_path / 'nowhere'}" in refusal(tmp_path / "nowhere")
    assert f"no images in {tmp_path}" in refusal(tmp_path)
    with pytest.raises(GenbenchError, match="the dataset is written folder:PATH, got folder"):
        ImageFolder("")


def test_a_broken_and_a_cut_off_image_are_named(tmp_path):
    for i in range(4):
        draw(tmp_path / f"{i}.png", size=(64, 64))
    (tmp_path / "2.png").write_text("not an image")
    assert re.search(r"2\.png is not a readable image \(.+\); repair or remove it", refusal(tmp_path))
    (tmp_path / "2.png").unlink()
    whole = (tmp_path / "1.png").read_bytes()
    (tmp_path / "1.png").write_bytes(whole[: len(whole) // 2])
    assert "1.png is not a readable image" in refusal(tmp_path)


def test_images_of_different_sizes_or_modes_are_both_named(tmp_path):
    for i in range(4):
        draw(tmp_path / f"{i}.png")
    draw(tmp_path / "4.png", size=(5, 3))
    assert "0.png is grey 4×3, 4.png is grey 5×3" in refusal(tmp_path)
    draw(tmp_path / "4.png", mode="RGB")
    assert "0.png is grey 4×3, 4.png is RGB 4×3" in refusal(tmp_path)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_an_alpha_channel_is_refused(tmp_path, mode):
    draw(tmp_path / "0.png", mode=mode)
    for i in range(1, 4):
        draw(tmp_path / f"{i}.png")
    assert "0.png has an alpha channel, expected grey or RGB; flatten it" in refusal(tmp_path)


def test_a_transparent_colour_is_an_alpha_channel_too(tmp_path):
    for i in range(3):
        Image.new("L", (4, 3)).save(tmp_path / f"{i}.png", transparency=0)
    assert "has an alpha channel" in refusal(tmp_path)


@pytest.mark.parametrize(("mode", "suffix"), [("I;16", "png"), ("F", "tif"), ("CMYK", "jpg")])
def test_modes_that_would_lose_something_are_refused(tmp_path, mode, suffix):
    for i in range(3):
        draw(tmp_path / f"{i}.{suffix}", mode=mode)
    assert f"0.{suffix} has mode {mode}, expected one grey (8 bit) or RGB image" in refusal(tmp_path)


def test_an_animation_is_refused(tmp_path):
    frames = [Image.new("RGB", (4, 3), (shade, 0, 0)) for shade in (0, 200)]
    for i in range(3):
        frames[0].save(tmp_path / f"{i}.tif", save_all=True, append_images=frames[1:])
    assert "0.tif has several frames" in refusal(tmp_path)


def test_three_images_are_too_few(tmp_path):
    for i in range(2):
        draw(tmp_path / f"{i}.png")
    draw(tmp_path / "2.png")
    assert "every split needs at least one, got train 1, valid 1, test 1, held 0" in refusal(tmp_path)
    draw(tmp_path / "3.png")
    assert [len(part) for part in parts(ImageFolder(str(tmp_path)).splits())] == [1, 1, 1, 1]


def test_an_empty_split_folder_is_refused(tmp_path):
    draw(tmp_path / "train" / "a.png")
    draw(tmp_path / "test" / "a.png")
    (tmp_path / "valid").mkdir()
    assert "every split needs at least one, got train 1, valid 0, test 1" in refusal(tmp_path)


def test_some_of_the_split_folders_are_not_enough(tmp_path):
    draw(tmp_path / "train" / "a.png")
    draw(tmp_path / "test" / "a.png")
    assert "has train and test but not valid" in refusal(tmp_path)


def test_an_image_beside_the_split_folders_is_refused(tmp_path):
    for split in SPLITS:
        draw(tmp_path / split / "a.png")
    draw(tmp_path / "extra" / "b.png")
    assert "extra/b.png lies outside train, valid, test, held" in refusal(tmp_path)
