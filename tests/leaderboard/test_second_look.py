"""A second extractor's features order the candidates again; where they order them otherwise, the board says so."""

from dataclasses import replace

import numpy as np
import pytest
from boards import QUALITY, named
from hypothesis import given, strategies as st
from records import candidate, record, score, terms
from scipy.stats import kendalltau

from genbench.leaderboard import Leaderboard
from genbench.leaderboard.statistics import kendall
from genbench.records.record import Record

JITTER = (0.99, 1.0, 1.01, 0.995, 1.005)
SECOND = QUALITY.replace("digits-net", "pixels")
ASKED = terms(scores=(QUALITY, SECOND, "throughput", "clipped-coverage@digits-net"))


def both(name: str, first: float, second: float | None, seeds: int = 5) -> list[Record]:
    """A candidate whose quality is one by the axis's extractor, and another by a second one."""
    found = []
    for seed in range(seeds):
        own = candidate(name, named({"quality": first * JITTER[seed]}))
        more = (
            {} if second is None else {SECOND: replace(score(QUALITY, second * JITTER[seed]), extractor="pixels/1/0")}
        )
        found.append(record(name, seed, candidates=[replace(own, scores={**own.scores, **more})], suite=ASKED))
    return found


def board(*records: list[Record]) -> Leaderboard:
    return Leaderboard.of([one for own in records for one in own])


def test_a_pair_that_two_extractors_separate_the_other_way_is_named():
    found = board(both("a", 0.9, 0.5), both("b", 0.7, 0.8), both("c", 0.6, 0.4))
    (look,) = found.second_looks
    assert (look.axis, look.first, look.second, look.candidates) == ("quality", "digits-net", "pixels", 3)
    assert look.parted == (("a", "b"),)
    assert look.tau == pytest.approx(1 / 3)
    assert found.second_opinion == (
        "Second extractor, pixels beside digits-net: quality of 3 candidates τ = 0.33, a over b turned round beyond "
        "the seeds."
    )
    assert found.to_json()["second_extractor"][0]["parted"] == [["a", "b"]]


def test_a_difference_within_the_seeds_is_no_disagreement():
    found = board(both("a", 0.9, 0.5), both("b", 0.7, 0.501))
    assert [look.parted for look in found.second_looks] == [()]
    assert found.second_looks[0].tau == -1.0
    assert "no pair turned round beyond the seeds" in found.second_opinion


def test_one_seed_is_told_apart_by_the_margin():
    found = board(both("a", 0.9, 0.5, seeds=1), both("b", 0.7, 0.8, seeds=1), both("c", 0.71, 0.79, seeds=1))
    (look,) = found.second_looks
    assert not look.tested
    assert look.parted == (("a", "b"), ("a", "c"))
    assert "turned round by the margin" in found.second_opinion


def test_candidates_without_the_second_score_are_left_out_and_so_is_a_board_without_any():
    assert board(both("a", 0.9, 0.5), both("b", 0.7, 0.8), both("c", 0.6, None)).second_looks[0].candidates == 2
    none = board(both("a", 0.9, 0.5), both("b", 0.7, None))
    assert (none.second_looks, none.second_opinion) == ((), "")


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=12))
def test_the_correlation_is_the_one_with_ties(pairs: list[tuple[int, int]]):
    first, second = zip(*pairs, strict=True)
    with np.errstate(invalid="ignore"):
        known = kendalltau(first, second).statistic if len({*first}) > 1 and len({*second}) > 1 else None
    found = kendall(first, second)
    assert found == (None if known is None else pytest.approx(known, abs=1e-12))
