"""CRPS: the energy score of each hidden entry by itself."""

import numpy as np
from numpy.typing import NDArray

from genbench.builtin.metrics.restorations import READS, restorations
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.records.kinds import Axis, Direction


def fair_crps(draws: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """mean_i |x_i - x| - Σ_ij |x_i - x_j| / (2 k (k - 1)), for each entry.

    The sum over pairs is taken over the sorted draws, 2 Σ_i (2 i - k + 1) x_(i) with i from 0.

    Args:
        draws: [Q, k, …].
        x: [Q, …].
    Returns:
        [Q, …], in the unit of x.
    Source: Ferro 2014, eq. 8, https://doi.org/10.1002/qj.2270
    """
    k = draws.shape[1]
    weights = (2 * np.arange(k) - k + 1).reshape(1, k, *[1] * (x.ndim - 1))
    apart = (weights * np.sort(draws, axis=1)).sum(1) / (k * (k - 1))
    scores: NDArray[np.float64] = np.abs(draws - x[:, None]).mean(1) - apart
    return scores


class RankedProbability(Metric):
    """The fair continuous ranked probability score, averaged over the entries that a measurement leaves open.

    It sees each entry's own law and nothing of how they hang together: the energy score does.
    """

    name = "crps"
    title = "CRPS"
    axis = Axis.FIDELITY
    direction = Direction.LOWER
    unit = "levels"
    source = "Gneiting and Raftery 2007, eq. 21, https://doi.org/10.1198/016214506000001437"
    version = "1"
    reads = READS

    def score(self, evidence: Evidence) -> Score:
        """The mean over entries and questions, each entry counted by how much of it is open; in levels.

        Raises:
            Unavailable: the task asks for no restorations, or hides nothing, or asks for tokens, which have no order.
        """
        if evidence.space.has_tokens:
            raise Unavailable("tokens have no order: the energy score asks of them whether draws are spread rightly")
        found = restorations(evidence)
        if not found.hidden.any():
            raise Unavailable("no entry of any question is hidden")
        value = float(np.average(fair_crps(found.draws, found.x), weights=found.hidden))
        return Score(value, unit=found.unit)
