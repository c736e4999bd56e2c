"""Copy rate, authenticity and copy AUC: ends, ties, and other implementations."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import mannwhitneyu

from genbench.builtin.metrics.authenticity import Authenticity
from genbench.builtin.metrics.copy_auc import CopyAuc, auc
from genbench.builtin.metrics.copy_rate import CopyRate
from genbench.records.kinds import Direction

NOVELTY = (CopyRate, Authenticity, CopyAuc)


@pytest.fixture
def found(draw, evidence):
    """`found(generated)`: scores against 300 training and 400 test samples of one law."""

    def scores(generated, train=None):
        given = evidence(draw(400, 6, 2), generated, train=draw(300, 6, 1) if train is None else train)
        return {metric.name: metric().score(given) for metric in NOVELTY}

    return scores


def test_fresh_samples_lie_where_test_samples_lie(draw, found):
    fresh = found(draw(500, 6, 3))
    assert fresh["copy-rate"].value == pytest.approx(0.01, abs=0.01)
    assert fresh["copy-rate"].details["excess"] < 0.01
    assert fresh["authenticity"].value == pytest.approx(fresh["authenticity"].details["real"], abs=0.07)
    assert fresh["copy-auc"].value == pytest.approx(0.5, abs=0.05)


def test_copies_are_seen_by_all_and_exactly(draw, found):
    scores = found(draw(300, 6, 1)[::-1].copy())
    assert [scores[metric.name].value for metric in NOVELTY] == [1, 0, 0]
    assert scores["copy-rate"].details["excess"] > 0.9


def test_noise_far_away_is_novel_in_full(draw, found):
    scores = found(draw(300, 6, 1) + np.float32(50))
    assert [scores[metric.name].value for metric in NOVELTY] == [0, 1, 1]


def test_test_samples_score_as_the_details_say(draw, found):
    scores = found(draw(400, 6, 2))
    assert scores["copy-rate"].value == scores["copy-rate"].details["expected"] == 0.01  # 4 of 400
    assert scores["authenticity"].value == scores["authenticity"].details["real"]
    assert scores["copy-auc"].value == 0.5


@pytest.mark.parametrize("metric", NOVELTY)
def test_the_more_copies_the_worse(draw, found, metric):
    fresh, train = draw(300, 6, 3), draw(300, 6, 1)
    path = [found(np.concatenate([train[:k], fresh[k:]]))[metric.name].value for k in (0, 30, 150, 300)]
    steps = np.diff(path) if metric.direction is Direction.LOWER else -np.diff(path)
    assert (steps > 0).all()


def test_the_scores_are_those_of_all_pairs(draw, found):
    generated, train, real = draw(350, 6, 3, scale=0.9), draw(300, 6, 1), draw(400, 6, 2)
    scores = found(generated)
    to_train, of_real, within = cdist(generated, train), cdist(real, train).min(1), cdist(train, train)
    np.fill_diagonal(within, np.inf)
    nearest = to_train.argmin(1)
    copies = (to_train.min(1) <= np.quantile(of_real, 0.01)).mean()
    assert scores["copy-rate"].value == copies
    assert scores["authenticity"].value == (to_train.min(1) > within.min(1)[nearest]).mean()
    theirs = mannwhitneyu(to_train.min(1), of_real).statistic / (350 * 400)
    assert scores["copy-auc"].value == pytest.approx(theirs, rel=1e-12)


def test_ties_count_for_half():
    a, b = np.array([0.0, 1, 1, 2]), np.array([1.0, 1, 3])
    assert auc(a, b) == pytest.approx(mannwhitneyu(a, b).statistic / 12, rel=1e-15)
    assert auc(b, a) == pytest.approx(1 - auc(a, b), rel=1e-15)


def test_a_sample_as_far_as_the_neighbour_is_not_authentic(evidence):
    train = np.array([[0.0], [1], [10]], np.float32)
    real = np.array([[0.5], [4]], np.float32)
    for x, share in ((-1, 0), (-1.001, 1), (2, 0), (2.001, 1), (19, 0), (19.001, 1)):  # 10's neighbour is 9 away
        given = evidence(real, np.array([[x]], np.float32), train=train)
        assert Authenticity().score(given).value == share


def test_a_copy_or_near_copy_of_a_row_that_the_training_set_holds_twice_is_not_authentic(evidence):
    train = np.array([[0.0], [0], [10]], np.float32)
    for x, share in ((0, 0), (0.001, 0), (21, 1)):
        given = evidence(train, np.array([[x]], np.float32), train=train)
        assert Authenticity().score(given).value == share
