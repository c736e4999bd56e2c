"""Accuracy: how often the class that was called most probable is the true one."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from genbench.builtin.metrics.class_answers import HELD, READS, TEST, ClassAnswers, Reals, of_split
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.geometry.excess import wilson
from genbench.records.kinds import Axis, Direction, Scale

Z = 1.959963984540054  # of a two-sided 95 % interval


def hits(answers: ClassAnswers) -> Reals:
    """1 for each sample whose true class is called, 1/k where k classes are equally probable, else 0: [n]."""
    tied = answers.log_p == answers.log_p.max(1, keepdims=True)
    found: Reals = tied[np.arange(len(tied)), answers.label] / tied.sum(1)
    return found


class Accuracy(Metric):
    """The share of test rows whose true class is the most probable one; of k equally probable ones each counts 1/k.

    The interval is Wilson's. Detail: `held`, the same of rows that no plugin has seen before.
    """

    name = "accuracy"
    title = "Accuracy"
    axis = Axis.FIDELITY
    direction = Direction.HIGHER
    unit = ""
    source = "Wilson 1927 (the interval), https://doi.org/10.2307/2276774"
    version = "1"
    scale = Scale.SHARE
    shown: ClassVar[Mapping[str, str]] = {"held": "held"}
    reads = READS

    def score(self, evidence: Evidence) -> Score:
        """The accuracy, in [0, 1].

        Raises:
            Unavailable: the task asks for no classes.
        """
        found, held = (hits(of_split(evidence, split)) for split in (TEST, HELD))
        low, high = wilson(float(found.sum()), len(found), Z)
        return Score(float(found.mean()), low, high, {"held": float(held.mean())})
