"""Repeats: vectors without extent are told, and training rows that repeat count once."""

import numpy as np
import pytest

import genbench
from genbench.builtin.metrics.authenticity import Authenticity
from genbench.builtin.metrics.clipped import ClippedCoverage, ClippedDensity
from genbench.builtin.metrics.density_coverage import Coverage, Density
from genbench.builtin.metrics.fld import FeatureLikelihoodDivergence
from genbench.builtin.metrics.precision_recall import Precision, Recall

OF_REAL = (Precision, Density, Coverage, ClippedDensity, ClippedCoverage)


def drawn(n, d, seed):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def told(metric, found):
    return metric().score(found).details.get("radius_0")


def test_without_heavy_repeats_nothing_is_told(evidence):
    found = evidence(np.repeat(drawn(30, 8, 0), 2, 0), drawn(60, 8, 1))
    assert [told(metric, found) for metric in (*OF_REAL, Recall)] == [None] * 6


@pytest.mark.parametrize("times", [6, 60])
def test_vectors_that_repeat_more_than_k_times_are_told(evidence, times):
    x = np.repeat(drawn(60 // times, 8, 0), times, 0)
    found = evidence(x, x.copy())
    assert [told(metric, found) for metric in (*OF_REAL, Recall)] == [1.0] * 6
    values = {metric.name: metric().score(found).value for metric in (*OF_REAL, Recall)}
    assert values == pytest.approx(
        {"precision": 1, "recall": 1, "density": 0, "coverage": 0, "clipped-density": 1, "clipped-coverage": 0}
    )  # open balls of radius 0 hold nothing: by the definition, and why it is told


def test_four_copies_have_no_ball_to_the_third_neighbour_but_one_to_the_fifth(evidence):
    found = evidence(np.repeat(drawn(15, 8, 0), 4, 0), drawn(60, 8, 1))
    assert (told(Precision, found), told(Density, found), told(Recall, found)) == (1.0, None, None)


def test_recall_tells_of_generated_vectors_alone(evidence):
    found = evidence(drawn(60, 8, 1), np.concatenate([drawn(30, 8, 2), np.repeat(drawn(3, 8, 0), 10, 0)]))
    assert (told(Recall, found), told(Precision, found)) == (0.5, None)


def test_the_board_shows_what_is_told():
    x = np.repeat(drawn(10, 8, 0), 6, 0)
    record = genbench.score(features=x, reference=x.copy(), scores="coverage").scores["coverage"]
    assert record.shown == {"balls of radius 0": "radius_0"}
    plain = genbench.score(features=drawn(60, 8, 1), reference=drawn(60, 8, 2), scores="coverage").scores["coverage"]
    assert plain.shown == {}


@pytest.mark.parametrize("near", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
def test_authenticity_and_fld_take_each_training_row_once(evidence, near, shuffle):
    real, fresh, train = (drawn(200, 16, seed) for seed in range(3))
    generated = train + np.float32(1e-3) * drawn(200, 16, 3) if near else fresh
    twice = np.concatenate([np.repeat(train, 2, 0), train[:7]])
    if shuffle:
        twice = twice[np.random.default_rng(0).permutation(len(twice))]
    for metric in (Authenticity, FeatureLikelihoodDivergence):
        once, again = (metric().score(evidence(real, generated, train=t)) for t in (train, twice))
        assert again.value == pytest.approx(once.value, rel=1e-12)
        assert again.details == pytest.approx(once.details, rel=1e-12)
    share = Authenticity().score(evidence(real, generated, train=twice)).value
    assert share == (0.0 if near else pytest.approx(0.7, abs=0.1))


def test_the_published_case_of_training_rows_twice_has_its_value():
    rng = np.random.default_rng(0)
    real, fresh, train = (rng.normal(size=(500, 16)).astype("f4") for _ in "abc")
    scores = "authenticity,fld,copy-rate,copy-auc"
    found = genbench.score(features=fresh, reference=real, train=np.repeat(train, 2, 0), scores=scores).scores
    values = {name: round(score.value, 3) for name, score in found.items()}
    assert values == {"authenticity": 0.694, "fld": -2.22, "copy-rate": 0.008, "copy-auc": 0.501}
