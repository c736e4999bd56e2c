"""Audits: what the audits of a density found, as records carry it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from genbench.files.codec import Count, Number

ASKS: Mapping[str, str] = {  # audit → what it asks of a density
    "exhaustive-sum": "Do the probabilities of all images of a tiny space sum to one, or a bound to at most one?",
    "noise-floor": "Does uniform noise cost at least log2(levels) bits an entry?",
    "e-value": "Do the images around real ones get no more mass than a distribution can give them?",
    "sampler-density": "Does nothing simple that is fitted to the samples explain others of them better?",
    "ordering": "Do test images cost no less than their own entropy?",
    "same-answer": "Does a row cost the same at each call, whatever stands beside it?",
    "no-spikes": "Does moving one entry by one level change the density little?",
    "verified": "Do the laws of each entry, told before the entry was shown, add up to what the model says?",
}


class AuditStatus(Enum):
    """How one audit ended; all of them together are UNAUDITED where the one that none may lack was skipped."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNAUDITED = "unaudited"


@dataclass(frozen=True)
class AuditFinding:
    """What one audit found."""

    name: str
    """One of `ASKS`."""
    status: AuditStatus
    """Passed, failed or skipped."""
    words: str
    """One line: what was found, or why nothing was."""
    value: Number | None = None
    """The number that decides; null where there is none, or where it is not finite."""
    bound: Number | None = None
    """What it must not pass."""


class Assurance(Enum):
    """Who says that a density sums to one."""

    VERIFIED = "verified"
    DECLARED = "declared"


@dataclass(frozen=True)
class Verification:
    """What the harness itself made of a model's answers, entry by entry, for some test rows."""

    rows: Count
    """How many, drawn by the run's secret."""
    bits: Number
    """Their mean bits/dim."""
    error: Number | None
    """Its standard error over the rows; null of one row."""


@dataclass(frozen=True)
class AuditVerdict:
    """What all audits say of a candidate's density."""

    status: AuditStatus
    """Passed, failed or unaudited."""
    reason: str | None = None
    """Why, in words; null where they passed."""
    audits: tuple[AuditFinding, ...] = ()
    """Each of them."""
    verified: Verification | None = None
    """What its bits/dim were verified on; null: they are declared, and at best not refuted."""

    @property
    def assurance(self) -> Assurance:
        """Who says that the density sums to one: the harness, where all audits passed, or the model."""
        sound = self.verified is not None and self.status is AuditStatus.PASSED
        return Assurance.VERIFIED if sound else Assurance.DECLARED


def finding(
    name: str, status: AuditStatus, words: str, value: float | None = None, bound: float | None = None
) -> AuditFinding:
    """A finding; numbers that a record cannot hold are left out, since the words say them."""
    return AuditFinding(name, status, words, _storable(value), _storable(bound))


def unaudited(reason: str) -> AuditVerdict:
    """The verdict where nothing could be found."""
    return AuditVerdict(AuditStatus.UNAUDITED, reason)


def _storable(number: float | None) -> float | None:
    return float(number) if number is not None and math.isfinite(number) and abs(number) < 1e30 else None
