"""Two domains made of one data set: what each change does to pixels, and that no row is ever seen in both."""

from pathlib import Path

import numpy as np
import pytest

from genbench.builtin.datasets.digits import Digits
from genbench.builtin.datasets.styles import STYLES, DigitsStyles, bold, edges, outlined, slanted, two_domains
from genbench.contracts.dataset import SPLITS, Examples, Splits
from genbench.errors import GenbenchError
from genbench.protocol.inputs import SplitFiles
from genbench.records.space import Space
from genbench.store import datasets

DIGITS = "fcb92f3a94ff20870af770d0cb0d7bdab8c8142853d64d0535633ca3043b4905"


def image(*rows: str) -> np.ndarray:
    return np.array([[[[int(level) for level in row] for row in rows]]], np.uint8)


@pytest.fixture(scope="module")
def splits():
    return DigitsStyles("bold").splits()


def test_bold_strokes_are_a_pixel_wider():
    assert np.array_equal(bold(image("0100", "0030", "0005")), image("0110", "0033", "0005"))


def test_an_outline_is_what_lies_around():
    x = image("00000", "00400", "00400", "00000")
    assert np.array_equal(outlined(x), image("00400", "04040", "04040", "00400"))


def test_a_slant_moves_the_highest_row_to_the_right_and_the_lowest_as_far_to_the_left():
    x = np.zeros((1, 1, 8, 8), np.uint8)
    x[..., 3] = 14
    moved = slanted(x)[0, 0]
    centre = (moved * np.arange(8)).sum(1) / moved.sum(1)
    assert centre == pytest.approx(3 + 1.5 - 3 * np.arange(8) / 7, abs=0.04)  # but for rounded levels
    assert (np.abs(moved.sum(1).astype(int) - 14) <= 1).all()


def test_edges_are_where_levels_change_and_the_border_is_one():
    x = np.full((1, 1, 5, 5), 7, np.uint8)
    expected = x.copy()
    expected[..., 1:-1, 1:-1] = 0
    assert np.array_equal(edges(x), expected)


@pytest.mark.parametrize("change", [*STYLES.values(), edges])
def test_a_change_stays_in_range_and_changes_no_input(change):
    x = Digits().splits().test.x
    before = x.copy()
    found = change(x)
    assert found.dtype == x.dtype
    assert found.max() <= 16
    assert np.array_equal(x, before)
    assert (found != x).any(axis=(1, 2, 3)).mean() > 0.99


def test_no_row_is_in_both_domains_or_in_two_splits(splits):
    """Of each row the plain form is known, by itself or by its pair: these are the digits, each in its split."""
    source = Digits().splits()
    for name in SPLITS:
        rows, plain = getattr(splits, name), getattr(source, name)
        pair = rows.attributes["pair"]
        is_bold = (rows.y == 1)[:, None, None, None]
        assert np.array_equal(np.where(is_bold, pair, rows.x), plain.x)
        assert np.array_equal(np.where(is_bold, rows.x, pair), bold(plain.x))
        assert np.array_equal(rows.attributes["class"], plain.y)
        assert abs(rows.y.mean() - 0.5) < 0.002
        per_class = [rows.y[plain.y == label].mean() for label in range(10)]
        assert per_class == pytest.approx([0.5] * 10, abs=0.02)


def test_the_same_rows_are_changed_each_time_and_whatever_the_style(splits):
    assert DigitsStyles("bold").splits().sha256 == splits.sha256
    assert np.array_equal(DigitsStyles("outlined").splits().train.y, splits.train.y)


def test_an_unknown_style_is_refused_with_those_that_there_are():
    with pytest.raises(GenbenchError, match="no style is named 'bolt'; did you mean 'bold'"):
        DigitsStyles("bolt")
    with pytest.raises(GenbenchError, match="written digits-styles:STYLE"):
        DigitsStyles()


def test_data_of_which_nothing_else_is_known_keep_their_identity():
    assert Digits().splits().sha256 == DIGITS


def small(**attributes: np.ndarray) -> Splits:
    parts = [Examples(np.full((3, 2), i, np.uint8), None, attributes) for i in range(4)]
    return Splits(Space((2,), levels=9), *parts)


def test_what_is_known_of_rows_is_part_of_the_identity():
    found = {
        small().sha256,
        small(a=np.arange(3)).sha256,
        small(b=np.arange(3)).sha256,
        small(a=np.arange(3)[::-1]).sha256,
        small(a=np.arange(3).astype(float)).sha256,
    }
    assert len(found) == 5


def test_what_is_known_goes_along_with_its_row_and_is_of_each():
    rows = small(a=np.array([5, 6, 7])).train.rows(np.array([2, 0]))
    assert rows.attributes["a"].tolist() == [7, 5]
    with pytest.raises(ValueError, match="train: a is known of each of 3 rows, got 2 int64"):
        small(a=np.arange(2))


def test_whoever_sees_held_may_read_what_is_known_and_nobody_else(splits, tmp_path):
    """What a plugin's process may open is a list of files: those of its splits, and never this one."""
    datasets.write(splits, tmp_path)
    datasets.verify(tmp_path)
    whole = datasets.read_whole(tmp_path)
    assert whole.sha256 == splits.sha256
    assert np.array_equal(whole.test.attributes["pair"], splits.test.attributes["pair"])
    assert datasets.read(tmp_path, "train").attributes == {}
    named = [SplitFiles(str(tmp_path), "", names).reads for names in (("train", "valid"), ("test",), SPLITS, ())]
    known = [any(Path(file).name == datasets.ATTRIBUTES for file in files) for files in named]
    assert known == [False, False, True, False]


def test_other_attributes_than_were_laid_down_are_noticed(splits, tmp_path):
    datasets.write(splits, tmp_path)
    with np.load(tmp_path / datasets.ATTRIBUTES) as file:
        known = {name: file[name] for name in file}
    np.savez(tmp_path / datasets.ATTRIBUTES, **known | {"test.class": splits.test.y})
    with pytest.raises(GenbenchError, match="not as they were written"):
        datasets.verify(tmp_path)


def test_halves_are_drawn_within_classes():
    x = np.arange(40, dtype=np.uint8).reshape(40, 1, 1, 1)
    rows = Examples(x, np.repeat([0, 1], 20))
    found = two_domains(Splits(Space((1, 1, 1), classes=2), rows, rows, rows, rows), lambda x: x + 100, "test")
    assert [found.train.y[:20].sum(), found.train.y[20:].sum()] == [10, 10]
    assert np.array_equal(found.train.x[:, 0, 0, 0], np.arange(40) + 100 * found.train.y)
