"""Rank distance: whether the truth is anywhere among the draws, as often as anywhere else."""

import numpy as np
from numpy.typing import NDArray

from genbench.builtin.metrics.restorations import READS, restorations
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.records.kinds import Axis, Direction


def rank_shares(
    draws: NDArray[np.float64], x: NDArray[np.float64], weights: NDArray[np.float32]
) -> NDArray[np.float64]:
    """How often the truth has each rank among k draws, 0 to k, entry by entry: [k + 1], adding up to 1.

    Integers are often equal. A tie is broken at random in all its ways, and each is counted by its probability instead
    of being drawn: a truth with l draws below it and t equal ones has the ranks l to l + t with 1 / (t + 1) each.

    Args:
        draws: [Q, k, …].
        x: [Q, …].
        weights: of each entry of x, [Q, …], not all 0.
    Source: Hamill 2001, https://doi.org/10.1175/1520-0493(2001)129<0550:IORHFV>2.0.CO;2
    """
    k = draws.shape[1]
    low = (draws < x[:, None]).sum(1)
    tied = (draws == x[:, None]).sum(1)
    shares = np.array([(((low <= r) & (r <= low + tied)) * weights / (tied + 1)).sum() for r in range(k + 1)])
    found: NDArray[np.float64] = shares / shares.sum()
    return found


class RankDistance(Metric):
    """½ Σ|p_r - 1/(k+1)|, p_r how often the truth has rank r among k draws in an entry that is hidden: 0 is calibrated.

    Entries are looked at one by one, and those that are equal in all draws and in the truth count as calibrated.
    Details: `outside`, how often the truth is below or above all draws, as a multiple of what it should be (above 1:
    draws are too much alike, or off), and `above`, how often above rather than below (½: not off to either side).
    """

    name = "rank-distance"
    title = "Rank distance"
    axis = Axis.FIDELITY
    direction = Direction.LOWER
    unit = ""
    source = "Hamill 2001, https://doi.org/10.1175/1520-0493(2001)129<0550:IORHFV>2.0.CO;2"
    version = "1"
    reads = READS

    def score(self, evidence: Evidence) -> Score:
        """In [0, 1); of calibrated draws near 0, by the chance of finitely many questions above it.

        Raises:
            Unavailable: the task asks for no restorations, or hides nothing.
        """
        found = restorations(evidence)
        if not found.hidden.any():
            raise Unavailable("no entry of any question is hidden")
        shares = rank_shares(found.draws, found.x, found.hidden)
        ends = shares[0] + shares[-1]
        details = {"outside": float(ends * len(shares) / 2), "above": float(shares[-1] / ends) if ends else 0.5}
        return Score(float(np.abs(shares - 1 / len(shares)).sum() / 2), details=details)
