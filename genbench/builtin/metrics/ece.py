"""Expected calibration error: whether of all that is called with 80 % confidence 80 % is right."""

import contextlib
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from genbench.builtin.metrics.accuracy import hits
from genbench.builtin.metrics.class_answers import READS, TEST, ClassAnswers, calibrated, of_split
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.records.kinds import Axis, Direction, Scale

BINS = 15


def calibration_error(answers: ClassAnswers) -> float:
    """Σ_b |B_b| / n |accuracy(B_b) - confidence(B_b)|, in [0, 1].

    B_b holds the samples whose highest probability lies in ((b - 1) / 15, b / 15].
    """
    right, confidence = hits(answers), np.exp(answers.log_p.max(1))
    bins = np.clip(np.ceil(confidence * BINS).astype(np.int64), 1, BINS)
    gaps = np.bincount(bins, right - confidence, BINS + 1)
    return float(np.abs(gaps).sum() / len(right))


class CalibrationError(Metric):
    """The mean gap of confidence and accuracy over 15 bins of even width, weighted by their test rows.

    A diagnosis and never an axis: whoever always answers with the classes' frequencies has next to none. It is biased
    upwards, by some hundredths with a few hundred rows, and so has no interval. Detail: `calibrated`, the same after
    the temperature that makes the NLL of valid rows the least.
    """

    name = "ece-15"
    title = "ECE"
    axis = Axis.FIDELITY
    direction = Direction.LOWER
    unit = ""
    source = "Guo et al. 2017, eq. 3, https://arxiv.org/abs/1706.04599"
    version = "1"
    misled_by = "the classes' frequencies, told of every image"
    scale = Scale.SHARE
    shown: ClassVar[Mapping[str, str]] = {"after temperature": "calibrated"}
    reads = READS

    def score(self, evidence: Evidence) -> Score:
        """The error.

        Raises:
            Unavailable: the task asks for no classes.
        """
        details = {}
        with contextlib.suppress(Unavailable):
            details["calibrated"] = calibration_error(calibrated(evidence)[0])
        return Score(calibration_error(of_split(evidence, TEST)), details=details)
