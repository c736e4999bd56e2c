"""Energy score: whether draws are spread about the truth as the truth is spread about them."""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from genbench.builtin.metrics.restorations import READS, restorations
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.records.kinds import Axis, Direction


def energy_scores(draws: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """mean_i ‖x_i - x‖ - Σ_ij ‖x_i - x_j‖ / (2 k (k - 1)), the fair energy score of k independent draws.

    With k (k - 1) in the place of k², its mean is that of infinitely many draws, whatever k is: none gains by drawing
    from a narrower law than the one that it believes in.

    Args:
        draws: x_i, [Q, k, d].
        x: the truth, [Q, d].
    Returns:
        [Q]; 0 or more, and 0 by chance too: where all draws but one are x.
    Source: Gneiting and Raftery 2007, eq. 22, https://doi.org/10.1198/016214506000001437; Ferro 2014, sec. 4 (fair),
        https://doi.org/10.1002/qj.2270
    """
    k = draws.shape[1]
    error = np.linalg.norm(draws - x[:, None], axis=2).mean(1)
    apart = sum(np.linalg.norm(draws[:, i] - draws[:, j], axis=1) for i, j in combinations(range(k), 2))
    scores: NDArray[np.float64] = error - apart / (k * (k - 1))
    return scores


class Energy(Metric):
    """mean ‖x_i - x‖ - Σ‖x_i - x_j‖ / (2 k (k - 1)) over k draws x_i of each sample x: proper, and fair in k.

    Only the law of x given what was measured has the lowest mean. A single best guess pays for having no spread, and
    spread that is not there in truth costs as well. Fairness takes the draws for independent: whoever spreads his k
    draws evenly over his own law instead gains up to 1/(k - 1) of the second term. Details: the two terms, `error` and
    `spread`.
    """

    name = "energy"
    title = "Energy score"
    axis = Axis.FIDELITY
    direction = Direction.LOWER
    unit = "levels"
    source = "Gneiting and Raftery 2007, eq. 22, https://doi.org/10.1198/016214506000001437"
    version = "1"
    reads = READS

    def score(self, evidence: Evidence) -> Score:
        """The mean over the questions, in levels; of tokens, where ‖x - y‖ is √(places that differ), in its unit.

        Raises:
            Unavailable: the task asks for no restorations.
        """
        found = restorations(evidence)
        draws, x = found.draws.reshape(*found.draws.shape[:2], -1), found.x.reshape(len(found.x), -1)
        scores = energy_scores(draws, x)
        error = float(np.linalg.norm(draws - x[:, None], axis=2).mean())
        value = float(scores.mean())
        return Score(value, details={"error": error, "spread": error - value}, unit=found.unit)
