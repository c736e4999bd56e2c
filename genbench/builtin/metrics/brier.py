"""Brier score: the squared error of the probabilities of all classes."""

import contextlib
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from genbench.builtin.metrics.class_answers import READS, TEST, ClassAnswers, Reals, calibrated, of_split
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.records.kinds import Axis, Direction

Z = 1.959963984540054  # of a two-sided 95 % interval


def squared_errors(answers: ClassAnswers) -> Reals:
    """Σ_c (p_c - [c = y])² of each sample, [n] in [0, 2]."""
    errors = np.exp(answers.log_p)
    errors[np.arange(len(errors)), answers.label] -= 1
    found: Reals = np.square(errors).sum(1)
    return found


class Brier(Metric):
    """The mean of Σ_c (p_c - [c = y])² over test rows, in [0, 2]; 1 - 1/classes for whoever knows nothing.

    A proper score: no answer does better than the probabilities that one believes. It falls with wrong classes and with
    wrong confidence. The interval is the mean's, ±1.96 standard errors. Detail: `calibrated`, the same after the
    temperature that makes the NLL of valid rows the least.
    """

    name = "brier"
    title = "Brier score"
    axis = Axis.FIDELITY
    direction = Direction.LOWER
    unit = ""
    source = "Brier 1950, https://doi.org/10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2"
    version = "1"
    shown: ClassVar[Mapping[str, str]] = {"after temperature": "calibrated"}
    reads = READS

    def score(self, evidence: Evidence) -> Score:
        """The score.

        Raises:
            Unavailable: the task asks for no classes.
        """
        found, details = squared_errors(of_split(evidence, TEST)), {}
        with contextlib.suppress(Unavailable):
            details["calibrated"] = float(squared_errors(calibrated(evidence)[0]).mean())
        value, error = float(found.mean()), float(found.std(ddof=1) / np.sqrt(len(found)))
        return Score(value, max(0.0, value - Z * error), min(2.0, value + Z * error), details)
