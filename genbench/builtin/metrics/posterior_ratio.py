"""Posterior ratio: whether draws are as far from their mean as the truth is."""

import numpy as np
from numpy.typing import NDArray

from genbench.builtin.metrics.restorations import READS, mse, restorations
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.records.kinds import Axis, Direction


def posterior_ratio(draws: NDArray[np.float64], x: NDArray[np.float64]) -> float:
    """(MSE of a draw / MSE of the mean of k draws) (1 + 1/k) / 2.

    Where x and the k draws are independent of one law with variance v, a draw is off by 2v and their mean by
    v (1 + 1/k): the ratio is 1.

    Args:
        draws: [Q, k, …].
        x: [Q, …].
    Raises:
        Unavailable: the mean is exact.
    Source: Ohayon et al. 2021, sec. 3 (a draw has twice the error of the mean), https://arxiv.org/abs/2103.04192
    """
    best = mse(draws.mean(1), x)
    if not best > 0:
        raise Unavailable("the mean of the draws is exact")
    own: int = draws.shape[1]
    return mse(draws, x[:, None]) / best * (1 + 1 / own) / 2


class PosteriorRatio(Metric):
    """(MSE of a draw / MSE of the mean of k) (1 + 1/k) / 2: 1 of the exact law, (1 + 1/k) / 2 of one answer k times.

    Below 1 draws are too much alike, above 1 they are spread too far; neither end is the better one, and 1 is no proof:
    two faults may cancel. Detail: `off`, the distance of its logarithm from 0.
    """

    name = "posterior-ratio"
    title = "Posterior ratio"
    axis = Axis.FIDELITY
    direction = Direction.HIGHER
    unit = ""
    source = "Ohayon et al. 2021, https://arxiv.org/abs/2103.04192"
    version = "1"
    two_sided = True
    reads = READS

    def score(self, evidence: Evidence) -> Score:
        """The ratio, above 0.

        Raises:
            Unavailable: the task asks for no restorations, or the mean of the draws is exact.
        """
        found = restorations(evidence)
        ratio = posterior_ratio(found.draws, found.x)
        return Score(ratio, details={"off": abs(float(np.log(ratio)))})
