"""Folders of images: what is turned, lossy by content, a pipe, or an image in name alone; many are streamed."""

import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from genbench.errors import GenbenchError
from genbench.files import images, rows
from genbench.files.images import Reading
from genbench.scoring.samples import rows_sha256

RNG = np.random.default_rng(0)
SMOOTH = np.clip(np.linspace(0, 255, 16)[:, None] + RNG.integers(-20, 20, (16, 12)), 0, 255).astype(np.uint8)
ORIENTATION = 0x0112
# What an image whose stored rows and columns are turned so has to be turned by to be shown upright.
STORED = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.T,
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].T,
    8: lambda a: np.rot90(a, -1),
}


def stored_turned(path: Path, orientation: int) -> None:
    tag = Image.Exif()
    tag[ORIENTATION] = orientation
    Image.fromarray(np.ascontiguousarray(STORED.get(orientation, lambda a: a)(SMOOTH))).save(path, exif=tag, quality=95)


def read(folder: Path, reading: Reading = images.AS_STORED) -> np.ndarray:
    return images.stacked(folder, images.found(folder), reading)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
@pytest.mark.parametrize("orientation", STORED)
def test_an_image_that_is_stored_turned_is_refused_or_turned_as_asked(tmp_path, suffix, orientation):
    stored_turned(tmp_path / f"a.{suffix}", orientation)
    with pytest.raises(GenbenchError, match=rf"a.{suffix} is stored turned \(EXIF orientation {orientation}\)"):
        read(tmp_path)
    (upright,) = read(tmp_path, Reading(upright=True))
    assert upright.shape[1:] == SMOOTH.shape
    # JPEG and WebP move pixels of this noise by some tens; a wrong turn moves many by a hundred and more.
    assert np.abs(upright[0].astype(int) - SMOOTH).mean() < 20
    if suffix == "png":
        np.testing.assert_array_equal(upright[0], SMOOTH)


@pytest.mark.parametrize("orientation", STORED)
def test_a_tiff_that_is_stored_turned_is_refused_whatever_is_asked(tmp_path, orientation):
    stored_turned(tmp_path / "a.tiff", orientation)
    for reading in (images.AS_STORED, Reading(upright=True)):
        with pytest.raises(
            GenbenchError, match=rf"a.tiff is a TIFF that is stored turned \(orientation {orientation}\)"
        ):
            read(tmp_path, reading)


@pytest.mark.parametrize("orientation", [0, 1, 9])
def test_a_tag_that_turns_nothing_is_no_matter(tmp_path, orientation):
    stored_turned(tmp_path / "a.png", orientation)
    np.testing.assert_array_equal(read(tmp_path)[0, 0], SMOOTH)


def test_a_block_that_is_no_exif_is_no_matter(tmp_path):
    Image.fromarray(SMOOTH).save(tmp_path / "a.png", exif=b"Exif\0\0garbage that is no TIFF header")
    np.testing.assert_array_equal(read(tmp_path)[0, 0], SMOOTH)


LOSSY = {
    "a.jpg": ({}, True),
    "named.png": ({"format": "JPEG"}, True),
    "lossy.webp": ({"quality": 5}, True),
    "exact.webp": ({"lossless": True}, False),
    "jpeg.tiff": ({"compression": "jpeg"}, True),
    "deflate.tiff": ({"compression": "tiff_adobe_deflate"}, False),
    "plain.tif": ({}, False),
    "a.png": ({}, False),
    "png.jpg": ({"format": "PNG"}, False),
    "a.bmp": ({}, False),
}


@pytest.mark.parametrize("name", LOSSY)
def test_losses_are_told_by_content_and_not_by_the_suffix(tmp_path, name):
    options, lossy = LOSSY[name]
    Image.fromarray(np.stack([SMOOTH] * 3, 2)).save(tmp_path / name, **options)
    assert images.lossy(tmp_path, [name]) == lossy
    if not lossy:
        np.testing.assert_array_equal(read(tmp_path)[0, 0], SMOOTH)


def test_a_lossy_webp_with_a_colour_profile_is_told_too(tmp_path):
    picture = Image.fromarray(np.stack([SMOOTH] * 3, 2))
    for name, lossless in (("a.webp", False), ("b.webp", True)):
        picture.save(tmp_path / name, lossless=lossless, icc_profile=b"profile", exif=b"Exif\0\0MM\0*")
    assert [images.lossy(tmp_path, [name]) for name in ("a.webp", "b.webp")] == [1, 0]


def test_pipes_sockets_and_devices_are_passed_over_and_links_to_nowhere_are_told_of(tmp_path):
    Image.fromarray(SMOOTH).save(tmp_path / "a.png")
    os.mkfifo(tmp_path / "b.png")
    (tmp_path / "c.png").symlink_to("/dev/zero")
    assert images.found(tmp_path) == ["a.png"]
    (tmp_path / "d.png").symlink_to(tmp_path / "nowhere")
    with pytest.raises(GenbenchError, match=r"d.png is not a readable image"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"version https://git-lfs.github.com/spec/v1\n", "it is a Git LFS pointer"),
        (b"<!doctype html>", "it is a web page"),
        (b"", "it is empty"),
    ],
)
def test_what_is_no_image_is_named_for_what_it_is(tmp_path, data, words):
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(GenbenchError) as caught:
        read(tmp_path)
    assert f"a.png is not a readable image ({words}" in str(caught.value)


def drawn(folder: Path, count: int) -> np.ndarray:
    x = RNG.integers(0, 256, (count, 64, 64), dtype=np.uint8)
    for i, pixels in enumerate(x):
        Image.fromarray(pixels).save(folder / f"{i:03}.png", compress_level=0)
    return x[:, None]


def test_many_images_are_the_same_rows_with_the_same_hash_whether_kept_or_streamed(tmp_path, monkeypatch):
    x = drawn(tmp_path, 30)
    kept = read(tmp_path)
    monkeypatch.setattr(rows, "KEPT", 0)
    streamed = read(tmp_path)
    assert isinstance(kept, np.ndarray)
    assert not isinstance(streamed, np.ndarray)
    np.testing.assert_array_equal(np.asarray(streamed), x)
    np.testing.assert_array_equal(streamed[7:19], x[7:19])
    np.testing.assert_array_equal(streamed[np.array([3, 1])], x[[3, 1]])
    assert rows_sha256(streamed) == rows_sha256(kept) == rows_sha256(x)


def test_the_memory_of_a_streamed_pass_does_not_grow_with_the_number_of_images(tmp_path, monkeypatch):
    monkeypatch.setattr(rows, "KEPT", 0)
    peaks = []
    for count in (40, 160):
        (tmp_path / str(count)).mkdir()
        drawn(tmp_path / str(count), count)
        streamed = read(tmp_path / str(count))
        tracemalloc.start()
        for _ in rows.blocks(streamed, at_once=8 * 64 * 64):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 64 * 64 * 40  # 120 images more, which are 490 kB


def test_rows_behave_as_the_array_that_they_stand_for():
    x = RNG.integers(0, 9, (7, 2, 3))
    lazy = rows.Rows(x.shape, x.dtype, lambda start, stop: x[start:stop])
    assert (len(lazy), lazy.shape, lazy.ndim, lazy.mean()) == (7, (7, 2, 3), 3, x.mean())
    np.testing.assert_array_equal(lazy + 1, x + 1)
    np.testing.assert_array_equal(np.stack(list(lazy)), x)
    np.testing.assert_array_equal(lazy[-1], x[-1])
    np.testing.assert_array_equal(lazy.reshape(7, -1), x.reshape(7, -1))
    joined = rows.joined([x[:3], x[3:3], x[3:]])
    np.testing.assert_array_equal(joined[2:5], x[2:5])
    assert rows_sha256(joined) == rows_sha256(x)
