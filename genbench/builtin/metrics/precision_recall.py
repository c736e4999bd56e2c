"""Improved precision and recall: who lies within the other set's nearest-neighbour balls.

Both depend on the sizes of the sets, which the paper makes equal: of the larger set as many are drawn.
"""

from collections.abc import Mapping
from typing import ClassVar

from genbench.builtin.metrics.ball_share import BallShare
from genbench.builtin.metrics.equal_sets import SHOWN as EQUAL, drawn
from genbench.builtin.metrics.repeats import SHOWN, told
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Score
from genbench.geometry.balls import Balls
from genbench.records.kinds import Axis

K = 3
SOURCE = "Kynkäänniemi et al. 2019, https://arxiv.org/abs/1904.06991"


def share_inside(balls: Balls) -> float:
    """The share of points that lie in at least one ball, in [0, 1]."""
    return float((balls.balls_around_point > 0).mean())


class Precision(BallShare):
    """The share of generated samples within a real sample's distance to its 3rd neighbour. 1.0 for the mean image."""

    name = "precision"
    title = "Precision"
    axis = Axis.QUALITY
    source = SOURCE
    shown: ClassVar[Mapping[str, str]] = {**SHOWN, **EQUAL}
    blind_to = frozenset({"dropped-modes", "duplicates"})

    def score(self, evidence: Evidence) -> Score:
        """Precision, in [0, 1]."""
        equal = evidence.comparison.equal
        inside = share_inside(equal.across.real3)
        return Score(inside, details=told(equal.within_real, K) | drawn(evidence.comparison))


class Recall(BallShare):
    """The share of real samples within a generated sample's distance to its 3rd neighbour. High for wide noise."""

    name = "recall"
    title = "Recall"
    axis = Axis.COVERAGE
    source = SOURCE
    shown: ClassVar[Mapping[str, str]] = {**SHOWN, **EQUAL}
    blind_to = frozenset({"noise"})  # wide generated balls hold the real samples

    def score(self, evidence: Evidence) -> Score:
        """Recall, in [0, 1]."""
        equal = evidence.comparison.equal
        inside = share_inside(equal.across.generated3)
        return Score(inside, details=told(equal.within_generated, K) | drawn(evidence.comparison))
