"""Clipped density and clipped coverage: scores that read as the share of good samples."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from genbench.builtin.metrics.ball_share import BallShare
from genbench.builtin.metrics.repeats import SHOWN, told
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Score
from genbench.geometry.cloud import Reals
from genbench.geometry.comparison import Comparison
from genbench.geometry.reference import Within
from genbench.records.kinds import Axis

K = 5
SOURCE = "Salvy, Talbot, Thirion 2025, https://arxiv.org/abs/2507.01761"


def clipped_mean(counts: NDArray[np.int64], k: int) -> float:
    """The mean of min(count, k) / k, in [0, 1]."""
    return float(np.minimum(counts, k).mean() / k)


def real_counts(within: Within, k: int) -> NDArray[np.int64]:
    """In how many other real samples' balls each real sample lies, [N]: its radii are clipped at their median.

    A ball reaches to its centre's k-th neighbour, and holds no more than the k neighbours.
    """
    radii = within.squared_radii(k)
    held = within.squared[:, :k] <= np.minimum(radii, np.median(radii))[:, None]
    return np.bincount(within.neighbours[:, :k][held], minlength=len(radii))


def expected_coverage(real: int, generated: int, k: int) -> Reals:
    """What the mean of min(points in ball, k) / k is expected to be, for 0 … `generated` good samples, [M + 1].

    A good sample follows the real law and a bad one lies in no ball. Around a real sample, its N - 1 fellows and
    m good samples come in random order; J of them, the good ones before the k-th fellow, have the negative
    hypergeometric law P(J = j) = C(j+k-1, j) C(m-j+N-1-k, m-j) / C(m+N-1, m), and
    E min(J, k)/k = 1 - Σ_{j<k} (1 - j/k) P(J = j).

    Args:
        real: N, at least k + 2.
        generated: M.
        k: the neighbour that the balls reach to.
    Returns:
        Strictly increasing, from 0.
    """
    good = np.arange(generated + 1.0)  # m
    probability = np.ones_like(good)  # P(J = 0) = Π_{t<k} (N-1-t) / (m+N-1-t)
    for t in range(k):
        probability *= (real - 1 - t) / (good + real - 1 - t)
    expected = 1 - probability
    for j in range(k - 1):  # P(J = j+1) / P(J = j) = (j+k)/(j+1) · (m-j)/(m-j+N-1-k)
        left = np.maximum(good - j, 0)
        probability *= (j + k) / (j + 1) * left / (left + real - 1 - k)
        expected -= (1 - (j + 1) / k) * probability
    return expected


def good_share(coverage: float, real: int, generated: int, k: int) -> float:
    """The share of good samples, in [0, 1], at which `coverage` is the expected one."""
    expected = expected_coverage(real, generated, k)
    return float(np.interp(coverage, expected, np.linspace(0, 1, generated + 1)))


def clipped_coverage(comparison: Comparison) -> float:
    """The share of good samples, in [0, 1], that explains how many generated samples real ones have near them."""
    raw = clipped_mean(comparison.across.real5.points_in_ball, K)
    return good_share(raw, len(comparison.real), len(comparison.generated), K)


class ClippedDensity(BallShare):
    """In how many real samples' balls a generated sample lies, at most 5, over the same of the real samples.

    The balls reach to the 5th neighbour, at most to the median of these distances. Detail: `uncalibrated`.
    """

    name = "clipped-density"
    title = "Clipped density"
    axis = Axis.QUALITY
    source = SOURCE
    shown: ClassVar[Mapping[str, str]] = {"uncalibrated": "uncalibrated", **SHOWN}
    blind_to = frozenset({"dropped-modes", "duplicates"})

    def score(self, evidence: Evidence) -> Score:
        """Clipped density, in [0, 1]."""
        comparison = evidence.comparison
        raw = clipped_mean(comparison.across.clipped5.balls_around_point, K)
        ideal = clipped_mean(real_counts(comparison.within_real, K), K)
        return Score(min(1.0, raw / ideal), details={"uncalibrated": raw} | told(comparison.within_real, K))


class ClippedCoverage(BallShare):
    """The share of good samples that explains how many generated samples, at most 5, real samples have near them.

    Near is nearer than the 5th real neighbour. Detail: `uncalibrated`.
    """

    name = "clipped-coverage"
    title = "Clipped coverage"
    axis = Axis.COVERAGE
    source = SOURCE
    shown: ClassVar[Mapping[str, str]] = {"uncalibrated": "uncalibrated", **SHOWN}

    def score(self, evidence: Evidence) -> Score:
        """Clipped coverage, in [0, 1]."""
        comparison = evidence.comparison
        raw = clipped_mean(comparison.across.real5.points_in_ball, K)
        return Score(clipped_coverage(comparison), details={"uncalibrated": raw} | told(comparison.within_real, K))
