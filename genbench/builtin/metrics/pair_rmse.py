"""Pair RMSE: how far an answer is from the row that the same sample is in the other domain."""

from collections.abc import Mapping
from typing import ClassVar

from genbench.builtin.metrics.end_rmse import rmse
from genbench.builtin.metrics.translations import READS, translations
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.records.kinds import Axis, Direction


class PairError(Metric):
    """RMSE of the answers to the held-out pairs: supervised marks for what was learnt unpaired.

    Shown, and never an axis: where a domain has lost something of the other, the mean of all that it could have been
    has the least of it, and is no sample. Details: `share`, the same over the RMSE of the questions themselves, 1 where
    nothing was done; `exact`, the share of answers that are the pair to the bit.
    """

    name = "pair-rmse"
    title = "RMSE to the pair"
    axis = Axis.FIDELITY
    direction = Direction.LOWER
    unit = "levels"
    source = "Isola et al. 2017, eq. 3 (pairs), https://arxiv.org/abs/1611.07004"
    version = "1"
    misled_by = "the mean of all pairs that a row could have, which is no sample"
    shown: ClassVar[Mapping[str, str]] = {"exact": "exact"}
    reads = READS

    def score(self, evidence: Evidence) -> Score:
        """In levels (in the data's unit where entries are real numbers).

        Raises:
            Unavailable: the task asks for no translations.
        """
        found = translations(evidence)
        value, still = rmse(found.answers, found.pair), rmse(found.x, found.pair)
        exact = (found.answers == found.pair).reshape(len(found.pair), -1).all(1)
        details = {"exact": float(exact.mean())} | ({"share": value / still} if still else {})
        return Score(value, details=details, unit=evidence.space.unit)
