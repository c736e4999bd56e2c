"""Resizing: each transform against the tool that it is named for, and what of it joins a score's identity."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x

import genbench
from genbench.errors import GenbenchError
from genbench.scoring.resizing import (
    TRANSFORMS,
    Resize,
    bicubic,
    centre_crop,
    centre_square,
    resize_named,
    tf1_bilinear,
)

RNG = np.random.default_rng(0)
SIZES = [(7, 5), (30, 41), (12, 20), (3, 64)]


def picture(channels: int = 3, height: int = 20, width: int = 17) -> np.ndarray:
    """Blots with sharp edges, which overshoot under a bicubic filter."""
    return RNG.choice([0, 255, 128], (channels, height, width)).astype(np.uint8)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3])
def test_tf1_bilinear_is_torch_fidelitys_to_half_a_level(channels, size):
    x = picture(channels)
    theirs = interpolate_bilinear_2d_like_tensorflow1x(torch.from_numpy(x)[None].float(), size, align_corners=False)[0]
    found = tf1_bilinear(x, size)
    assert (found.shape, found.dtype) == ((channels, *size), np.uint8)
    assert np.abs(found - theirs.numpy()).max() <= 0.5  # the nearest level


@pytest.mark.parametrize("size", SIZES)
def test_bicubic_is_pillows_on_single_channels_in_float32_clipped_as_clean_fid_does(size):
    x = picture()
    floats = [Image.fromarray(c.astype(np.float32)) for c in x]
    theirs = np.stack([np.asarray(c.resize((size[1], size[0]), Image.Resampling.BICUBIC)) for c in floats])
    assert theirs.dtype == np.float32
    if size == (30, 41):
        assert theirs.min() < 0 < 255 < theirs.max()  # so that clipping is asked for
    assert np.abs(bicubic(x, size) - np.clip(theirs, 0, 255)).max() <= 0.5
    # Pillow on 8 bits rounds between its two passes: that is another filter.
    eight = Image.fromarray(x.transpose(1, 2, 0)).resize((size[1], size[0]), Image.Resampling.BICUBIC)
    assert (np.asarray(eight).transpose(2, 0, 1) != bicubic(x, size)).any()


def test_bicubic_averages_where_it_makes_smaller_and_tf1_bilinear_does_not():
    x = np.zeros((1, 64, 64), np.uint8)
    x[:, ::2] = 254  # stripes of one pixel
    assert np.ptp(bicubic(x, (8, 8))[:, 2:-2]) <= 2
    assert set(np.unique(tf1_bilinear(x, (8, 8)))) == {254}  # each eighth row


@pytest.mark.parametrize(("height", "width", "top", "left"), [(6, 6, 0, 1), (5, 6, 0, 1), (7, 9, 0, 2)])
def test_centre_crop_takes_the_pixels_in_the_middle(height, width, top, left):
    x = picture(1, height, width)
    np.testing.assert_array_equal(centre_crop(x, (5, 4)), x[:, (height - 5) // 2 :][:, :5, left : left + 4])


def test_centre_crop_of_what_is_smaller_is_refused():
    with pytest.raises(GenbenchError, match="centre-crop to 5×4 needs images of at least that size, got 4×9"):
        centre_crop(picture(1, 4, 9), (5, 4))


def test_centre_square_crops_to_the_proportions_and_then_resizes():
    x = picture(3, 40, 20)
    np.testing.assert_array_equal(centre_square(x, (10, 10)), bicubic(x[:, 10:30], (10, 10)))
    np.testing.assert_array_equal(centre_square(x, (10, 5)), bicubic(x, (10, 5)))


@pytest.mark.parametrize("name", TRANSFORMS)
def test_an_image_of_the_wanted_size_stays_as_it_is(name):
    x = picture()
    np.testing.assert_array_equal(Resize(name, (20, 17))(x), x)


def test_what_the_option_says():
    assert resize_named("bicubic") == Resize("bicubic")
    assert resize_named("bicubic:32") == Resize("bicubic", (32, 32))
    assert resize_named("tf1-bilinear:32x48").identity == "tf1-bilinear/1/32×48"
    for text in ("bicubic:", "bicubic:0", "bicubic:3x4x5", "bicubic:-3", "bicubic:1e9", "bicubic:99999"):
        with pytest.raises(GenbenchError, match="--resize takes NAME, NAME:SIDE or NAME:HEIGHTxWIDTH in pixels, got"):
            resize_named(text)
    with pytest.raises(GenbenchError, match="no resizing is named 'bicubik'; did you mean 'bicubic'"):
        resize_named("bicubik")


LARGE = RNG.integers(0, 256, (40, 12, 10, 3), dtype=np.uint8)
SMALL = RNG.integers(0, 256, (40, 3, 6, 4), dtype=np.uint8)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_resized_samples_score_as_those_that_were_resized_before_and_say_so(tmp_path, name):
    by_hand = np.stack([TRANSFORMS[name](x.transpose(2, 0, 1), (6, 4)) for x in LARGE])
    options = {"reference": SMALL, "extractor": "pixels", "scores": "kid,mind"}
    found = genbench.score(LARGE, resize=name, **options)
    before = genbench.score(by_hand, **options)
    assert found.scores["kid"].value == before.scores["kid"].value != 0
    assert found.scores["kid"].extractor == f"pixels/1/no-weights+{name}/1/6×4" == found.identity.extractor
    assert found.identity.resize == f"{name}/1/6×4"
    assert (before.identity.resize, before.identity.extractor) == (None, "pixels/1/no-weights")
    for i, pixels in enumerate(LARGE):
        Image.fromarray(pixels).save(tmp_path / f"{i:02}.png")
    folder = genbench.score(tmp_path, resize=name, **options)
    assert folder.scores == found.scores
    with pytest.raises(GenbenchError, match="12, 10, 3], expected samples of 3×6×4"):
        genbench.score(LARGE, **options)


def test_images_of_many_sizes_on_both_sides_are_brought_to_the_size_that_is_said(tmp_path):
    for name, side in (("a", 12), ("b", 15)):
        (tmp_path / name).mkdir()
        for i in range(12):
            pixels = RNG.integers(0, 256, (side + i, side, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / name / f"{i:02}.png")
    options = {"reference": tmp_path / "b", "extractor": "pixels", "scores": "kid"}
    found = genbench.score(tmp_path / "a", resize="centre-square:8", **options)
    assert found.identity.resize == "centre-square/1/8×8"
    with pytest.raises(GenbenchError, match=r"images differ: 00.png is RGB 15×15"):
        genbench.score(tmp_path / "a", resize="centre-square", **options)


def test_what_cannot_be_resized_is_one_line():
    digits = np.zeros((9, 8, 8), np.uint8)
    with pytest.raises(GenbenchError, match="--resize goes with images of 256 levels, and the data lie in 1×8×8, 17"):
        genbench.score(digits, dataset="digits", resize="bicubic")
    with pytest.raises(GenbenchError, match="--resize and --upright are of images, and --features are none"):
        genbench.score(features=np.zeros((9, 2)), reference=np.zeros((9, 2)), resize="bicubic")
