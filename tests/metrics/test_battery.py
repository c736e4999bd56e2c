"""What every built-in metric must do on known distortions, and on the controls made of real digits."""

import subprocess
import sys

import numpy as np
import pytest

from genbench.datasets.digits import Digits
from genbench.metric import Direction
from genbench.metrics.builtin import METRICS

FEATURES = [metric for metric in METRICS if metric.uses_features]


def values(found):
    return {metric.name: metric().score(found).value for metric in FEATURES}


@pytest.fixture(scope="module")
def digits():
    splits = Digits().splits()
    pixels = (examples.x.reshape(len(examples), -1) for examples in (splits.train, splits.valid, splits.test))
    train, valid, test = ((x / np.float32(16)).astype(np.float32) for x in pixels)
    return {"train": train, "valid": valid, "test": test, "labels": splits.valid.y}


def test_declarations_are_complete_and_names_unique():
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    for metric in METRICS:
        assert metric.name == metric.name.lower().replace("_", "-")
        assert "https://" in metric.source
        assert any(year in metric.source for year in map(str, range(1990, 2030)))
        assert metric.version
        assert metric.title
        assert isinstance(metric.unit, str)


def test_metrics_start_without_torch():
    code = "import sys, genbench.metrics.builtin; sys.exit('torch' in sys.modules or 'scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("metric", FEATURES, ids=lambda metric: metric.name)
def test_order_of_samples_does_not_matter(draw, evidence, metric):
    real, generated = draw(200, 6, 1), draw(200, 6, 2, law=1)
    shuffled = real[np.random.default_rng(1).permutation(200)], generated[np.random.default_rng(2).permutation(200)]
    one, other = metric().score(evidence(real, generated)), metric().score(evidence(*shuffled))
    assert one.value == pytest.approx(other.value, rel=1e-5, abs=1e-7)  # float32 sums in another order


@pytest.mark.parametrize("metric", FEATURES, ids=lambda metric: metric.name)
def test_the_same_features_give_the_same_score_to_the_last_bit(draw, evidence, metric):
    real, generated = draw(300, 6, 1), draw(300, 6, 2, law=1)
    assert metric().score(evidence(real, generated)) == metric().score(evidence(real.copy(), generated.copy()))


@pytest.mark.parametrize("metric", FEATURES, ids=lambda metric: metric.name)
def test_samples_that_drift_away_score_worse_and_worse(draw, evidence, metric):
    real, generated = draw(400, 8, 1), draw(400, 8, 2)
    path = [metric().score(evidence(real, generated + np.float32(shift))).value for shift in (0, 0.3, 0.6, 0.9, 4)]
    steps = np.diff(path) if metric.direction is Direction.LOWER else -np.diff(path)
    assert (steps >= 0).all()
    assert (steps[:3] > 0).all()


@pytest.mark.parametrize("name", ["fd", "kid", "recall", "coverage", "clipped-coverage"])
def test_dropped_modes_are_seen(draw, evidence, name):
    metric = next(metric for metric in FEATURES if metric.name == name)
    modes = np.repeat(np.eye(8, dtype=np.float32) * 8, 60, axis=0)
    real, generated = draw(480, 8, 1) + modes, draw(480, 8, 2) + modes
    kept = [np.resize(generated[: 60 * k], (480, 8)) + draw(480, 8, 3, scale=0.05) * 0.01 for k in (8, 6, 4, 2)]
    path = [metric().score(evidence(real, g.astype(np.float32))).value for g in kept]
    steps = np.diff(path) if metric.direction is Direction.LOWER else -np.diff(path)
    assert (steps > 0).all()


def test_fresh_real_digits_are_near_perfect(digits, evidence):
    found = values(evidence(digits["test"], digits["valid"]))
    assert found["precision"] == pytest.approx(0.91, abs=0.03)
    assert found["recall"] == pytest.approx(0.91, abs=0.03)
    assert found["density"] == pytest.approx(1.0, abs=0.1)
    assert found["coverage"] == pytest.approx(0.98, abs=0.02)
    assert found["clipped-density"] == pytest.approx(1, abs=0.06)
    assert found["clipped-coverage"] == pytest.approx(1, abs=0.06)
    assert found["fd"] < 0.2


def test_a_copycat_of_train_digits_is_perfect_but_for_its_distance_to_them(digits, evidence):
    found = evidence(digits["test"], digits["train"], train=digits["train"])
    assert values(found)["clipped-density"] == pytest.approx(1, abs=0.06)
    fd = next(metric for metric in FEATURES if metric.name == "fd")().score(found)
    assert fd.details["against_train"] == pytest.approx(0, abs=1e-6)
    assert fd.value < fd.details["real_floor"]


def test_half_the_digits_keep_quality_and_lose_half_the_coverage(digits, evidence):
    half = np.resize(digits["valid"][digits["labels"] < 5], digits["valid"].shape)
    found = values(evidence(digits["test"], half))
    assert found["precision"] == pytest.approx(0.90, abs=0.05)
    assert found["clipped-density"] > 0.9
    assert found["recall"] < 0.5
    assert found["coverage"] == pytest.approx(0.51, abs=0.05)
    assert found["clipped-coverage"] == pytest.approx(0.47, abs=0.05)


def test_the_mean_digit_has_precision_and_density_but_neither_recall_nor_coverage(digits, evidence):
    test = digits["test"]
    found = values(evidence(test, np.repeat(test.mean(0, keepdims=True), len(test), axis=0)))
    assert (found["precision"], found["recall"]) == (1, 0)
    assert found["density"] > 2
    assert found["coverage"] < 0.05
    assert found["clipped-coverage"] < 0.05
    assert found["clipped-density"] < 0.5


def test_noisy_digits_have_recall_without_precision(digits, evidence):
    noise = np.random.default_rng(0).normal(0, 3 / 16, digits["valid"].shape).astype(np.float32)
    found = values(evidence(digits["test"], digits["valid"] + noise))
    assert found["recall"] > 0.95
    assert found["precision"] < 0.35
    assert found["clipped-density"] < 0.2
    assert found["clipped-coverage"] < 0.25


def test_uniform_noise_scores_nothing(digits, evidence):
    noise = np.random.default_rng(0).random(digits["test"].shape, dtype=np.float32)
    found = values(evidence(digits["test"], noise))
    assert [found[name] for name in found if name not in ("fd", "kid")] == [0] * 6
    assert found["fd"] > 5
