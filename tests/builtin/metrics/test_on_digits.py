"""What the metrics say of real digits and of known failings of them."""

import numpy as np
import pytest

from genbench.builtin.datasets.digits import Digits
from genbench.builtin.metrics import METRICS

BY_NAME = {metric.name: metric for metric in METRICS}
DIGITS = ("fd", "kid", "precision", "recall", "density", "coverage", "clipped-density", "clipped-coverage")


def values(found):
    return {name: BY_NAME[name]().score(found).value for name in DIGITS}


@pytest.fixture(scope="module")
def digits():
    splits = Digits().splits()
    pixels = (examples.x.reshape(len(examples), -1) for examples in (splits.train, splits.held, splits.test))
    train, held, test = ((x / np.float32(16)).astype(np.float32) for x in pixels)
    return {"train": train, "held": held, "test": test, "labels": splits.held.y}


def test_fresh_real_digits_are_near_perfect(digits, evidence):
    found = values(evidence(digits["test"], digits["held"]))
    assert found["precision"] == pytest.approx(0.91, abs=0.03)
    assert found["recall"] == pytest.approx(0.91, abs=0.03)
    assert found["density"] == pytest.approx(1.0, abs=0.1)
    assert found["coverage"] == pytest.approx(0.98, abs=0.02)
    assert found["clipped-density"] == pytest.approx(1, abs=0.06)
    assert found["clipped-coverage"] == pytest.approx(1, abs=0.06)
    assert found["fd"] < 0.2


def test_a_copycat_of_train_digits_is_perfect_but_for_its_distance_to_them(digits, evidence):
    found = evidence(digits["test"], digits["train"][: len(digits["test"])], train=digits["train"])
    assert values(found)["clipped-density"] == pytest.approx(1, abs=0.06)
    fd = BY_NAME["fd"]().score(found)
    assert fd.details["against_train"] < fd.details["real_floor"] / 2  # 449 of its 599 rows
    assert fd.value < fd.details["real_floor"]


def test_half_the_digits_keep_quality_and_lose_half_the_coverage(digits, evidence):
    half = np.resize(digits["held"][digits["labels"] < 5], digits["held"].shape)
    found = values(evidence(digits["test"], half))
    assert found["precision"] == pytest.approx(0.90, abs=0.05)
    assert found["clipped-density"] > 0.9
    assert found["recall"] < 0.5
    assert found["coverage"] == pytest.approx(0.57, abs=0.05)
    assert found["clipped-coverage"] == pytest.approx(0.54, abs=0.05)


def test_the_mean_digit_has_precision_and_density_but_neither_recall_nor_coverage(digits, evidence):
    test = digits["test"]
    found = values(evidence(test, np.repeat(test.mean(0, keepdims=True), len(test), axis=0)))
    assert (found["precision"], found["recall"]) == (1, 0)
    assert found["density"] > 2
    assert found["coverage"] < 0.05
    assert found["clipped-coverage"] < 0.05
    assert found["clipped-density"] < 0.5


def test_noisy_digits_have_recall_without_precision(digits, evidence):
    noise = np.random.default_rng(0).normal(0, 3 / 16, digits["held"].shape).astype(np.float32)
    found = values(evidence(digits["test"], digits["held"] + noise))
    assert found["recall"] > 0.95
    assert found["precision"] < 0.35
    assert found["clipped-density"] < 0.2
    assert found["clipped-coverage"] < 0.25


def test_uniform_noise_scores_nothing(digits, evidence):
    noise = np.random.default_rng(0).random(digits["test"].shape, dtype=np.float32)
    found = values(evidence(digits["test"], noise))
    assert [found[name] for name in found if name not in ("fd", "kid")] == [0] * 6
    assert found["fd"] > 5
