"""Alignment: whether samples show what their captions say."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.geometry.excess import wilson
from genbench.records.kinds import Axis, Direction, Scale

READS = frozenset({"attributes", "seen"})  # of an exam of captions
NAMES = ("class", "ink", "slant")  # of the columns of attributes
Z = 1.959963984540054  # of a two-sided 95 % interval

Flags = NDArray[np.bool_]


def matches(evidence: Evidence) -> tuple[Flags, Flags]:
    """Which attributes of each answer are those of its caption [n, 3], and which captions were to be seen before [n].

    Raises:
        Unavailable: the task asks for nothing of the kind.
    """
    key, answers = evidence.key or {}, evidence.answers
    if not key.keys() >= READS or answers is None or evidence.measure is None:
        raise Unavailable("needs samples that follow captions")
    right: Flags = evidence.measure(answers) == key["attributes"]
    return right, key["seen"].astype(bool)


def _score(right: Flags, none: str) -> Score:
    """The share of rows [n, 3] that are right in all, each attribute by itself as details."""
    if not len(right):
        raise Unavailable(none)
    whole = np.asarray(right.all(1))
    low, high = wilson(float(whole.sum()), len(whole), Z)
    return Score(float(whole.mean()), low, high, dict(zip(NAMES, right.mean(0).tolist(), strict=True)))


class Alignment(Metric):
    """The share of samples that show all that their captions say: the digit, how much ink, which way it leans.

    All is measured again from the image. Real images fall short of 1 by what the network that tells the digit is
    mistaken in. The interval is Wilson's. Details: each attribute by itself, and `seen`, over captions that training
    data have.
    """

    name = "alignment"
    title = "Alignment"
    axis = Axis.FIDELITY
    direction = Direction.HIGHER
    unit = ""
    source = "Hessel et al. 2021 (there by CLIP), https://arxiv.org/abs/2104.08718"
    version = "1"
    scale = Scale.SHARE
    shown: ClassVar[Mapping[str, str]] = {**{name: name for name in NAMES}, "seen captions": "seen"}
    reads = READS

    def score(self, evidence: Evidence) -> Score:
        """The share, in [0, 1].

        Raises:
            Unavailable: the task asks for nothing of the kind.
        """
        right, seen = matches(evidence)
        found = _score(right, "")
        told = {"seen": float(right[seen].all(1).mean())} if seen.any() else {}
        return replace(found, details={**found.details, **told})


class HeldOutAlignment(Metric):
    """The same over captions that no training data have: each word was to be seen beside others, never all together.

    Whoever has learnt captions by heart has nothing to show for these.
    """

    name = "alignment-held-out"
    title = "Alignment, new captions"
    axis = Axis.FIDELITY
    direction = Direction.HIGHER
    unit = ""
    source = "Park et al. 2021 (new combinations of words), https://openreview.net/forum?id=bKBhQhPeKaF"
    version = "1"
    scale = Scale.SHARE
    shown: ClassVar[Mapping[str, str]] = {name: name for name in NAMES}
    reads = READS

    def score(self, evidence: Evidence) -> Score:
        """The share, in [0, 1].

        Raises:
            Unavailable: the task asks for nothing of the kind, or for no such caption.
        """
        right, seen = matches(evidence)
        return _score(right[~seen], "every caption that was asked for is one of the training data")
