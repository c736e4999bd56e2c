"""NLL: how probable the true class was held to be, in nats."""

from collections.abc import Mapping
from typing import ClassVar

from genbench.builtin.metrics.class_answers import READS, TEST, calibrated, nll, of_split
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.records.kinds import Axis, Direction


class NegativeLogLikelihood(Metric):
    """The mean of -log p of the true class over test rows: the log loss. log(classes) for whoever knows nothing.

    Answers that are wrong and sure cost without bound; where a true class was given no probability there is no number.
    No probability is cut off. No interval: a few rows make most of it. Details: `calibrated`, the same after one
    `temperature`, by which all logarithms are divided: it is chosen to make the NLL of valid rows the least.
    """

    name = "nll"
    title = "NLL"
    axis = Axis.FIDELITY
    direction = Direction.LOWER
    unit = "nats"
    source = "Guo et al. 2017, eq. 5 and sec. 4.2 (temperature scaling), https://arxiv.org/abs/1706.04599"
    version = "1"
    shown: ClassVar[Mapping[str, str]] = {"after temperature": "calibrated", "temperature": "temperature"}
    reads = READS

    def score(self, evidence: Evidence) -> Score:
        """The NLL.

        Raises:
            Unavailable: the task asks for no classes, or the NLL is infinite.
        """
        value = nll(of_split(evidence, TEST))
        if value == float("inf"):
            raise Unavailable("it is infinite: a test row's true class was given no probability")
        try:
            answers, chosen = calibrated(evidence)
        except Unavailable:  # of valid rows; the value stands by itself
            return Score(value)
        return Score(value, details={"calibrated": nll(answers), "temperature": chosen})
