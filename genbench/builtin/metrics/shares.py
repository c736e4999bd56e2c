"""Quality and coverage as shares of what fresh real data get: the axes of `generate`, and clipped recall.

Clipped density alone rewards contraction (averages of neighbours lie in more balls than real data do), and clipped
coverage alone ranks as it does. So quality falls on either side of the ceiling, and coverage is the lesser of two.
"""

import contextlib
import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from genbench.builtin.metrics.ball_share import BallShare
from genbench.builtin.metrics.by_class import Ratios, Shares, ratios_by_class
from genbench.builtin.metrics.class_tv import told_left_out
from genbench.builtin.metrics.clipped import SOURCE, K, clipped_coverage, clipped_mean
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Score
from genbench.errors import Unavailable
from genbench.geometry.cloud import Reals
from genbench.geometry.comparison import Comparison
from genbench.records.kinds import Axis
from genbench.records.score import CONTRACTED, LEFT_OUT

SPREADS = 3  # above 1, from where on a ratio is called contracted


def in_balls(comparison: Comparison) -> Reals:
    """In how many real balls, of at most the median radius, each generated vector lies: min(count, 5)/5, [M]."""
    shares: Reals = np.minimum(comparison.across.clipped5.balls_around_point, K) / K
    return shares


def density(comparison: Comparison) -> float:
    """The mean of the same."""
    return clipped_mean(comparison.across.clipped5.balls_around_point, K)


def recall(comparison: Comparison) -> float:
    """In how many generated balls, of at most the real median radius, a real vector lies: mean of min(count, 5)/5."""
    return clipped_mean(comparison.across.generated5.balls_around_point, K)


def ratio(value: float, ceiling: float) -> float:
    """A share of what the split held gets.

    Raises:
        Unavailable: that is nothing.
    """
    if not ceiling:
        raise Unavailable("the split held scores nothing itself, so that nothing can be divided by it")
    return value / ceiling


def spread(held: Comparison, count: int) -> float:
    """The standard error of d where the samples are fresh real data, as many as `count`.

    Of both means, the samples' and held's, over its rows as if they were independent.
    """
    shares = in_balls(held)
    return float(shares.std(ddof=1) / shares.mean() * math.sqrt(1 / count + 1 / len(shares)))


class ClippedRecall(BallShare):
    """Clipped density with the roles exchanged: in how many generated samples' balls a real sample lies, at most 5.

    The balls reach to the 5th generated neighbour, at most to the median of the real ones' radii. Divided by the same
    of the split held; at most 1. Details: `ratio`, before it is cut; `uncalibrated`.
    """

    name = "clipped-recall"
    title = "Clipped recall"
    axis = Axis.COVERAGE
    source = SOURCE
    shown: ClassVar[Mapping[str, str]] = {"uncut": "ratio"}

    def score(self, evidence: Evidence) -> Score:
        """Clipped recall, in [0, 1]."""
        raw = recall(evidence.comparison)
        found = ratio(raw, recall(evidence.ceiling))
        return Score(min(1.0, found), details={"ratio": found, "uncalibrated": raw})


class QualityShare(BallShare):
    """1 - |1 - d|, at least 0, where d is the clipped density, uncut, over that of the split held.

    Contraction makes d large: samples that lie in more balls than fresh real data do are no better than those that
    lie in fewer. Where classes are known, d is of each class and |1 - d| the mean over them, less what chance adds to
    it: a class that lies too dense does not make up for one that lies too thin, and one that is not drawn has no
    quality. Details: `ratio`, d of all samples; `limit`, 1 + 3 standard errors of fresh data, where d exceeds it:
    contracted; and of classes, `classes`, how many were told apart, and `uncalibrated`, with what chance adds.
    """

    name = "quality-share"
    title = "Quality"
    axis = Axis.QUALITY
    source = SOURCE
    version = "2"
    two_sided = True
    shown: ClassVar[Mapping[str, str]] = {"d": "ratio", "contracted: d above": CONTRACTED, "classes": "classes"}

    def score(self, evidence: Evidence) -> Score:
        """The share, in [0, 1]."""
        d = ratio(density(evidence.comparison), density(evidence.ceiling))
        limit = 1 + SPREADS * spread(evidence.ceiling, len(evidence.comparison.generated))
        details = {"ratio": d} | ({CONTRACTED: limit} if d > limit else {})
        found = by_class(evidence)
        if found is None:
            return Score(max(0.0, 1 - abs(1 - d)), details=details)
        return Score(1 - found.even, details=details | found.details)


def by_class(evidence: Evidence) -> Ratios | None:
    """How dense each class lies beside fresh real data of it; None where classes are not known, or not told apart."""
    try:
        labels = evidence.comparison.labels[1], evidence.ceiling.labels[1]
    except Unavailable:
        return None
    shares = [in_balls(comparison) for comparison in (evidence.comparison, evidence.ceiling)]
    found = ratios_by_class(Shares(shares[0], labels[0]), Shares(shares[1], labels[1]))
    return found if len(found.ratios) > 1 else None


class CoverageShare(BallShare):
    """The lesser of clipped coverage and clipped recall: it reads as the share of good samples.

    Neither need fall where a class that is drawn badly is not drawn at all. Details: `coverage` and `recall`; and
    `left out`, how many classes are among all draws of the run, if any and if classes are known.
    """

    name = "coverage-share"
    title = "Coverage share"
    axis = Axis.COVERAGE
    source = SOURCE
    version = "2"
    shown: ClassVar[Mapping[str, str]] = {
        "clipped coverage": "coverage",
        "clipped recall": "recall",
        "classes left out": LEFT_OUT,
    }

    def score(self, evidence: Evidence) -> Score:
        """The share, in [0, 1]."""
        coverage = clipped_coverage(evidence.comparison)
        recalled = min(1.0, ratio(recall(evidence.comparison), recall(evidence.ceiling)))
        lacking: dict[str, float] = {}
        with contextlib.suppress(Unavailable):
            lacking = told_left_out(evidence)
        return Score(min(coverage, recalled), details={"coverage": coverage, "recall": recalled} | lacking)
