"""Class answers: the probabilities that a candidate gave the classes of samples, and the temperature chosen by them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.contracts.evidence import Evidence
from genbench.errors import Unavailable

TEST, HELD, VALID = range(3)  # which split a sample of a question is of, in the key
READS = frozenset({"label", "split"})  # of an exam whose answers these are
HOTTEST = 100.0  # the temperature is sought between 1/100 and 100

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class ClassAnswers:
    """What was said of the classes of samples, and which ones they are.

    Args:
        log_p: normalised nats [n, classes].
        label: [n] int64.
    """

    log_p: Reals
    label: NDArray[np.int64]

    @property
    def of_label(self) -> Reals:
        """log p of the true classes, [n] nats."""
        return self.log_p[np.arange(len(self.label)), self.label]

    def at(self, temperature: float) -> "ClassAnswers":
        """p to the power 1/temperature, normalised: above 1 the answers are less sure, and call the same class.

        Source: Guo et al. 2017, eq. 9, https://arxiv.org/abs/1706.04599
        """
        return ClassAnswers(_normalised(self.log_p / temperature), self.label)


def answered(key: Mapping[str, NDArray[Any]], answers: NDArray[Any], split: int) -> ClassAnswers:
    """What was said of the samples of a split, in the order of the questions."""
    rows = key["split"] == split
    return ClassAnswers(_normalised(answers[rows].astype(np.float64)), key["label"][rows])


def _normalised(nats: Reals) -> Reals:
    from scipy.special import log_softmax  # here, so that features are scored without SciPy

    found: Reals = log_softmax(nats, axis=1)
    return found


def of_split(evidence: Evidence, split: int) -> ClassAnswers:
    """The same of a candidate's evidence.

    Raises:
        Unavailable: the task asks for no classes.
    """
    if evidence.key is None or evidence.answers is None or not evidence.key.keys() >= READS:
        raise Unavailable("needs probabilities of classes")
    return answered(evidence.key, evidence.answers, split)


def nll(answers: ClassAnswers) -> float:
    """The mean of -log p of the true classes, nats; infinite where one was ruled out."""
    return float(-answers.of_label.mean())


def temperature(answers: ClassAnswers) -> float:
    """The one in [1/100, 100] at which the NLL of these is the least; it is convex in 1/temperature.

    Raises:
        Unavailable: a true class was ruled out, which no temperature mends.
    """
    from scipy.optimize import minimize_scalar  # here, so that features are scored without SciPy

    if not np.isfinite(answers.of_label).all():
        raise Unavailable("a true class was given no probability, which no temperature mends")
    most = np.log(HOTTEST)
    found = minimize_scalar(lambda t: nll(answers.at(float(np.exp(t)))), bounds=(-most, most), method="bounded")
    return float(np.exp(found.x))


def calibrated(evidence: Evidence) -> tuple[ClassAnswers, float]:
    """What was said of the test samples, at the temperature that is chosen on the valid ones; and that.

    Raises:
        Unavailable: the task asks for no classes, or no temperature can be chosen.
    """
    chosen = temperature(of_split(evidence, VALID))
    return of_split(evidence, TEST).at(chosen), chosen
