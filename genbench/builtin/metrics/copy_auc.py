"""Copy AUC: how often a sample lies farther from training data than a test sample does."""

import numpy as np

from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.geometry.cloud import Reals
from genbench.records.kinds import Axis, Direction, Scale


def auc(a: Reals, b: Reals) -> float:
    """P(A > B) + P(A = B)/2 over all pairs: Mann and Whitney's U over the number of pairs, in [0, 1].

    Args:
        a, b: [N] and [M] float64.
    """
    ordered = np.sort(b)
    below, not_above = np.searchsorted(ordered, a, "left"), np.searchsorted(ordered, a, "right")
    return float((below + not_above).mean() / (2 * len(b)))


class CopyAuc(Metric):
    """How often a sample is farther from training data than a test sample: 1/2 if fresh, 0 for copies, 1 for noise.

    A diagnosis: dropped modes move it without any copying, so nothing is gated on it.
    """

    name = "copy-auc"
    title = "Copy AUC"
    axis = Axis.NOVELTY
    direction = Direction.HIGHER
    unit = ""
    source = "Meehan et al. 2020, https://arxiv.org/abs/2004.05675"
    version = "1"
    scale = Scale.SHARE
    uses_features = True
    further = True
    needs_train = True

    def score(self, evidence: Evidence) -> Score:
        """U/(nm) of the distances of samples and of test data to training data, in [0, 1].

        Raises:
            Unavailable: there are no features of training data.
        """
        comparison = evidence.comparison
        return Score(auc(comparison.train_of_generated.squared[:, 0], comparison.train_of_real.squared[:, 0]))
