"""PSNR: how near a draw, or the mean of all draws, is to the truth, in decibels."""

import math
from typing import Any

from numpy.typing import NDArray

from genbench.builtin.metrics.restorations import READS, mse, restorations
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.records.kinds import Axis, Direction
from genbench.records.space import Space


def psnr(error: float, peak: int) -> float:
    """10 log₁₀(peak² / mean squared error), dB.

    Raises:
        Unavailable: there is no error.
    """
    if not error > 0:
        raise Unavailable("the answers are exact, and the ratio is infinite")
    return 10 * math.log10(peak**2 / error)


def pooled(x: NDArray[Any], y: NDArray[Any], space: Space) -> Score:
    """PSNR of the squared error over all images together.

    The mean of the images' own ratios would be infinite where one of them is exact.

    Raises:
        Unavailable: no error, or a Space without a highest level.
    """
    if space.levels is None or space.levels < 2 or space.has_tokens:
        raise Unavailable("needs 2 or more levels that are quantities: the peak is the highest of them")
    return Score(psnr(mse(x, y), space.levels - 1))


class DrawRatio(Metric):
    """10 log₁₀(highest level² / MSE) of the draws, the squared error pooled over all of them.

    Shown, and never an axis: a draw from the true law is 3 dB below the mean of that law, which is no sample of it.
    """

    name = "psnr"
    title = "PSNR of a draw"
    axis = Axis.FIDELITY
    direction = Direction.HIGHER
    unit = "dB"
    source = "Blau and Michaeli 2018, https://arxiv.org/abs/1711.06077"
    version = "1"
    misled_by = "the mean of all that fits a question, which is no sample"
    reads = READS

    def score(self, evidence: Evidence) -> Score:
        """In decibels.

        Raises:
            Unavailable: the task asks for no restorations, or all of them are exact.
        """
        found = restorations(evidence)
        return pooled(found.draws, found.x[:, None], evidence.space)


class MeanRatio(Metric):
    """10 log₁₀(highest level² / MSE) of the mean of the draws of each question, which is not rounded."""

    name = "psnr-mean"
    title = "PSNR of the mean"
    axis = Axis.FIDELITY
    direction = Direction.HIGHER
    unit = "dB"
    source = "Blau and Michaeli 2018, https://arxiv.org/abs/1711.06077"
    version = "1"
    misled_by = "the mean of all that fits a question, which is no sample"
    reads = READS

    def score(self, evidence: Evidence) -> Score:
        """In decibels.

        Raises:
            Unavailable: the task asks for no restorations, or all of their means are exact.
        """
        found = restorations(evidence)
        return pooled(found.mean, found.x, evidence.space)
