"""Consistency: whether what was restored would have been measured as the question says."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.contracts.evidence import Evidence, Measure
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.records.kinds import Axis, Direction


def inconsistency(draws: NDArray[Any], y: NDArray[Any], measure: Measure) -> float:
    """RMS of A(x_i) - y over all draws [Q, k, *shape], all questions y [Q, …] and all their entries, in levels."""
    off = [np.square(measure(draws[:, i]) - y).mean() for i in range(draws.shape[1])]
    return float(np.sqrt(np.mean(off)))


class Consistency(Metric):
    """RMS of A(x_i) - y: how far a restoration is from what is known of it. The harness measures x_i itself.

    Integers cannot always agree exactly: rounding alone moves A(x) by about √(Σa² / 12).
    """

    name = "consistency"
    title = "Consistency"
    axis = Axis.FIDELITY
    direction = Direction.LOWER
    unit = "levels"
    source = "Wang, Yu and Zhang 2023, sec. 4 (Cons), https://arxiv.org/abs/2212.00490"
    version = "1"
    reads = frozenset({"y"})

    def score(self, evidence: Evidence) -> Score:
        """The RMS, in levels; 0 where nothing that was told was changed.

        Raises:
            Unavailable: the task measures nothing.
        """
        questions, answers, measure = evidence.questions or {}, evidence.answers, evidence.measure
        if not self.reads <= questions.keys() or answers is None or measure is None:
            raise Unavailable("needs restorations of what was measured")
        return Score(inconsistency(answers, questions["y"], measure), unit=evidence.space.unit)
