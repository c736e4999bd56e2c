"""End RMSE: whether a path begins and ends at the samples that it was asked to connect."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.records.kinds import Axis, Direction


def rmse(x: NDArray[Any], y: NDArray[Any]) -> float:
    """√ of the mean squared difference of all entries of two arrays of one shape, in levels."""
    return float(np.sqrt(np.square(x.astype(np.float64) - y).mean()))


def end_rmse(answers: NDArray[Any], a: NDArray[Any], b: NDArray[Any]) -> float:
    """RMSE between the first and last samples of paths [Q, n, *shape] and the ends a, b [Q, *shape], in levels."""
    return rmse(answers[:, [0, -1]], np.stack([a, b], axis=1))


class EndError(Metric):
    """How far the first and last sample of a path are from the two that it should connect: how well a model rebuilds.

    Detail: `share`, the same over the RMSE between a and b themselves: at 1 each end is as far off as the other one is.
    """

    name = "end-rmse"
    title = "End RMSE"
    axis = Axis.FIDELITY
    direction = Direction.LOWER
    unit = "levels"
    source = "Ho, Jain and Abbeel 2020, fig. 8 (the columns of reconstructions), https://arxiv.org/abs/2006.11239"
    version = "1"
    reads = frozenset({"a", "b"})

    def score(self, evidence: Evidence) -> Score:
        """The RMSE, in levels (in the data's unit where entries are real numbers).

        Raises:
            Unavailable: the task asks for no paths.
        """
        questions, answers = evidence.questions or {}, evidence.answers
        if not self.reads <= questions.keys() or answers is None:
            raise Unavailable("needs paths between two samples")
        value = end_rmse(answers, questions["a"], questions["b"])
        share = value / rmse(questions["a"], questions["b"])
        return Score(value, details={"share": share}, unit=evidence.space.unit)
