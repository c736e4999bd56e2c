"""Class frequencies: how far those of generated samples are from those of real ones, and which classes are left out."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.geometry.excess import newcombe
from genbench.records.kinds import Axis, Direction, Scale
from genbench.records.score import LEFT_OUT

Labels = NDArray[np.int64]

LACKING = 0.5  # of a class's real share, which has to be lacking for it to be left out
ENOUGH = 2000  # scored samples whose classes are counted alone: a large network takes minutes to see further draws
Z = 1.2815515655446004  # of a one-sided 90 % bound: a class at its full share is far from any


def frequencies(real: Labels, generated: Labels) -> tuple[Labels, Labels]:
    """How many of each class there are among labels [N] and [M], [C] each."""
    classes = int(max(real.max(), generated.max())) + 1
    return np.bincount(real, minlength=classes), np.bincount(generated, minlength=classes)


def total_variation(a: Labels, b: Labels) -> float:
    """Half of Σ |p - q| over the classes, in [0, 1], for the frequencies p and q of labels a [N] and b [M]."""
    p, q = (counts / counts.sum() for counts in frequencies(a, b))
    return float(np.abs(p - q).sum() / 2)


def left_out(real: Labels, generated: Labels) -> int:
    """How many classes are all but left out: half of their real share or more is lacking, with 90 % confidence each.

    A class that is drawn at its full share is never among them but by confusion; one drawn at half of it, once in ten.
    """
    of_real, of_generated = frequencies(real, generated)
    n, m = len(real), len(generated)
    pairs = zip(of_real.tolist(), of_generated.tolist(), strict=True)
    return sum(a > 0 and newcombe(a, n, b, m, Z) >= LACKING * a / n for a, b in pairs)


def counted(evidence: Evidence) -> tuple[Labels, Labels]:
    """The classes that are counted, of real rows [N] and of generated ones [M], as many as there are.

    Real are test and, where it is known, held; generated the scored samples, or, where fewer than 2,000 are scored, all
    draws of the run if these are more.

    Raises:
        Unavailable: nobody names classes.
    """
    real, generated = evidence.comparison.labels
    if evidence.held is not None:
        real = np.concatenate([real, evidence.ceiling.labels[1]])
    drawn, embed = evidence.drawn, evidence.embed
    if embed is not None and drawn is not None and len(generated) < min(ENOUGH, len(drawn)):
        generated = evidence.comparison.classes_of(embed(drawn))
    return real, generated


def told_left_out(evidence: Evidence) -> dict[str, float]:
    """The detail of a score of coverage, {} where no class is left out.

    Raises:
        Unavailable: nobody names classes.
    """
    count = left_out(*counted(evidence))
    return {LEFT_OUT: float(count)} if count else {}


class ClassTotalVariation(Metric):
    """The share of samples that would have to change their class for the frequencies of the real test data.

    The extractor's classifier labels both sets, so that its confusions weigh on both; where it names no classes, each
    vector's nearest training row does. A diagnosis: it asks nothing of a sample but its class. Fresh real data score
    about √(C/(πN)) for C even classes and N samples each, by chance. Detail: `left out`, how many classes are, if any,
    among all draws of the run that were kept, scored or not, or, of 2,000 scored samples or more, among these.
    """

    name = "class-tv"
    title = "Class TV"
    axis = Axis.COVERAGE
    direction = Direction.LOWER
    unit = ""
    source = "Levin, Peres, Wilmer 2009, Markov Chains and Mixing Times, sec. 4.1, https://bookstore.ams.org/mbk-107"
    version = "3"
    scale = Scale.SHARE
    uses_features = True
    guard = "fd"
    shown: ClassVar[Mapping[str, str]] = {"classes left out": LEFT_OUT}
    symmetric = True
    blind_to = frozenset({"noise"})  # what keeps its class

    def score(self, evidence: Evidence) -> Score:
        """Total variation, in [0, 1].

        Raises:
            Unavailable: nobody names classes.
        """
        return Score(total_variation(*evidence.comparison.labels), details=told_left_out(evidence))
