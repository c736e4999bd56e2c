"""Gates."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

CONTROLS: Mapping[str, str] = {"train": "test", "test": "valid"}  # what may be copied → fresh data that were not

WORDS: Mapping[str, str] = {"train": "training", "test": "test"}


@dataclass(frozen=True)
class Finding:
    """What one test against one set found; shares lie in [0, 1], and p is None where the test has none."""

    against: str
    test: str
    share: float
    control: float
    p: float | None
    flagged: bool

    def __str__(self) -> str:
        chance = f", p = {self.p:.1g}" if self.p is not None else ""
        return (
            f"{self.test} test against {WORDS[self.against]} data: {self.share:.1%} of the samples, "
            f"{self.control:.1%} of fresh real data{chance}"
        )


@dataclass(frozen=True)
class Pair:
    """A sample, the row of a set that it lies nearest to, and their distance in the extractor's units."""

    sample: int
    against: str
    row: int
    distance: float


@dataclass(frozen=True)
class Verdict:
    """What the gate says of one candidate.

    Args:
        status: "clear", "flagged" or "unavailable".
        reason: why, in words; None where it is clear.
        tests: what each test found.
        detectable: by set, the smallest share of near copies in [0, 1] that the tail test flags whatever the other
            samples are; None: the sets are too small for any.
        suspicious: the nearest pairs, nearest first.
        pairs: their picture, each sample above its row, as a base64 PNG; None where they are no images.
        extractor: the identity of the extractor; None where there was none.
    """

    status: str
    reason: str | None
    tests: Sequence[Finding] = ()
    detectable: Mapping[str, float | None] = field(default_factory=lambda: dict.fromkeys(CONTROLS))
    suspicious: Sequence[Pair] = ()
    pairs: str | None = None
    extractor: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, as records carry it."""
        return asdict(self) | {name: [asdict(item) for item in getattr(self, name)] for name in ("tests", "suspicious")}


def unavailable(reason: str, extractor: str | None = None) -> Verdict:
    """The verdict where nothing can be said."""
    return Verdict("unavailable", reason, extractor=extractor)
