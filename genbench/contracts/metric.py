"""Metric: a pure function from a candidate's evidence, and reference data, to a number."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from genbench.contracts.evidence import Evidence
from genbench.errors import Unavailable
from genbench.records.kinds import Axis, Direction

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class Score:
    """One number, with an interval where the definition says that one is valid.

    Args:
        value: finite, in the metric's unit.
        low, high: ends of a 95 % interval of evaluation noise alone (not of training seeds), or None.
        details: further finite numbers that belong to this one (a floor, the bias-corrected value, quantiles).
    """

    value: float
    low: float | None = None
    high: float | None = None
    details: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """{"value", "low", "high", "details"}: what is not finite, apart from the value, is left out.

        Raises:
            Unavailable: the value is not finite.
        """
        if not math.isfinite(self.value):
            raise Unavailable(f"failed: the metric returned {self.value}")
        ends = [None if end is None or not math.isfinite(end) else float(end) for end in (self.low, self.high)]
        details = {name: float(value) for name, value in self.details.items() if math.isfinite(value)}
        return {"value": float(self.value), "low": ends[0], "high": ends[1], "details": details}


class Metric(ABC):
    """A score's declaration and its function. A score's name is `name`, or `name@extractor` if it uses features.

    `blind_to` and `symmetric` are statements that `genbench.conformance.battery` holds a metric against: which of its
    known distortions the score does not see by its definition (precision does not see dropped modes), and whether
    exchanging real and generated features leaves it as it is. One that `reads` an exam marks answers to that kind of
    question alone, and the battery, which asks none, does not try it.
    """

    name: ClassVar[str]
    title: ClassVar[str]  # a column head
    axis: ClassVar[Axis]
    direction: ClassVar[Direction]
    unit: ClassVar[str]  # "" for a pure number
    source: ClassVar[str]
    version: ClassVar[str]
    uses_features: ClassVar[bool] = False
    blind_to: ClassVar[frozenset[str]] = frozenset()  # names of `genbench.conformance.distortion.DISTORTIONS`
    symmetric: ClassVar[bool] = False
    reads: ClassVar[frozenset[str]] = frozenset()  # arrays of an exam, of its questions or its key; none: samples alone

    @classmethod
    def declaration(cls) -> dict[str, str]:
        """What the metric says of itself, as every score of it carries it."""
        texts = {name: getattr(cls, name) for name in ("title", "unit", "version", "source")}
        return {**texts, "axis": cls.axis.value, "direction": cls.direction.value}

    @abstractmethod
    def score(self, evidence: Evidence) -> Score:
        """The candidate's score.

        Raises:
            Unavailable: this evidence cannot give it (no density, too few samples); shown as "n/a" with the reason.
        """
