"""The gate against copies of sequences: a row that comes again counts, and one that a good model finds does not."""

import itertools

import numpy as np
import pytest
from copied import features_of, flagged, gated, laid_down

from genbench.contracts.dataset import Examples, Splits
from genbench.records.gates import GateStatus
from genbench.records.space import Space

SPACE = Space((7,), levels=4, end=0, symbols=".abc")
WORDS = np.array([(*word, 0) for word in itertools.product((1, 2, 3), repeat=6)], np.uint8)  # the 729 of six letters
ROWS = np.split(np.random.default_rng(0).permutation(WORDS), [250, 400, 560])  # one law, and each word in one split


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    return features_of(laid_down(Splits(SPACE, *map(Examples, ROWS)), tmp_path_factory.mktemp("sequences")))


def drawn(rows: np.ndarray, count: int = 400) -> np.ndarray:
    return rows[np.random.default_rng(1).integers(0, len(rows), count)]


@pytest.mark.parametrize(("split", "name"), list(enumerate(("train", "valid", "test", "held"))))
def test_who_replays_a_split_is_flagged_for_it_alone(features, split, name):
    verdict = gated(features, "pixels", drawn(ROWS[split]))
    assert (verdict.status, flagged(verdict)) == (GateStatus.FLAGGED, {name})
    assert {test.test for test in verdict.tests} == {"hits"}


def test_who_draws_each_fourth_word_from_training_rows_is_flagged(features):
    verdict = gated(features, "pixels", np.concatenate([drawn(WORDS, 300), drawn(ROWS[0], 100)]))
    assert flagged(verdict) == {"train"}


def test_who_knows_the_law_hits_rows_of_every_split_and_is_clear(features):
    verdict = gated(features, "pixels", drawn(WORDS))
    assert min(test.share for test in verdict.tests) > 0.1
    assert (verdict.status, verdict.reason) == (GateStatus.CLEAR, None)


def test_a_control_may_show_held_and_is_not_held_against_it(features):
    verdict = gated(features, "pixels", drawn(ROWS[3]), shows_held=True)
    assert (verdict.status, {test.against for test in verdict.tests}) == (GateStatus.CLEAR, {"train", "valid", "test"})
