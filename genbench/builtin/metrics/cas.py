"""CAS: how well a classifier that has learnt from labelled samples alone knows real data."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from genbench.builtin.metrics.multinomial import fitted
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.geometry.cloud import Features
from genbench.geometry.excess import wilson
from genbench.records.kinds import Axis, Direction, Scale

Z = 1.959963984540054  # of a two-sided 95 % interval
Labels = NDArray[np.int64]


def taught(x: Features, y: Labels, real: Features, classes: Labels) -> float:
    """The accuracy on real features [N, d] of classes [N] of a regression that has learnt from x [n, d], y [n]."""
    known, which = np.unique(np.concatenate([y, classes]), return_inverse=True)
    called = fitted(x, which[: len(y)], len(known)).log_p(real).argmax(1)
    return float((called == which[len(y) :]).mean())


class ClassificationAccuracy(Metric):
    """The accuracy on real test rows of a classifier that was trained on the candidate's labelled samples.

    It asks for samples that look like the class that was told and cover what distinguishes it, and rewards nothing
    else: a class's samples may be noisy or few. The classifier is multinomial logistic regression on the extractor's
    features, with standard normal weights. The labels are those that the harness drew, or that lie beside the samples;
    of a model that was not told them they say nothing. Features of a network that was itself trained on classes, as
    digits-net, make it easier than pixels do. The interval is Wilson's, of the test rows alone. Detail: `train`, the
    accuracy after learning from the training split instead, where that is known.
    """

    name = "cas"
    title = "CAS"
    axis = Axis.OVERALL
    direction = Direction.HIGHER
    unit = ""
    source = "Ravuri and Vinyals 2019, https://arxiv.org/abs/1905.10887; the classifier is simpler than theirs"
    version = "1"
    scale = Scale.SHARE
    uses_features = True
    further = True
    shown: ClassVar[Mapping[str, str]] = {"of training data": "train"}
    reads = frozenset({"labels"})

    def score(self, evidence: Evidence) -> Score:
        """The accuracy, in [0, 1].

        Raises:
            Unavailable: samples or reference have no labels.
        """
        comparison, y = evidence.comparison, evidence.labels
        reference = comparison.reference
        classes = reference.real_classes
        if y is None or classes is None:
            raise Unavailable(f"needs labels of the {'samples' if y is None else 'reference'}")
        value, n = taught(comparison.generated, y, comparison.real, classes), len(classes)
        details = {}
        if reference.train is not None and reference.classes is not None:
            details["train"] = taught(reference.train, reference.classes, comparison.real, classes)
        return Score(value, *wilson(value * n, n, Z), details)
