"""Hits: the exact chance beside a count of all assignments, and who is flagged."""

from itertools import combinations
from math import comb

import numpy as np
import pytest

from genbench.geometry.hits import Hits, hits


def rows(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.uint8)[:, None]


def test_different_rows_count_once_and_samples_each_time():
    found = hits(rows(1, 1, 2, 7, 9), rows(1, 2, 3, 5), rows(5, 7, 8))
    assert found == Hits(5, 3, 1, 2, 1, 3, 2)  # 5 is in both, and counts for neither
    assert found.ratio == pytest.approx((2.5 / 4) / (1.5 / 3))
    assert (found.share, found.expected) == (0.6, pytest.approx(1 * 3 / 2 / 5))


def test_the_chance_is_that_of_all_ways_to_share_rows_out():
    found = Hits(10, 4, 1, 4, 1, 5, 4)
    ways = [len(set(own) & set(range(5))) for own in combinations(range(9), 5)]  # the 5 rows that were hit, of 9
    assert found.p == pytest.approx(np.mean(np.array(ways) >= 4))
    assert len(ways) == comb(9, 5)


def test_no_hit_is_no_evidence():
    assert Hits(10, 0, 0, 0, 0, 5, 4).p == 1.0


@pytest.mark.parametrize(
    ("copies", "fresh", "flagged"),
    [(800, 100, False), (1000, 0, True), (60, 9, False), (900, 50, True)],
)
def test_a_model_that_hits_what_it_was_shown_more_often_is_flagged(copies: int, fresh: int, flagged: bool):
    assert Hits(5000, copies, fresh, copies, fresh, 8000, 1000).flagged is flagged


def test_an_excess_below_one_sample_of_a_hundred_is_not_flagged():
    found = Hits(100_000, 900, 0, 900, 0, 1000, 1000)
    assert found.p < 1e-100
    assert not found.flagged


def test_what_can_be_detected_is_flagged_and_one_copy_less_is_not():
    least = Hits(500, 0, 0, 0, 0, 1000, 500).detectable
    count = round(least * 500)
    assert Hits(500, count, 0, count, 0, 1000, 500).flagged
    assert not Hits(500, count - 2, 0, count - 2, 0, 1000, 500).flagged
    assert Hits(3, 0, 0, 0, 0, 1000, 500).detectable is None
