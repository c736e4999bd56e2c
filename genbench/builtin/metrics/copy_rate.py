"""Copy rate: how many samples come as near to training data as only the nearest 1 % of fresh real data do."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.geometry.excess import QUANTILE, at_most
from genbench.records.kinds import Axis, Direction, Scale


class CopyRate(Metric):
    """The share of samples that lie as near to training data as the nearest 1 % of test data; 1 % without copying.

    Details: `expected` .01, `excess`: the one-sided 99.9 % lower bound of what it is above the test split's.
    """

    name = "copy-rate"
    title = "Copy rate"
    axis = Axis.NOVELTY
    direction = Direction.LOWER
    unit = ""
    source = "genbench 2026, after Meehan et al. 2020, https://arxiv.org/abs/2004.05675"
    version = "1"
    scale = Scale.SHARE
    uses_features = True
    needs_train = True
    shown: ClassVar[Mapping[str, str]] = {"expected": "expected"}

    def score(self, evidence: Evidence) -> Score:
        """The tail copy rate against training data, in [0, 1].

        Raises:
            Unavailable: there are no features of training data.
        """
        comparison = evidence.comparison
        generated, real = (
            np.sqrt(near.squared[:, 0]) for near in (comparison.train_of_generated, comparison.train_of_real)
        )
        found = at_most(generated, real)
        return Score(found.share, details={"expected": QUANTILE, "excess": found.bound})
