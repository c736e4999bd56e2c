"""Density and coverage: how many real samples' neighbourhoods hold a generated one, and how many are held at all."""

from collections.abc import Mapping
from typing import ClassVar

from genbench.builtin.metrics.ball_share import BallShare
from genbench.builtin.metrics.repeats import SHOWN, told
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.geometry.balls import Balls
from genbench.records.kinds import Axis, Direction

K = 5
SOURCE = "Naeem et al. 2020, https://arxiv.org/abs/2002.09797"


def density(balls: Balls, k: int) -> float:
    """How many balls hold a point on average, over k: 1 for fresh real data, above it for samples in dense places."""
    return float(balls.balls_around_point.mean() / k)


def coverage(balls: Balls) -> float:
    """The share of balls that hold at least one point, in [0, 1]."""
    return float((balls.points_in_ball > 0).mean())


class Density(Metric):
    """In how many real samples' open balls to the 5th neighbour a generated sample lies, over 5. It may exceed 1."""

    name = "density"
    title = "Density"
    axis = Axis.QUALITY
    direction = Direction.HIGHER
    unit = ""
    source = SOURCE
    version = "1"
    uses_features = True
    shown: ClassVar[Mapping[str, str]] = SHOWN
    guard = "fd"
    blind_to = frozenset({"blur", "dropped-modes", "duplicates"})  # what is blurred lies in denser places

    def score(self, evidence: Evidence) -> Score:
        """Density, at least 0."""
        comparison = evidence.comparison
        return Score(density(comparison.across.real5, K), details=told(comparison.within_real, K))


class Coverage(BallShare):
    """The share of real samples with a generated one nearer than their 5th real neighbour."""

    name = "coverage"
    title = "Coverage"
    axis = Axis.COVERAGE
    source = SOURCE

    def score(self, evidence: Evidence) -> Score:
        """Coverage, in [0, 1]."""
        comparison = evidence.comparison
        return Score(coverage(comparison.across.real5), details=told(comparison.within_real, K))
