"""The battery finds no fault with a built-in metric, and says in words what a broken one breaks."""

import random
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from genbench.builtin.metrics import METRICS
from genbench.builtin.metrics.clipped import ClippedDensity
from genbench.builtin.metrics.copy_auc import CopyAuc
from genbench.builtin.metrics.kid import KernelInceptionDistance
from genbench.builtin.metrics.mind import MongeInceptionDistance
from genbench.builtin.metrics.speed import Throughput
from genbench.conformance import findings
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.records.kinds import Axis, Direction, Scale
from genbench.scoring.battery.distortion import COUNT, DISTORTIONS, fresh

BY_NAME = {metric.name: metric for metric in METRICS}


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_the_battery_finds_no_fault_with_a_built_in_metric(metric):
    assert [str(finding) for finding in findings(metric)] == []


def test_names_are_unique_and_sources_have_a_url():
    assert len(BY_NAME) == len(METRICS)
    assert all("https://" in metric.source for metric in METRICS)


def test_metrics_and_the_battery_start_without_torch():
    modules = "sys, genbench.builtin.metrics, genbench.conformance"
    code = f"import {modules}; sys.exit(bool({{'torch', 'scipy'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Broken metrics, one fault each.


def declared(metric: type[Metric], **other: object) -> type[Metric]:
    """A metric that scores as another one does and declares the same, but for some fields."""
    return type(f"Spoilt{metric.__name__}", (metric,), other)


class Spoilt(Metric):
    """What a metric declares that scores as MIND does; each one below spoils one thing of it."""

    name = "sound"
    title = "Sound"
    axis = Axis.OVERALL
    direction = Direction.LOWER
    unit = ""
    source = "Berthet et al. 2026, https://arxiv.org/abs/2605.06797"
    version = "1"
    scale = Scale.DISTANCE
    uses_features = True
    symmetric = True

    def sound(self, evidence: Evidence) -> Score:
        """The score with nothing wrong."""
        return MongeInceptionDistance().score(evidence)


class Sound(Spoilt):
    score = Spoilt.sound


class WrongSign(Spoilt):
    direction = Direction.HIGHER
    score = Spoilt.sound


BackwardsClock = declared(Throughput, direction=Direction.LOWER)


class DependsOnOrder(Spoilt):
    def score(self, evidence):
        half = evidence.comparison.generated[: len(evidence.comparison.generated) // 2]
        return Score(self.sound(evidence).value + float(half.mean()))


class ChangesItsInput(Spoilt):
    def score(self, evidence):
        evidence.comparison.generated[:] -= evidence.comparison.generated.mean(axis=0)
        return self.sound(evidence)


class ChangesTheSamples(Spoilt):
    def score(self, evidence):
        evidence.samples.sort(axis=0)
        return self.sound(evidence)


class UsesTheGlobalSeed(Spoilt):
    def score(self, evidence):
        return Score(self.sound(evidence).value + 1e-6 * np.random.standard_normal())


class SeedsEverybody(Spoilt):
    def score(self, evidence):
        random.seed(0)
        return self.sound(evidence)


class HasNoSeed(Spoilt):
    def score(self, evidence):
        return Score(self.sound(evidence).value + 1e-6 * np.random.default_rng().standard_normal())


class NanOnFewSamples(Spoilt):
    def score(self, evidence):
        few = len(evidence.samples) <= evidence.comparison.dim
        return Score(float("nan")) if few else self.sound(evidence)


class NanInDetails(Spoilt):
    def score(self, evidence):
        return Score(self.sound(evidence).value, details={"spread": float("inf")})


class IgnoresGenerated(Spoilt):
    symmetric = False

    def score(self, evidence):
        return Score(float(evidence.comparison.real.std()))


class NeedsAnExtractorWithoutSayingSo(Spoilt):
    def score(self, evidence):
        return Score(float(self.sound(evidence).value if evidence.features.dim else 0))


class RefusesWithoutWords(Spoilt):
    def score(self, evidence):
        if evidence.features is None or len(evidence.samples) < COUNT:
            raise Unavailable("")
        return self.sound(evidence)


class RefusesEverything(Spoilt):
    def score(self, evidence):
        raise Unavailable("needs a depth map of each sample")


class ClaimsToBeBlind(Spoilt):
    blind_to = frozenset({"shift"})
    score = Spoilt.sound


class ClaimsAsymmetry(Spoilt):
    symmetric = False
    score = Spoilt.sound


ClaimsSymmetry = declared(ClippedDensity, symmetric=True)


class IsNoShare(Spoilt):
    scale = Scale.SHARE
    score = Spoilt.sound


IsNoDistance = declared(KernelInceptionDistance, scale=Scale.DISTANCE)


ReadsTrainingDataWithoutSayingSo = declared(CopyAuc, needs_train=False)


class MovesWithTrainingData(Spoilt):
    def score(self, evidence):
        train = evidence.comparison.train
        return Score(self.sound(evidence).value + (0 if train is None else 1e-3 * float(train.mean())))


class AsksForTrainingDataInVain(Spoilt):
    needs_train = True
    score = Spoilt.sound


class GoesUpAndDown(Spoilt):
    def score(self, evidence):
        return Score(abs(self.sound(evidence).value - 1) - 1 + 2 * (self.sound(evidence).value > 1.5))


class DislikesTheRealData(Spoilt):
    def score(self, evidence):
        value = self.sound(evidence).value
        return Score(value if value > 1e-9 else 100.0)


class ReturnsANumber(Spoilt):
    def score(self, evidence):
        return self.sound(evidence).value


class Crashes(Spoilt):
    def score(self, evidence):
        raise KeyError("features")


class Misdeclared(Spoilt):
    name = "My_Metric"
    axis = "quality"
    scale = "share"
    source = "a blog"
    blind_to = frozenset({"colours"})
    score = Spoilt.sound


FeaturelessNeedsTrain = declared(Throughput, needs_train=True)


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
        (IsNoShare, "scale", "which is no share: state another scale, or none"),
        (IsNoDistance, "scale", "which is no distance"),
        (ReadsTrainingDataWithoutSayingSo, "train", "of training data is refused: state needs_train = True"),
        (MovesWithTrainingData, "train", "of training data turns"),
        (AsksForTrainingDataInVain, "train", "leaves the value as it is: state needs_train = False"),
        (GoesUpAndDown, "distortions", "goes up and down as noise grows"),
        (DislikesTheRealData, "identity", "gives 100 to the real data themselves and"),
        (ReturnsANumber, "number", "returns float, expected genbench.Score"),
        (Crashes, "number", "ends with KeyError: 'features'; raise genbench.Unavailable with the reason"),
        (Misdeclared, "declaration", "name 'My_Metric' is not like 'clipped-density'"),
        (Misdeclared, "declaration", "axis is 'quality', expected one of genbench.Axis"),
        (Misdeclared, "declaration", "scale is 'share', expected one of genbench.Scale"),
        (FeaturelessNeedsTrain, "declaration", "needs_train asks for features of training data, and uses_features is"),
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


@pytest.mark.parametrize(
    "broken", [SeedsEverybody, ClaimsAsymmetry, IsNoShare, AsksForTrainingDataInVain, DislikesTheRealData]
)
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
