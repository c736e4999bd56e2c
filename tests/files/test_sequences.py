"""Sequences: what is told, what is cut, and what is refused, beside a loop over every entry."""

import itertools

import numpy as np
import pytest

from genbench.files.sequences import cut, fault, token_counts, told

EVERY = np.array(list(itertools.product(range(3), repeat=4)))


def by_hand(row: list[int], end: int) -> int:
    """Tokens of a row, the end counted."""
    return row.index(end) + 1 if end in row else len(row)


@pytest.mark.parametrize("end", [0, 2])
def test_a_row_tells_its_tokens_up_to_the_first_end(end: int):
    counts = [by_hand(row, end) for row in EVERY.tolist()]
    assert token_counts(EVERY, end).tolist() == counts
    assert told(EVERY, end).tolist() == [[place < count for place in range(4)] for count in counts]


@pytest.mark.parametrize("end", [0, 2])
def test_a_cut_row_tells_the_same_and_is_then_no_fault(end: int):
    own = cut(EVERY, end)
    for row, short in zip(EVERY.tolist(), own.tolist(), strict=True):
        count = by_hand(row, end)
        assert short == row[:count] + [end] * (4 - count)
    assert fault(own, end) == ""
    assert len(np.unique(own, axis=0)) == sum(2**k for k in range(5))  # words of 0 to 4 letters


def test_without_an_end_all_is_told_and_nothing_cut():
    assert token_counts(EVERY, None).tolist() == [4] * 81
    assert np.array_equal(cut(EVERY, None), EVERY)
    assert fault(EVERY, None) == ""


def test_what_goes_on_after_its_end_is_named_with_the_way_out():
    x = np.array([[1, 2, 0, 0], [1, 0, 0, 2], [0, 1, 0, 1]])
    assert fault(x, 0) == (
        "2 of 3 rows that go on after their end (row 1 first, which goes on with 2 at place 3), expected nothing but 0 "
        "after the first 0; fill up with it what follows"
    )
