"""Class kept: whether a sample is of the same class after it went to another domain."""

from collections.abc import Mapping
from typing import ClassVar

from genbench.builtin.metrics.translations import READS, translations
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.geometry.excess import wilson
from genbench.records.kinds import Axis, Direction, Scale

Z = 1.959963984540054  # of a two-sided 95 % interval


class ClassKept(Metric):
    """The share of answers that a classifier takes for the class of what was shown.

    It is multinomial logistic regression on entries, with standard normal weights, trained on real rows of both domains
    and their classes, which no model is told. It looks at the class alone: who answers with the question itself is as
    good as the classifier is. The interval is Wilson's. Details: `ceiling`, the same of the held-out pairs; `shown`,
    that of the questions themselves.
    """

    name = "class-kept"
    title = "Class kept"
    axis = Axis.FIDELITY
    direction = Direction.HIGHER
    unit = ""
    source = "Hoffman et al. 2018 (semantic consistency), https://arxiv.org/abs/1711.03213; their classifier is a net"
    version = "1"
    scale = Scale.SHARE
    shown: ClassVar[Mapping[str, str]] = {"of the pairs": "ceiling"}
    reads = READS

    def score(self, evidence: Evidence) -> Score:
        """The share, in [0, 1].

        Raises:
            Unavailable: the task asks for no translations.
        """
        found = translations(evidence)
        kept, ceiling, shown = (y == found.label for y in found.classes_of(found.answers, found.pair, found.x))
        low, high = wilson(float(kept.sum()), len(kept), Z)
        return Score(float(kept.mean()), low, high, {"ceiling": float(ceiling.mean()), "shown": float(shown.mean())})
