"""Two-sample test by the nearest neighbour: can generated and real samples be told apart?"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.geometry.balls import Balls
from genbench.records.kinds import Axis, Direction


def empty_share(balls: Sequence[Balls]) -> float:
    """The share of balls that hold no point, in [0, 1]; of several kinds of balls the mean.

    Of the open and the closed balls that reach to the nearest other of the own set: the share of centres that have no
    point of the other set nearer, where one that is as near counts half.
    """
    return float(np.mean([(each.points_in_ball == 0).mean() for each in balls]))


class TwoSampleAccuracy(Metric):
    """The share of samples whose nearest other one, of both sets together, is of their own set; .5 is the best.

    A diagnosis and never a bar: it punishes good models. Above .5 the sets differ; below, samples are too near to real
    ones. Details: `real` and `generated`, the shares of each side; their mean is the value.
    """

    name = "c2st"
    title = "1-NN accuracy"
    axis = Axis.OVERALL
    direction = Direction.LOWER
    unit = ""
    source = (
        "Lopez-Paz and Oquab 2017, https://arxiv.org/abs/1610.06545; Xu et al. 2018, https://arxiv.org/abs/1806.07755"
    )
    version = "1"
    uses_features = True
    symmetric = True
    shown: ClassVar[Mapping[str, str]] = {"real": "real", "generated": "generated"}

    def score(self, evidence: Evidence) -> Score:
        """The accuracy, in [0, 1]; of equal distances the own set's counts half."""
        across = evidence.comparison.across
        real, generated = empty_share(across.real1), empty_share(across.generated1)
        return Score((real + generated) / 2, details={"real": real, "generated": generated})
