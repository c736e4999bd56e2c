"""Gates: what the gate against copies found of a candidate, as records carry it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from genbench.files.codec import Count, Number, Share

CONTROLS: Mapping[str, str] = {"train": "held", "test": "held"}  # what may be copied → fresh data that were not
WORDS: Mapping[str, str] = {"train": "training", "test": "test"}


class GateStatus(Enum):
    """What a gate says. Clear means: not refuted."""

    CLEAR = "clear"
    FLAGGED = "flagged"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True)
class CopyFinding:
    """What one test against one set found."""

    against: str
    """The set that may have been copied."""
    test: str
    """The test's name."""
    share: Share
    """Of the samples that it sees as near copies."""
    control: Share
    """The same of fresh real data."""
    p: Share | None
    """The chance of so large a difference; null where the test has none."""
    flagged: bool
    """Whether it is too large."""

    def __str__(self) -> str:
        chance = f", p = {self.p:.1g}" if self.p is not None else ""
        return (
            f"{self.test} test against {WORDS.get(self.against, self.against)} data: {self.share:.1%} of the samples, "
            f"{self.control:.1%} of fresh real data{chance}"
        )


@dataclass(frozen=True)
class CopyPair:
    """A sample and the row of a set that it lies nearest to."""

    sample: Count
    """Its row among the samples."""
    against: str
    """The set that the row is of: "train" or "test"."""
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
    """Set → the smallest share of near copies that the tail test flags whatever the other samples are; null: none."""
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
