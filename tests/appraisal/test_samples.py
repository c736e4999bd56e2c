"""Samples that somebody already has: what is read, in which layout, and what is refused in one line."""

import pickle
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays as any_array
from PIL import Image
from safetensors.numpy import save_file

import genbench
from genbench.appraisal import samples
from genbench.errors import GenbenchError
from genbench.files import rows
from genbench.records.space import Space

COLOUR = np.random.default_rng(0).integers(0, 256, (6, 3, 5, 7), dtype=np.uint8)
GREY = COLOUR[:, :1]
DIGITS = Space((1, 8, 8), levels=17, classes=10)


def refusal(source: object, space: Space | None = None, read=samples.read) -> str:
    """The error that reading ends with, checked to be one line."""
    with pytest.raises(GenbenchError) as caught:
        read(source) if read is samples.read_features else read(source, space)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def drawn(folder: Path, x: np.ndarray, suffix: str = "png") -> Path:
    """A folder with an image file for each of the samples [N, C, H, W]."""
    folder.mkdir()
    for i, pixels in enumerate(x):
        Image.fromarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)).save(folder / f"{i}.{suffix}")
    return folder


def png_of_16_bits(path: Path, colour_type: int, channels: int) -> None:
    """A 4×3 PNG of two bytes a channel, as Pillow itself does not write it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 4, 3, 16, colour_type, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes(4 * channels * 2)) * 3)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))


@pytest.mark.parametrize("x", [COLOUR, GREY])
def test_a_folder_of_png_files_holds_the_same_samples_as_the_array(tmp_path, x):
    folder = drawn(tmp_path / "x", x)
    found = samples.read(folder)
    np.testing.assert_array_equal(found.x, x)
    assert (found.space, found.name, found.warnings) == (Space(x.shape[1:]), str(folder), ())
    assert found.sha256 == samples.read(x).sha256
    assert found.sha256 != samples.read(x[::-1]).sha256


def test_jpeg_files_are_read_with_a_warning(tmp_path):
    folder = drawn(tmp_path / "x", COLOUR[:4])
    Image.new("RGB", (7, 5)).save(folder / "lossy.JPG")
    (warning,) = samples.read(folder).warnings
    assert warning.startswith(f"1 of the 5 images in {folder} are JPEG")


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        ("[N, C, H, W]", COLOUR),
        ("[N, H, W, C]", COLOUR.transpose(0, 2, 3, 1)),
        ("int64", COLOUR.astype(np.int64)),
        ("big-endian", COLOUR.astype(">i4")),
        ("not contiguous", COLOUR.transpose(3, 2, 1, 0).copy().T),
    ],
)
def test_every_layout_and_integer_type_gives_the_same_rows(name, layout):
    found = samples.read(layout)
    np.testing.assert_array_equal(found.x, COLOUR)
    assert (found.x.dtype, found.x.flags.c_contiguous) == (np.uint8, True)


def test_grey_samples_may_come_without_a_channel_axis():
    np.testing.assert_array_equal(samples.read(GREY[:, 0]).x, GREY)
    np.testing.assert_array_equal(samples.read(np.zeros((3, 8, 8), int), DIGITS).x, np.zeros((3, 1, 8, 8)))


def test_a_known_shape_settles_what_would_be_ambiguous():
    x = np.zeros((5, 3, 4, 3), np.uint8)
    assert samples.read(x, Space((3, 4, 3))).space.shape == (3, 4, 3)
    assert samples.read(x, Space((3, 3, 4))).space.shape == (3, 3, 4)
    assert "may be [N, C, H, W] or [N, H, W, C]" in refusal(x)
    assert "may be [N, C, H, W] or [N, H, W, C]" in refusal(np.zeros((5, 3, 3, 3), np.uint8), Space((3, 3, 3)))


def test_points_and_sequences_are_rows_of_their_shape():
    points = np.random.default_rng(0).normal(size=(5, 2))
    found = samples.read(points, Space((2,), levels=None))
    assert found.x.dtype == np.float32
    np.testing.assert_array_equal(found.x, points.astype(np.float32))
    assert samples.read(np.full((5, 7), 3), Space((7,), levels=4)).x.dtype == np.uint8


@pytest.mark.parametrize("suffix", ["npy", "npz", "safetensors"])
def test_an_array_file_of_each_kind_is_read(tmp_path, suffix):
    path = tmp_path / f"x.{suffix}"
    if suffix == "npy":
        np.save(path, COLOUR)
    elif suffix == "npz":
        np.savez(path, COLOUR)
    else:
        save_file({"generated": COLOUR}, path)
    found = samples.read(str(path))
    np.testing.assert_array_equal(found.x, COLOUR)
    assert found.name == str(path)


def test_of_several_arrays_the_usual_name_is_taken_else_all_are_listed(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, samples=COLOUR, labels=np.arange(6))
    np.testing.assert_array_equal(samples.read(path).x, COLOUR)
    np.savez(path, fake=COLOUR, real=COLOUR)
    message = (
        f"{path} holds the arrays fake, real; expected one array, or one that is called x or samples or images or arr_0"
    )
    message += "; --key NAME says which is meant"
    assert refusal(path) == message
    np.savez(path, x=COLOUR, samples=COLOUR)
    assert "holds the arrays samples, x" in refusal(path)
    np.savez(path)
    assert "holds no array" in refusal(path)


def test_python_objects_are_never_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    objects = np.array([Trap(), None], dtype=object)
    np.save(tmp_path / "a.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "b.npz", objects)
    (tmp_path / "c.npy").write_bytes(pickle.dumps(Trap()))
    for name in ("a.npy", "b.npz", "c.npy"):
        assert "holds Python objects, which are never unpickled; save one plain" in refusal(tmp_path / name)
    assert "object" in refusal(objects)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("suffix", ["npy", "npz", "safetensors"])
def test_a_cut_off_array_file_is_named(tmp_path, suffix):
    path = tmp_path / f"x.{suffix}"
    writer = {"npy": np.save, "npz": np.savez, "safetensors": lambda path, x: save_file({"x": x}, path)}[suffix]
    writer(path, COLOUR)
    path.write_bytes(path.read_bytes()[:100])
    assert f"{path} is not a readable array file (" in refusal(path)
    path.write_bytes(b"")
    assert refusal(path) == f"{path} is no .{suffix} file: it is empty"


UNIT = COLOUR / 255
FLOATS = {
    "in [0, 1]": (UNIT, "they lie in [0, 1]: multiply by 255 and round to uint8"),
    "in [-1, 1]": (UNIT * 2 - 1, "they lie in [-1, 1]: add 1, multiply by 127.5 and round to uint8"),
    "in [0, 255]": (COLOUR.astype(np.float32), "they lie in [0, 255]: round to uint8"),
    "NaN": (np.where(UNIT > 0.5, np.nan, UNIT), "holds NaN or infinity in"),
    "features": (UNIT[:, 0, 0], "feature vectors go with --features"),
    "bool": (COLOUR > 3, "holds bool [6, 3, 5, 7], expected integers in [0, 256); convert it"),
    "text": (np.array(["a", "b"]), "expected integers in [0, 256); convert it"),
    "complex": (COLOUR * 1j, "expected integers in [0, 256); convert it"),
    "negative": (COLOUR.astype(int) - 1, "holds integers from -1 to "),
    "too large": (COLOUR.astype(int) + 1, " to 256, expected integers in [0, 256)"),
    "one image": (COLOUR[0].transpose(1, 2, 0), "is [5, 7, 3], which reads as one image, expected [N, H, W]"),
    "two channels": (COLOUR[:, :2], "is [6, 2, 5, 7], expected [N, H, W], [N, H, W, C] or [N, C, H, W], with one"),
    "five axes": (COLOUR[None], "is [1, 6, 3, 5, 7], expected [N, H, W]"),
    "a number": (np.array(3), "is [], expected [N, H, W]"),
    "one sample": (COLOUR[:1], "an array holds 1 sample, expected at least 2; draw more samples"),
    "none": (COLOUR[:0], "an array holds 0 sample, expected at least 2; draw more samples"),
    "a list": ([1, 2], "expected a path, a NumPy array or a torch tensor, got a list"),
}


@pytest.mark.parametrize("case", FLOATS)
def test_an_array_that_holds_something_else_is_refused_with_the_way_out(case):
    x, message = FLOATS[case]
    assert message in refusal(x)


def test_levels_are_those_of_the_data():
    assert "from 0 to 17, expected integers in [0, 17)" in refusal(np.arange(128).reshape(2, 8, 8) % 18, DIGITS)
    scaled = np.arange(128).reshape(2, 8, 8) % 17 / 16
    assert "multiply by 16 and round to uint8" in refusal(scaled, DIGITS)
    assert "holds int64 [3, 2], expected finite floats" in refusal(np.ones((3, 2), int), Space((2,), levels=None))
    assert "holds NaN or infinity in 1 rows, row 1 first" in refusal(
        np.array([[0.0], [np.inf], [2.0]]), Space((1,), levels=None)
    )


def test_a_shape_that_is_not_the_datas_is_refused():
    x = np.zeros((4, 28, 28), np.uint8)
    assert "an array is [4, 28, 28], expected samples of 3×32×32 (--resize" in refusal(x, Space((3, 32, 32)))


def test_black_and_white_as_0_and_1_is_warned_of():
    (warning,) = samples.read(np.eye(8, dtype=int)[None].repeat(3, 0)).warnings
    assert "holds 0 and 1 alone, of 256 levels" in warning
    assert samples.read(np.eye(8, dtype=int)[None].repeat(3, 0), Space((1, 8, 8), levels=2)).warnings == ()


def test_a_folder_of_images_is_not_taken_for_data_of_other_levels(tmp_path):
    folder = drawn(tmp_path / "x", GREY)
    assert "images, which have 256 levels, and the data lie in 1×8×8, 17 levels" in refusal(folder, DIGITS)
    assert "holds samples 1×5×7, 256 levels, and what they are compared with is 1×28×28, 256 levels" in refusal(
        folder, Space((1, 28, 28), classes=10)
    )


def test_a_folder_that_holds_splits_is_not_taken_for_one_set(tmp_path):
    for split in ("train", "test"):
        drawn(tmp_path / split, GREY)
    assert f"holds splits, expected one set; name {tmp_path / 'test'}" in refusal(tmp_path)


def test_what_is_wrong_with_images_is_named(tmp_path):
    folder = drawn(tmp_path / "x", COLOUR)
    Image.new("RGB", (9, 5)).save(folder / "7.png")
    assert "images differ: 0.png is RGB 7×5, 7.png is RGB 9×5" in refusal(folder)
    Image.new("RGBA", (4, 5)).save(folder / "7.png")
    assert "7.png has an alpha channel" in refusal(folder)
    (folder / "7.png").write_bytes(b"\x89PNG")
    assert "7.png is not a readable image" in refusal(folder)
    assert "0.png is one image, expected a folder of images" in refusal(folder / "0.png")


@pytest.mark.parametrize(("colour_type", "channels", "word"), [(0, 1, "mode I;16"), (2, 3, "16 bits a channel")])
def test_images_of_16_bits_are_refused_grey_or_colour(tmp_path, colour_type, channels, word):
    for i in range(3):
        png_of_16_bits(tmp_path / f"{i}.png", colour_type, channels)
    assert f"0.png has {word}, expected one grey (8 bit) or RGB image; convert it" in refusal(tmp_path)


def test_a_ppm_of_16_bits_is_refused_and_one_of_8_is_read(tmp_path):
    for i in range(2):
        (tmp_path / f"{i}.ppm").write_bytes(b"P6 4 3 255\n" + bytes(36))
    assert samples.read(tmp_path).x.shape == (2, 3, 3, 4)
    (tmp_path / "0.ppm").write_bytes(b"P6 4 3 65535\n" + bytes(72))
    assert "0.ppm has 16 bits a channel" in refusal(tmp_path)


def test_paths_that_lead_nowhere_are_named(tmp_path):
    assert refusal(tmp_path / "nowhere.npy") == f"no such file or folder: {tmp_path / 'nowhere.npy'}"
    assert "no images in" in refusal(tmp_path)
    (tmp_path / "x.csv").touch()
    assert "x.csv is no array file (known: .npy, .npz, .pt, .pth, .safetensors)" in refusal(tmp_path / "x.csv")


def test_features_are_float32_rows_whatever_their_width_was(tmp_path):
    x = np.random.default_rng(0).normal(size=(9, 3))
    np.savez(tmp_path / "f.npz", features=x, labels=np.zeros(9))
    found = samples.read_features(tmp_path / "f.npz")
    assert (found.x.dtype, found.space) == (np.float32, Space((3,), levels=None))
    np.testing.assert_array_equal(found.x, x.astype(np.float32))
    np.testing.assert_array_equal(samples.read_features(x.astype(np.float16)).x, x.astype(np.float16))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (COLOUR.reshape(6, -1), "holds uint8 [6, 105], expected features: floats [N, d] with N ≥ 2"),
        (UNIT, "holds float64 [6, 3, 5, 7], expected features"),
        (UNIT[:1, 0, 0], "holds float64 [1, 7], expected features: floats [N, d] with N ≥ 2"),
        (np.array([[0.0], [np.nan]]), "holds NaN or infinity in 1 rows, row 1 first; remove or redraw them"),
        (np.array([[0.0], [1e200]]), "holds features up to 1e+200, expected at most 1e+15"),
    ],
)
def test_features_that_are_none_are_refused(x, message):
    assert message in refusal(x, read=samples.read_features)


def test_a_folder_is_no_array_of_features(tmp_path):
    assert "is a folder, expected feature vectors in an array file" in refusal(tmp_path, read=samples.read_features)


@given(st.data())
def test_any_array_becomes_samples_of_its_space_or_one_line(data):
    dtype = data.draw(st.sampled_from([np.uint8, np.int16, np.float32, np.bool_, np.dtype("U1"), np.complex64]))
    shape = data.draw(st.lists(st.integers(0, 5), max_size=5).map(tuple))
    x = data.draw(any_array(dtype, shape))
    try:
        found = samples.read(x)
    except GenbenchError:
        return  # any other error would be one that its user cannot mend
    assert found.x.shape == (len(x), *found.space.shape)
    assert (found.space.is_image, found.x.dtype) == (True, np.uint8)
    assert sorted(found.x.ravel()) == sorted(x.ravel())


def test_a_tensor_is_one_more_array():
    np.testing.assert_array_equal(samples.read(torch.from_numpy(COLOUR)).x, COLOUR)
    found = samples.read_features(torch.arange(6.0, dtype=torch.bfloat16, requires_grad=True).view(3, 2))
    np.testing.assert_array_equal(found.x, np.arange(6, dtype=np.float32).reshape(3, 2))
    assert found.x.dtype == np.float32


def test_labels_beside_images_are_kept_where_they_are_as_many(tmp_path):
    np.savez(tmp_path / "x.npz", images=COLOUR, labels=np.arange(6))
    np.testing.assert_array_equal(samples.read(tmp_path / "x.npz").y, np.arange(6))
    np.savez(tmp_path / "x.npz", images=COLOUR, labels=np.arange(5))
    assert samples.read(tmp_path / "x.npz").y is None


def test_a_key_of_a_folder_is_refused(tmp_path):
    message = f"--key x names an array in a file, and {tmp_path} is a folder; leave it out"
    with pytest.raises(GenbenchError, match=message):
        samples.read(tmp_path, None, samples.How(key="x"))


@pytest.mark.parametrize("scores", ["kid,mind", "fd,memorisation"])
def test_streamed_samples_score_as_kept_ones(tmp_path, monkeypatch, scores):
    x = np.random.default_rng(0).integers(0, 256, (3, 60, 3, 4, 4), dtype=np.uint8)
    folder = drawn(tmp_path / "folder", x[0])
    np.save(tmp_path / "real.npy", x[1].transpose(0, 2, 3, 1))
    options = {"reference": tmp_path / "real.npy", "train": x[2], "extractor": "pixels", "scores": scores}
    kept = genbench.score(folder, **options)
    monkeypatch.setattr(rows, "KEPT", 0)
    assert not isinstance(samples.read(tmp_path / "real.npy").x, np.ndarray)
    assert genbench.score(folder, **options) == kept
