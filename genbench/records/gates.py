"""Gates: what the gate against copies found of a candidate, as records carry it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from genbench.files.codec import Count, Number, Share

# What may be copied → fresh data that were not.
CONTROLS: Mapping[str, str] = {"train": "held", "valid": "held", "test": "held", "held": "test"}
AMONG = "samples"  # what they are held against where it is themselves
WORDS: Mapping[str, str] = {"train": "training", "valid": "validation", "test": "test", "held": "held-out"}


class GateStatus(Enum):
    """What a gate says. Clear means: not refuted."""

    CLEAR = "clear"
    FLAGGED = "flagged"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True)
class CopyFinding:
    """What one test against one set found."""

    against: str
    """The set that may have been copied; "samples": the samples themselves."""
    test: str
    """The test's name."""
    share: Share
    """Of the samples that it sees as near copies."""
    control: Share
    """The same of fresh real data."""
    flagged: bool
    """Whether it is too large."""
    bound: Number | None = None
    """The one-sided 99.9 % lower bound of their difference; null where the test has none, or an older record."""
    p: Share | None = None
    """The chance of so large a difference; null where the test has none."""
    note: str = ""
    """What else is to be said of it."""

    @property
    def where(self) -> str:
        """What the samples were held against, in words."""
        return "among themselves" if self.against == AMONG else f"against {WORDS.get(self.against, self.against)} data"

    def __str__(self) -> str:
        note, chance = f" ({self.note})" * bool(self.note), f", p = {self.p:.1g}" if self.p is not None else ""
        shares = f"{self.share:.1%} of the samples, {self.control:.1%} of fresh real data"
        return f"{self.test} test {self.where}{note}: {shares}{chance}"


@dataclass(frozen=True)
class CopyPair:
    """A sample and the row of a set that it lies nearest to."""

    sample: Count
    """Its row among the samples."""
    against: str
    """The set that the row is of."""
    row: Count
    """The row of the set."""
    distance: Number
    """Between them, in the extractor's units."""


@dataclass(frozen=True)
class CopyVerdict:
    """What the gate against copies says of one candidate."""

    status: GateStatus
    """Whether it copies."""
    reason: str | None = None
    """Why, in words; null where it is clear."""
    tests: tuple[CopyFinding, ...] = ()
    """What each test found."""
    detectable: Mapping[str, Share | None] = field(default_factory=lambda: dict.fromkeys(CONTROLS))
    """Set → the smallest share of near copies that is flagged where all others are fresh; null: none."""
    suspicious: tuple[CopyPair, ...] = ()
    """The nearest pairs, nearest first."""
    pairs: str | None = None
    """Their picture, each sample above its row, as a base64 PNG; null where they are no images."""
    extractor: str | None = None
    """The identity of what made the features; null where nothing did."""

    @property
    def flagged(self) -> bool:
        """Whether the candidate copies."""
        return self.status is GateStatus.FLAGGED


def unavailable(reason: str, extractor: str | None = None) -> CopyVerdict:
    """The verdict where nothing can be said."""
    return CopyVerdict(GateStatus.UNAVAILABLE, reason, extractor=extractor)
