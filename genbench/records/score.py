"""Score: one number of a record with the identity that makes it comparable, or why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated

from genbench.files.codec import Count, Meta, Number
from genbench.records.kinds import Axis, Direction, Scale

LARGEST = 1e30  # of a number that a record holds
AT_LEAST = "at least"  # the detail of a value that is a lower bound
CONTRACTED = "limit"  # the detail of a score of quality whose samples lie denser than this, as fresh real data do not

LEFT_OUT = "left out"  # the detail of a score of coverage: how many classes of the data the samples all but leave out


@dataclass(frozen=True)
class ScoreRecord:
    """One score of a candidate; scores whose identities differ never share a column."""

    value: Number
    """In the metric's unit."""
    title: str
    """The column's head."""
    axis: Axis
    """What the score speaks of."""
    direction: Direction
    """Which way is better."""
    unit: str
    """"" for a pure number."""
    version: str
    """Of the metric."""
    scale: Scale = Scale.PLAIN
    """On which its differences are judged."""
    guard: str = ""
    """The metric, of the same features, that has to beat the floor control for this score to rank; "": none."""
    source: str = ""
    """Who defined it, when and where."""
    extractor: str | None = None
    """The identity of what made the features: name/version/weights; null where it uses none."""
    reference: str | None = None
    """What it was compared with: the first digits of the data's sha256, and the split; null where with nothing."""
    n: Count | None = None
    """How many samples it was computed from."""
    low: Number | None = None
    """The lower end of a 95 % interval of evaluation noise alone; null where no valid one is known."""
    high: Number | None = None
    """Its upper end."""
    details: Mapping[str, Number] = field(default_factory=dict)
    """Further numbers that belong to this one: a floor, a bias-corrected value, quantiles."""
    tie: Annotated[float, Meta(ge=1, le=1e6)] = 1.0
    """The factor below which two values are no different, whatever a test says."""
    shown: Mapping[str, str] = field(default_factory=dict)
    """What a page writes below the value: words → the detail that follows them."""


class MissingKind(Enum):
    """Why there is no number."""

    NOT_APPLICABLE = "n/a"
    FAILED = "failed"


@dataclass(frozen=True)
class Missing:
    """A score that is not there."""

    kind: MissingKind
    """Whether it cannot be had from this evidence, or whether computing it failed."""
    reason: str
    """Why, in words."""

    def __str__(self) -> str:
        return f"{self.kind.value}: {self.reason}" if self.reason else self.kind.value


def not_applicable(reason: str) -> Missing:
    """A score that this evidence cannot give."""
    return Missing(MissingKind.NOT_APPLICABLE, reason)


def failed(reason: str) -> Missing:
    """A score whose computation failed."""
    return Missing(MissingKind.FAILED, reason)
