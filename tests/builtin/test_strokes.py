"""Strokes: bars of known ink and slant, the words for them, and the digits whose captions are made so."""

import itertools

import numpy as np
import pytest

from genbench.builtin.datasets import strokes
from genbench.builtin.datasets.digits import Digits
from genbench.builtin.datasets.digits_captions import HELD_OUT, DigitsCaptions
from genbench.contracts.dataset import SPLITS, Examples, Splits
from genbench.errors import GenbenchError
from genbench.records.space import Space
from genbench.store import datasets

DIGITS, CAPTIONED = Digits().splits(), DigitsCaptions().splits()


def bar(angle: float, thickness: int = 1, side: int = 41) -> np.ndarray:
    """A bar that leans to the right by an angle from the vertical, in degrees: [1, 1, side, side + 2].

    What lies between two columns is shared by them, so that the middle of each row is exact.
    """
    middle = side / 2 + np.tan(np.radians(angle)) * (side // 2 - np.arange(side))  # of each row, from the top
    x = np.zeros((side, side + 2))
    for row, centre in enumerate(middle):
        left, part = int(centre), centre % 1
        for column in range(left, left + thickness):
            x[row, column : column + 2] += 1 - part, part
    return x[None, None]


@pytest.mark.parametrize("thickness", [1, 4])
@pytest.mark.parametrize("angle", [-30, -5.2, 0, 0.7, 12, 40])
def test_a_bar_leans_as_it_was_drawn(angle, thickness):
    x = bar(angle, thickness)
    assert strokes.slant(x) == pytest.approx(angle, abs=1e-9)
    assert strokes.slant(7 * x) == pytest.approx(angle, abs=1e-9)  # however bright
    assert strokes.slant(x[..., ::-1]) == pytest.approx(-angle, abs=1e-9)
    assert strokes.ink(x) == pytest.approx(41 * thickness)


def test_who_leans_nowhere_is_upright():
    x = np.zeros((3, 1, 8, 8), np.uint8)
    x[1, 0, 3, 2:6] = 16  # a lying stroke
    x[2, 0, 4, 4] = 1
    assert strokes.slant(x).tolist() == [0, 0, 0]
    assert strokes.attributes(x, np.array([0, 1, 2])).tolist() == [[0, 0, 1], [1, 0, 1], [2, 0, 1]]


def test_each_image_is_measured_by_itself():
    whole = strokes.slant(DIGITS.test.x)
    assert np.allclose([strokes.slant(x[None])[0] for x in DIGITS.test.x[:20]], whole[:20])


def test_the_bounds_are_the_median_and_the_terciles_of_training_rows():
    x = DIGITS.train.x
    assert np.quantile(strokes.ink(x), 0.5) == strokes.INK_BOUNDS[0]
    assert np.quantile(strokes.slant(x), [1 / 3, 2 / 3]) == pytest.approx(strokes.SLANT_BOUNDS, abs=0.005)


def test_ink_at_its_bound_is_thin_and_one_level_more_is_bold():
    x = np.zeros((2, 1, 8, 8), np.uint8)
    x[:, 0, :5] = 8  # 40 entries
    x[0, 0, 0, 0] = 8 - 10 % 8
    x[:, 0, :5] = 7  # 280
    x[:, 0, 5, :3] = 10  # 310
    x[1, 0, 6, 0] = 1
    assert strokes.ink(x).tolist() == [310, 311]
    assert strokes.attributes(x, np.zeros(2, np.int64))[:, 1].tolist() == [0, 1]


def test_every_combination_has_a_caption_of_its_own_that_says_it():
    every = np.array([*itertools.product(range(10), range(2), range(3))])
    captions = [strokes.caption(*row) for row in every.tolist()]
    assert len({*captions}) == 60
    assert strokes.told(captions).tolist() == every.tolist()
    assert strokes.caption(7, 1, 0) == "a bold seven leaning left"


@pytest.mark.parametrize("text", ["", "a bold seven", "a bold seven leaning left.", "A thin one upright", "a red one"])
def test_a_caption_of_another_form_is_refused(text):
    with pytest.raises(ValueError, match="expected captions such as 'a bold seven leaning left', got"):
        strokes.told([text])


def test_captions_say_what_is_to_be_seen():
    for name in ("test", "held"):
        rows, known = getattr(CAPTIONED, name), getattr(DIGITS, name)
        assert rows.y is None
        np.testing.assert_array_equal(rows.x, known.x)
        assert strokes.told(rows.captions.tolist()).tolist() == strokes.attributes(known.x, known.y).tolist()


def test_combinations_that_are_held_out_are_in_no_row_that_a_model_sees_and_each_of_their_words_is():
    for name in ("train", "valid"):
        rows, known = getattr(CAPTIONED, name), getattr(DIGITS, name)
        told = [strokes.caption(*row) for row in strokes.attributes(known.x, known.y).tolist()]
        out = np.isin(told, HELD_OUT)
        np.testing.assert_array_equal(rows.x, known.x[~out])
        assert rows.captions.tolist() == [text for text, left in zip(told, out, strict=True) if not left]
        assert out.sum() > 40
        assert {word for text in HELD_OUT for word in text.split()} <= {w for t in rows.captions for w in t.split()}
    for name in ("test", "held"):
        assert {*HELD_OUT} <= {*getattr(CAPTIONED, name).captions.tolist()}
    seen = {tuple(row) for row in strokes.told(CAPTIONED.train.captions.tolist()).tolist()}
    for digit, of_ink, of_slant in strokes.told(HELD_OUT).tolist():
        assert {(digit, of_ink)} <= {(d, i) for d, i, _ in seen}
        assert {(digit, of_slant)} <= {(d, s) for d, _, s in seen}


def test_captions_belong_to_the_identity_of_data_that_have_some_and_others_keep_theirs():
    assert DIGITS.sha256 == "fcb92f3a94ff20870af770d0cb0d7bdab8c8142853d64d0535633ca3043b4905"
    parts = {name: getattr(CAPTIONED, name) for name in SPLITS}
    parts["test"] = Examples(parts["test"].x, captions=parts["test"].captions[::-1])
    assert len({CAPTIONED.sha256, DigitsCaptions().splits().sha256}) == 1
    assert Splits(CAPTIONED.space, **parts).sha256 != CAPTIONED.sha256


def test_captions_are_laid_down_with_their_rows_and_a_spoilt_one_is_seen(tmp_path):
    datasets.write(CAPTIONED, tmp_path)
    datasets.verify(tmp_path)
    assert datasets.read(tmp_path, "test").captions.tolist() == CAPTIONED.test.captions.tolist()
    texts = CAPTIONED.train.captions.copy()
    texts[0] = "a thin zero leaning left" if texts[0] != "a thin zero leaning left" else "a bold one upright"
    np.save(tmp_path / "train.captions.npy", texts)
    with pytest.raises(GenbenchError, match="not as they were written"):
        datasets.verify(tmp_path)
    (tmp_path / "train.captions.npy").unlink()
    with pytest.raises(GenbenchError, match=r"cannot be read .captions: either all splits have some or none has"):
        datasets.verify(tmp_path)


@pytest.mark.parametrize("captions", [np.array(["a", ""]), np.array(["a"]), np.array([1, 2]), np.array([b"a", b"b"])])
def test_captions_of_another_form_are_refused(captions):
    rows = Examples(np.zeros((2, 1), np.uint8), captions=captions)
    with pytest.raises(ValueError, match=r"train: captions are \[N\] texts"):
        Splits(Space((1,)), rows, rows, rows, rows)
