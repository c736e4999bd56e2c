"""Class frequencies: how far those of generated samples are from those of real ones."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.records.kinds import Axis, Direction, Scale


def total_variation(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    """Half of Σ |p - q| over the classes, in [0, 1], for the frequencies p and q of labels a [N] and b [M]."""
    classes = int(max(a.max(), b.max())) + 1
    p, q = (np.bincount(labels, minlength=classes) / len(labels) for labels in (a, b))
    return float(np.abs(p - q).sum() / 2)


class ClassTotalVariation(Metric):
    """The share of samples that would have to change their class for the frequencies of the real test data.

    The extractor's classifier labels both sets, so that its confusions weigh on both. A diagnosis: it asks nothing of
    a sample but its class. Fresh real data score about √(C/(πN)) for C even classes and N samples each, by chance.
    Detail: `missing`, how many classes of the test data no sample is of.
    """

    name = "class-tv"
    title = "Class TV"
    axis = Axis.COVERAGE
    direction = Direction.LOWER
    unit = ""
    source = "Levin, Peres, Wilmer 2009, Markov Chains and Mixing Times, sec. 4.1, https://bookstore.ams.org/mbk-107"
    version = "1"
    scale = Scale.SHARE
    uses_features = True
    guard = "fd"
    shown: ClassVar[Mapping[str, str]] = {"missing": "missing"}
    symmetric = True
    blind_to = frozenset({"noise"})  # what keeps its class

    def score(self, evidence: Evidence) -> Score:
        """Total variation, in [0, 1].

        Raises:
            Unavailable: the extractor does not name classes.
        """
        real, generated = evidence.comparison.labels
        missing = np.setdiff1d(real, generated)
        return Score(total_variation(real, generated), details={"missing": float(len(missing))})
