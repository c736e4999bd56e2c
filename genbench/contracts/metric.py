"""Metric: a pure function from a candidate's evidence, and reference data, to a number."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from genbench.contracts.evidence import Evidence
from genbench.records.kinds import Axis, Direction, Scale


@dataclass(frozen=True)
class Score:
    """One number, with an interval where the definition says that one is valid.

    Args:
        value: finite, in the metric's unit.
        low, high: ends of a 95 % interval of evaluation noise alone (not of training seeds), or None.
        details: further finite numbers that belong to this one (a floor, the bias-corrected value, quantiles).
        unit: in place of the metric's, where it depends on the Space; None: the metric's.
    """

    value: float
    low: float | None = None
    high: float | None = None
    details: Mapping[str, float] = field(default_factory=dict)
    unit: str | None = None


class Metric(ABC):
    """A score's declaration and its function. A score's name is `name`, or `name@extractor` if it uses features.

    `genbench.conformance.findings` holds a metric against what it states of itself: `blind_to`, which of the known
    distortions the score does not see by its definition (precision does not see dropped modes); `two_sided`, whether
    it falls on either side of fresh real data, so that the real data themselves are not the best; `symmetric`, whether
    exchanging real and generated features leaves it as it is; `needs_train`, whether the value depends on features of
    training data; and the range of its `scale`. One that `reads` an exam marks
    answers to that kind of question alone, and one of `sequences` has nothing to say of images: neither is tried there.
    """

    name: ClassVar[str]  #: kebab-case: what a suite lists
    title: ClassVar[str]  #: a column head
    axis: ClassVar[Axis]  #: which side of a model it is about
    direction: ClassVar[Direction]  #: which way is better
    unit: ClassVar[str]  #: "" for a pure number
    source: ClassVar[str]  #: paper, year and URL
    version: ClassVar[str]  #: raised whenever a number changes
    tie: ClassVar[float] = 1.0  #: the factor below which two values are no different, whatever a test says
    scale: ClassVar[Scale] = Scale.PLAIN  #: on which its values are pooled over seeds: a share is one of [0, 1]
    uses_features: ClassVar[bool] = False  #: of an extractor, which then joins its name
    needs_train: ClassVar[bool] = False  #: of the features, those of training data too
    shown: ClassVar[Mapping[str, str]] = {}  #: words → the detail that stands behind them beside the value, in order
    titles: ClassVar[Mapping[str, str]] = {}  #: extractor → the column head that it alone gives a right to
    further: ClassVar[bool] = False  #: dear, or seldom read: `genbench score` gives it only where it is asked for
    guard: ClassVar[str] = ""  #: the metric, of the same features, that has to beat the floor's
    blind_to: ClassVar[frozenset[str]] = frozenset()  #: names of known distortions
    two_sided: ClassVar[bool] = False  #: whether it falls on either side of fresh real data
    symmetric: ClassVar[bool] = False  #: whether exchanging real and generated features leaves it as it is
    misled_by: ClassVar[str] = ""  #: who has the best score without being good: a suite's axis must not rest on it
    reads: ClassVar[frozenset[str]] = frozenset()  #: arrays of an exam, its questions or its key; none: samples alone
    sequences: ClassVar[bool] = False  #: whether it is of sequences, of tokens or real numbers, alone

    @abstractmethod
    def score(self, evidence: Evidence) -> Score:
        """The candidate's score.

        Raises:
            Unavailable: this evidence cannot give it (no density, too few samples); shown as "n/a" with the reason.
        """
