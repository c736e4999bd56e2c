"""Scores of sequences: bits a token in closed form, and what is new."""

import math

import numpy as np
import pytest

from genbench.builtin.metrics.bits_per_token import BitsPerToken
from genbench.builtin.metrics.novelty import HitRatio, Novelty
from genbench.builtin.metrics.suffix_nats import SuffixNats
from genbench.contracts.evidence import EntryNats, Evidence, LogLikelihood
from genbench.errors import Unavailable
from genbench.records.kinds import Likelihood
from genbench.records.space import Space

SPACE = Space((3,), levels=4, end=0)
SPLITS = {
    "train": np.array([[1, 0, 0], [2, 0, 0]], np.uint8),
    "valid": np.array([[3, 0, 0]], np.uint8),
    "test": np.array([[1, 1, 0]], np.uint8),
    "held": np.array([[2, 2, 0]], np.uint8),
}


def evidence(*samples: list[int], nats: list[float] | None = None, tokens: list[int] | None = None) -> Evidence:
    x = np.array(samples or [[1, 0, 0]], np.uint8)
    said = None
    if nats is not None:
        said = LogLikelihood(np.array(nats), Likelihood.EXACT, None if tokens is None else np.array(tokens))
    return Evidence(SPACE, x, likelihood=said, rows=SPLITS.__getitem__)


def test_bits_a_token_are_all_bits_over_all_tokens():
    found = BitsPerToken().score(evidence(nats=[-4 * math.log(2), -8 * math.log(2)], tokens=[2, 6]))
    assert found.value == pytest.approx(12 / 8)  # and not the mean of 2 and 4/3
    assert found.details["tokens"] == 4
    residual = np.array([4 - 1.5 * 2, 8 - 1.5 * 6])
    assert found.high - found.value == pytest.approx(1.96 * residual.std(ddof=1) / (math.sqrt(2) * 4))


def test_a_row_without_probability_gives_no_bits():
    with pytest.raises(Unavailable, match="1 of 2 test samples"):
        BitsPerToken().score(evidence(nats=[-1.0, -math.inf], tokens=[2, 2]))
    with pytest.raises(Unavailable, match="no likelihood"):
        BitsPerToken().score(evidence())


def test_what_is_in_no_split_is_new():
    found = Novelty().score(evidence([1, 0, 0], [3, 3, 3], [2, 2, 0], [1, 1, 0]))
    assert (found.value, found.details["train"]) == (0.25, 0.25)


def test_the_ratio_of_hits_has_half_a_hit_added_to_both():
    found = HitRatio().score(evidence([1, 0, 0], [1, 0, 0], [2, 2, 0]))
    assert found.value == pytest.approx((1.5 / 3) / (1.5 / 2))
    assert found.details["p"] == pytest.approx(1.0)  # of 2 hit among 2 and 1, one at least is of the two
    with pytest.raises(Unavailable, match="no sample is a row"):
        HitRatio().score(evidence([3, 3, 3]))


def completed(hidden: list[list[int]], entries: EntryNats | None) -> Evidence:
    key = {"x": np.array([[1, 2, 0]] * len(hidden), np.uint8), "hidden": np.array(hidden, np.float32)}
    return Evidence(SPACE, np.empty((0, 3), np.uint8), key=key, answers=np.ones((1, 4, 3)), entry_nats=entries)


def test_nats_of_a_suffix_leave_out_what_is_told_and_rows_that_have_ended_there():
    said = EntryNats(
        np.array([[1, 2, 0], [3, 0, 0], [1, 1, 1], [0, 0, 0]], np.uint8),
        np.array([[-9.0, -1.0, -0.5], [-9.0, -2.0, 0.0], [-9.0, -1.0, -3.0], [-7.0, 0.0, 0.0]]),
    )
    found = SuffixNats().score(completed([[0, 1, 1]] * 2, said))
    assert found.value == pytest.approx((1.5 + 2 + 4) / 3)  # the last row is over before anything is hidden
    assert found.details == {"rows": 3, "bits-per-token": pytest.approx(7.5 / 5 / math.log(2))}
    assert found.high - found.value == pytest.approx(1.96 * np.std([1.5, 2, 4], ddof=1) / math.sqrt(3))


def test_nats_of_a_suffix_need_a_law_of_a_suffix():
    said = EntryNats(np.array([[1, 2, 0], [0, 0, 0]], np.uint8), np.array([[-9.0, -1.0, -math.inf], [-1.0, 0.0, 0.0]]))
    with pytest.raises(Unavailable, match="1 of 1 test rows have no probability"):
        SuffixNats().score(completed([[0, 1, 1]], said))
    with pytest.raises(Unavailable, match="verified entry by entry"):
        SuffixNats().score(completed([[0, 1, 1]], None))
    for hidden in ([[1, 0, 1]], [[0, 1, 1], [0, 0, 1]], [[0, 0.5, 1]], [[0, 0, 0]]):
        with pytest.raises(Unavailable, match="tell the first entries and hide all others"):
            SuffixNats().score(completed(hidden, said))
    with pytest.raises(Unavailable, match="restorations"):
        SuffixNats().score(evidence([1, 0, 0]))
    over = EntryNats(said.rows[1:], said.nats[1:])
    with pytest.raises(Unavailable, match="every row"):
        SuffixNats().score(completed([[0, 1, 1]], over))
