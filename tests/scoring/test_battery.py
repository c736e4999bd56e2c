"""What every built-in metric must do: on known distortions, by the battery, and on the controls made of real digits."""

import random
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from genbench.builtin.datasets.digits import Digits
from genbench.builtin.metrics import METRICS
from genbench.builtin.metrics.clipped import ClippedDensity
from genbench.builtin.metrics.mind import MongeInceptionDistance
from genbench.builtin.metrics.speed import Throughput
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.records.kinds import Axis, Direction
from genbench.scoring.battery import findings
from genbench.scoring.battery.distortion import COUNT, DISTORTIONS, fresh

BY_NAME = {metric.name: metric for metric in METRICS}
DIGITS = ("fd", "kid", "precision", "recall", "density", "coverage", "clipped-density", "clipped-coverage")


def values(found):
    return {name: BY_NAME[name]().score(found).value for name in DIGITS}


@pytest.fixture(scope="module")
def digits():
    splits = Digits().splits()
    pixels = (examples.x.reshape(len(examples), -1) for examples in (splits.train, splits.valid, splits.test))
    train, valid, test = ((x / np.float32(16)).astype(np.float32) for x in pixels)
    return {"train": train, "valid": valid, "test": test, "labels": splits.valid.y}


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_the_battery_finds_no_fault_with_a_built_in_metric(metric):
    assert [str(finding) for finding in findings(metric)] == []


def test_names_are_unique_and_sources_have_a_url():
    assert len(BY_NAME) == len(METRICS)
    assert all("https://" in metric.source for metric in METRICS)


def test_metrics_and_the_battery_start_without_torch():
    modules = "sys, genbench.builtin.metrics, genbench.scoring.battery"
    code = f"import {modules}; sys.exit(bool({{'torch', 'scipy'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Broken metrics, one fault each: a sound one, spoilt.


class Sound(MongeInceptionDistance):
    name = "sound"


class WrongSign(Sound):
    direction = Direction.HIGHER


class BackwardsClock(Throughput):
    direction = Direction.LOWER


class DependsOnOrder(Sound):
    def score(self, evidence):
        half = evidence.comparison.generated[: len(evidence.comparison.generated) // 2]
        return Score(super().score(evidence).value + float(half.mean()))


class ChangesItsInput(Sound):
    def score(self, evidence):
        evidence.comparison.generated[:] -= evidence.comparison.generated.mean(axis=0)
        return super().score(evidence)


class ChangesTheSamples(Sound):
    def score(self, evidence):
        evidence.samples.sort(axis=0)
        return super().score(evidence)


class UsesTheGlobalSeed(Sound):
    def score(self, evidence):
        return Score(super().score(evidence).value + 1e-6 * np.random.standard_normal())


class SeedsEverybody(Sound):
    def score(self, evidence):
        random.seed(0)
        return super().score(evidence)


class HasNoSeed(Sound):
    def score(self, evidence):
        return Score(super().score(evidence).value + 1e-6 * np.random.default_rng().standard_normal())


class NanOnFewSamples(Sound):
    def score(self, evidence):
        few = len(evidence.samples) <= evidence.comparison.dim
        return Score(float("nan")) if few else super().score(evidence)


class NanInDetails(Sound):
    def score(self, evidence):
        return Score(super().score(evidence).value, details={"spread": float("inf")})


class IgnoresGenerated(Sound):
    symmetric = False

    def score(self, evidence):
        return Score(float(evidence.comparison.real.std()))


class NeedsAnExtractorWithoutSayingSo(Sound):
    def score(self, evidence):
        return Score(float(super().score(evidence).value if evidence.features.dim else 0))


class RefusesWithoutWords(Sound):
    def score(self, evidence):
        if evidence.features is None or len(evidence.samples) < COUNT:
            raise Unavailable("")
        return super().score(evidence)


class RefusesEverything(Sound):
    def score(self, evidence):
        raise Unavailable("needs a depth map of each sample")


class ClaimsToBeBlind(Sound):
    blind_to = frozenset({"shift"})


class ClaimsAsymmetry(Sound):
    symmetric = False


class ClaimsSymmetry(ClippedDensity):
    symmetric = True


class GoesUpAndDown(Sound):
    def score(self, evidence):
        return Score(abs(super().score(evidence).value - 1) - 1 + 2 * (super().score(evidence).value > 1.5))


class DislikesTheRealData(Sound):
    def score(self, evidence):
        value = super().score(evidence).value
        return Score(value if value > 1e-9 else 100.0)


class ReturnsANumber(Sound):
    def score(self, evidence):
        return super().score(evidence).value


class Crashes(Sound):
    def score(self, evidence):
        raise KeyError("features")


class Misdeclared(Sound):
    name = "My_Metric"
    axis = "quality"
    source = "a blog"
    blind_to = frozenset({"colours"})


class Undeclared(Metric):
    name = "undeclared"
    axis = Axis.QUALITY

    def score(self, evidence):
        return Score(1.0)


@pytest.mark.parametrize(
    ("metric", "check", "words"),
    [
        (WrongSign, "distortions", "takes noise for an improvement"),
        (
            BackwardsClock,
            "distortions",
            "takes expense for an improvement: 240 without it, then 120, 60, 30, and lower",
        ),
        (DependsOnOrder, "order", "depends on the order of the samples"),
        (ChangesItsInput, "inputs", "changes its input: the generated features are not what they were"),
        (ChangesTheSamples, "inputs", "changes its input: the samples are not what they were"),
        (UsesTheGlobalSeed, "repeatable", "draws from a global generator"),
        (SeedsEverybody, "repeatable", "draws from a global generator, or seeds it"),
        (HasNoSeed, "repeatable", "for the same samples: every draw needs a fixed seed"),
        (NanOnFewSamples, "limits", "12 samples of 16 features: returns nan as value"),
        (NanInDetails, "number", "returns inf as spread; leave it out"),
        (IgnoresGenerated, "distortions", "does not see dropped-modes"),
        (NeedsAnExtractorWithoutSayingSo, "limits", "evidence of samples alone: ends with AttributeError"),
        (RefusesWithoutWords, "limits", "raises Unavailable without words"),
        (RefusesEverything, "number", "could not be tried, the metric refuses: needs a depth map of each sample"),
        (ClaimsToBeBlind, "distortions", "states that it is blind to shift, but sees it"),
        (ClaimsAsymmetry, "symmetry", "leaves the value as it is: state symmetric = True"),
        (ClaimsSymmetry, "symmetry", "state symmetric = False"),
        (GoesUpAndDown, "distortions", "goes up and down as noise grows"),
        (DislikesTheRealData, "identity", "gives 100 to the real data themselves and"),
        (ReturnsANumber, "number", "returns float, expected genbench.Score"),
        (Crashes, "number", "ends with KeyError: 'features'; raise genbench.Unavailable with the reason"),
        (Misdeclared, "declaration", "name 'My_Metric' is not like 'clipped-density'"),
        (Misdeclared, "declaration", "axis is 'quality', expected one of genbench.Axis"),
        (Misdeclared, "declaration", "source 'a blog' names no year"),
        (Misdeclared, "declaration", "blind_to names 'colours', which is no known distortion (known: noise, blur,"),
        (Undeclared, "declaration", "direction is missing"),
    ],
)
def test_the_battery_says_what_a_broken_metric_breaks(metric, check, words):
    found = findings(metric)
    assert [finding for finding in found if finding.check == check and words in finding.words], [*map(str, found)]


def test_the_spoilt_metric_was_sound_before():
    assert findings(Sound) == []


@pytest.mark.parametrize("broken", [SeedsEverybody, ClaimsAsymmetry, DislikesTheRealData])
def test_a_single_fault_is_found_by_its_own_check_alone(broken):
    assert len({finding.check for finding in findings(broken)}) == 1


def test_the_battery_leaves_the_generators_of_the_process_as_they_were():
    random.seed(3)
    np.random.seed(3)
    want = random.random(), np.random.standard_normal()
    random.seed(3)
    np.random.seed(3)
    findings(Throughput)
    assert (random.random(), np.random.standard_normal()) == want


def test_distortions_grow_from_the_undistorted_samples():
    for distortion in DISTORTIONS.values():
        none, *grown = (distortion.samples(strength).x.astype(int) for strength in (0.0, *distortion.strengths))
        assert none.shape == fresh("real").x.shape
        moved = [int((x != none).any(axis=(1, 2, 3)).sum()) for x in grown]
        assert all(0 < a <= b for a, b in pairwise(moved))


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
    fd = BY_NAME["fd"]().score(found)
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
