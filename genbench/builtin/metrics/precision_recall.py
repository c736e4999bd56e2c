"""Improved precision and recall: who lies within the other set's nearest-neighbour balls."""

from genbench.builtin.metrics.repeats import told
from genbench.builtin.metrics.share import Share
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Score
from genbench.errors import Unavailable
from genbench.geometry.balls import Balls
from genbench.geometry.comparison import Across, Comparison
from genbench.records.kinds import Axis

K = 3
SOURCE = "Kynkäänniemi et al. 2019, https://arxiv.org/abs/1904.06991"


def share_inside(balls: Balls) -> float:
    """The share of points that lie in at least one ball, in [0, 1]."""
    return float((balls.balls_around_point > 0).mean())


def _equal_sets(comparison: Comparison) -> Across:
    n, m = len(comparison.real), len(comparison.generated)
    if n != m:
        raise Unavailable(f"needs as many generated as real samples, got {m} and {n}: the value depends on both")
    return comparison.across


class Precision(Share):
    """The share of generated samples within a real sample's distance to its 3rd neighbour. 1.0 for the mean image."""

    name = "precision"
    title = "Precision"
    axis = Axis.QUALITY
    source = SOURCE
    blind_to = frozenset({"dropped-modes", "duplicates"})

    def score(self, evidence: Evidence) -> Score:
        """Precision, in [0, 1]."""
        inside = share_inside(_equal_sets(evidence.comparison).real3)
        return Score(inside, details=told(evidence.comparison.within_real, K))


class Recall(Share):
    """The share of real samples within a generated sample's distance to its 3rd neighbour. High for wide noise."""

    name = "recall"
    title = "Recall"
    axis = Axis.COVERAGE
    source = SOURCE
    blind_to = frozenset({"noise"})  # wide generated balls hold the real samples

    def score(self, evidence: Evidence) -> Score:
        """Recall, in [0, 1]."""
        inside = share_inside(_equal_sets(evidence.comparison).generated3)
        return Score(inside, details=told(evidence.comparison.within_generated, K))
