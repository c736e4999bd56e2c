"""Splits: four of them in one Space; a dataset that gives no held split has it cut from train."""

import numpy as np
import pytest

from genbench.contracts.dataset import Examples, Splits
from genbench.errors import GenbenchError
from genbench.records.space import Space

SPACE = Space((2,), levels=256, classes=2)


def rows(first: int, count: int, classes: int = 2) -> Examples:
    """Rows that all differ, of classes that take turns."""
    x = np.stack([np.arange(first, first + count), np.arange(count)], 1).astype(np.uint8)
    return Examples(x, np.arange(count) % classes)


def test_held_is_cut_from_train_with_the_same_share_of_each_class():
    splits = Splits(SPACE, rows(0, 100), rows(100, 10), rows(110, 20))
    assert (len(splits.train), len(splits.held)) == (80, 20)
    assert np.bincount(splits.held.y).tolist() == [10, 10]
    both = np.concatenate([splits.train.x, splits.held.x])
    assert sorted(both[:, 0].tolist()) == list(range(100))
    labels = np.concatenate([splits.train.y, splits.held.y])
    np.testing.assert_array_equal(labels, both[:, 0] % 2)
    assert splits.sha256 == Splits(SPACE, rows(0, 100), rows(100, 10), rows(110, 20)).sha256


def test_no_more_than_a_quarter_of_train_is_cut():
    splits = Splits(SPACE, rows(0, 100), rows(100, 10), rows(110, 90))
    assert (len(splits.train), len(splits.held)) == (75, 25)


def test_what_a_dataset_gives_as_held_is_held():
    held = rows(200, 5)
    splits = Splits(SPACE, rows(0, 100), rows(100, 10), rows(110, 90), held)
    assert len(splits.train) == 100
    assert splits.held is held


def test_the_identity_depends_on_held():
    given = SPACE, rows(0, 100), rows(100, 10), rows(110, 90)
    assert Splits(*given, rows(200, 5)).sha256 != Splits(*given, rows(201, 5)).sha256


def test_rows_without_labels_are_cut_as_well():
    space = Space((2,), levels=256)
    splits = Splits(space, *(Examples(rows(first, 40).x) for first in (0, 40, 80)))
    assert (len(splits.train), len(splits.held), splits.held.y) == (30, 10, None)


def test_a_train_split_that_is_too_small_is_told_with_the_way_out():
    with pytest.raises(GenbenchError) as caught:
        Splits(SPACE, rows(0, 3), rows(100, 10), rows(110, 90))
    assert str(caught.value) == (
        "held: expected rows that no model ever sees, got none, and train has too few rows (3) to cut them from it; "
        "give Splits(space, train, valid, test, held)"
    )


def test_a_held_split_outside_the_space_is_refused():
    with pytest.raises(ValueError, match="held: labels are"):
        Splits(SPACE, rows(0, 100), rows(100, 10), rows(110, 90), rows(200, 5, classes=3))


def test_rows_that_go_on_after_their_end_are_refused():
    space = Space((3,), levels=4, end=0)
    good, bad = (Examples(np.array([row], np.uint8)) for row in ([1, 0, 0], [1, 0, 2]))
    with pytest.raises(ValueError, match="valid: holds 1 of 1 rows that go on after their end"):
        Splits(space, good, bad, good, good)


def test_an_end_and_symbols_are_of_the_identity_and_where_there_are_none_the_hash_is_that_of_before():
    row = Examples(np.array([[1, 0, 0]], np.uint8))
    spaces = [Space((3,), levels=4, **told) for told in ({}, {"end": 0}, {"symbols": ".abc"})]
    hashes = [Splits(space, row, row, row, row).sha256 for space in spaces]
    assert len({*hashes}) == 3
    assert hashes[0] == "db3e469e16636b2758fca7e15cf693234ba19e15acb032cbfa4d4a1667270d30"
