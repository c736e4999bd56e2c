"""The axes of `generate`: quality falls on either side of fresh data, coverage reads as the share of good samples."""

import numpy as np
import pytest

from genbench.builtin.datasets.digits import Digits
from genbench.builtin.metrics.shares import ClippedRecall, CoverageShare, QualityShare
from genbench.contracts.evidence import Evidence
from genbench.errors import Unavailable
from genbench.geometry.comparison import Comparison
from genbench.geometry.reference import Reference
from genbench.records.space import Space

SPACE = Space((64,), levels=None)


def pixels(x):
    return (x.reshape(len(x), -1) / 16).astype(np.float32)


@pytest.fixture(scope="module")
def digits():
    splits = Digits().splits()
    return {name: pixels(getattr(splits, name).x) for name in ("train", "test", "held")}


@pytest.fixture(scope="module")
def evidence(digits):
    reference = Reference(digits["test"])
    held = Comparison(reference, digits["held"])

    def of(generated):
        return Evidence(SPACE, generated, features=Comparison(reference, generated), held=lambda: held)

    return of


def local_means(train, count):
    """The mean of each row and its nine nearest."""
    squared = np.square(train[:, None] - train[None]).sum(2)
    return train[np.argsort(squared, axis=1)[:, :10]].mean(1)[:count]


def brute_recall(real, generated):
    """The definition, pair by pair: real rows in generated balls, of at most the median of the real ones' radii."""

    def radii(x):
        return np.sort(np.linalg.norm(x[:, None] - x[None], axis=2), axis=1)[:, 5]

    reach = np.minimum(radii(generated), np.median(radii(real)))
    inside = np.linalg.norm(real[:, None] - generated[None], axis=2) <= reach
    return np.minimum(inside.sum(1), 5).mean() / 5


def test_held_data_are_the_ceiling(digits, evidence):
    found = evidence(digits["held"])
    assert QualityShare().score(found).value == 1
    assert ClippedRecall().score(found).value == 1
    assert CoverageShare().score(found).value > 0.95


def test_clipped_recall_is_its_definition(draw):
    real, generated, held = (draw(60, 3, seed).astype(np.float64) for seed in range(3))
    reference = Reference(real.astype(np.float32))
    compared = [Comparison(reference, x.astype(np.float32)) for x in (generated, held)]
    score = ClippedRecall().score(Evidence(SPACE, generated, features=compared[0], held=lambda: compared[1]))
    exact = [brute_recall(real.astype(np.float32), x.astype(np.float32)) for x in (generated, held)]
    assert score.details["uncalibrated"] == pytest.approx(exact[0], abs=1e-12)
    assert score.details["ratio"] == pytest.approx(exact[0] / exact[1], abs=1e-12)


def test_contraction_costs_quality_and_coverage_and_is_marked(digits, evidence):
    found = evidence(local_means(digits["train"], len(digits["test"])))
    quality = QualityShare().score(found)
    assert quality.details["ratio"] == pytest.approx(1.63, abs=0.05)
    assert quality.value == pytest.approx(2 - quality.details["ratio"])
    assert 1.05 < quality.details["limit"] < 1.2
    coverage = CoverageShare().score(found)
    assert coverage.details["coverage"] > 0.95
    assert coverage.value == coverage.details["recall"] < 0.1


def test_fresh_data_are_not_marked(digits, evidence):
    assert "limit" not in QualityShare().score(evidence(digits["train"][: len(digits["test"])])).details


def test_half_noise_is_half_as_good_and_covers_half(digits, evidence):
    half = digits["held"].copy()
    half[::2] = np.random.default_rng(0).random(half[::2].shape)
    assert QualityShare().score(evidence(half)).value == pytest.approx(0.5, abs=0.06)
    assert CoverageShare().score(evidence(half)).value == pytest.approx(0.5, abs=0.06)


def test_quality_is_never_below_nothing(digits, evidence):
    one = np.repeat(digits["test"].mean(0, keepdims=True), len(digits["test"]), 0)
    assert QualityShare().score(evidence(one)).value >= 0


@pytest.mark.parametrize("metric", [QualityShare, ClippedRecall, CoverageShare])
def test_without_held_data_there_is_no_share_of_them(digits, metric):
    alone = Evidence(SPACE, digits["held"], features=Comparison(digits["test"], digits["held"]))
    with pytest.raises(Unavailable, match="needs a dataset with a split held"):
        metric().score(alone)


def test_held_data_that_score_nothing_divide_nothing(digits):
    reference, far = Reference(digits["test"]), digits["held"] + np.float32(100)
    found = Evidence(SPACE, far, features=Comparison(reference, far), held=lambda: Comparison(reference, far))
    with pytest.raises(Unavailable, match="held scores nothing itself"):
        QualityShare().score(found)
