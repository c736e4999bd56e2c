"""Two-sample test by the nearest neighbour: can generated and real samples be told apart?"""

from collections.abc import Mapping
from typing import ClassVar

from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.records.kinds import Axis, Direction


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
        found = evidence.comparison
        own = found.within_real.squared_radii(1), found.within_generated.squared_radii(1)
        other = found.across.generated_of_real.squared[:, 0], found.across.real_of_generated.squared[:, 0]
        shares = [
            float((mine < theirs).mean() + (mine == theirs).mean() / 2) for mine, theirs in zip(own, other, strict=True)
        ]
        return Score(sum(shares) / 2, details={"real": shares[0], "generated": shares[1]})
