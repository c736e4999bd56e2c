"""Authenticity: how many samples are farther from their training neighbour than that one is from its own."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.geometry.neighbours import Nearest
from genbench.records.kinds import Axis, Direction, Scale


def authentic_share(found: Nearest, within: Nearest) -> float:
    """The share of samples x with d(x, t) > d(t, t'), t the training row nearest to x, t' the other nearest to t.

    Args:
        found: [N, k] the training rows nearest to each sample.
        within: [K, 1] the other distinct training row nearest to each training row.
    """
    return float(np.mean(found.squared[:, 0] > within.squared[found.indices[:, 0], 0]))


class Authenticity(Metric):
    """The share of samples that are no closer to a training row than its own neighbour is: about a half if fresh.

    A diagnosis: noise is perfectly authentic. Training rows that repeat count once. Detail: `real`, the same of the
    test split.
    """

    name = "authenticity"
    title = "Authenticity"
    axis = Axis.NOVELTY
    direction = Direction.HIGHER
    unit = ""
    source = "Alaa et al. 2022, https://arxiv.org/abs/2102.08921"
    version = "2"
    scale = Scale.SHARE
    uses_features = True
    needs_train = True
    shown: ClassVar[Mapping[str, str]] = {"real": "real"}

    def score(self, evidence: Evidence) -> Score:
        """The share of authentic samples, in [0, 1].

        Raises:
            Unavailable: there are no features of training data.
        """
        comparison = evidence.comparison
        share = authentic_share(comparison.train_of_generated, comparison.train_within)
        return Score(share, details={"real": authentic_share(comparison.train_of_real, comparison.train_within)})
