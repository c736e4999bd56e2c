"""Gates: what bars a candidate from every rank (copies), and a density from its own (failed audits), over its seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from genbench.records.audits import AuditStatus
from genbench.records.gates import GateStatus
from genbench.records.record import Candidate

S = TypeVar("S", GateStatus, AuditStatus)

NO_RANK = {
    None: "its density has not been audited",
    AuditStatus.UNAUDITED: "its density could not be audited",
    AuditStatus.FAILED: "its density failed an audit",
}


@dataclass(frozen=True)
class CopyStanding:
    """What the gate against copies says of a candidate over all its seeds."""

    status: GateStatus | None = None
    """Flagged where it is at any seed, clear where it is at every one, else unavailable; None where nobody says."""
    reason: str = ""
    """Why, with the seeds; "" where it is clear."""
    detectable: Mapping[str, float] = field(default_factory=dict)
    """Set → the smallest share of near copies in [0, 1] that every seed's test would have flagged."""
    seed: int = 0
    """The one whose pairs are shown: the first that is flagged, else the first."""

    @property
    def flagged(self) -> bool:
        """Whether the candidate copies, and is not ranked."""
        return self.status is GateStatus.FLAGGED


@dataclass(frozen=True)
class AuditStanding:
    """What the audits say of a candidate's density over all its seeds: the worst status, and its reason."""

    status: AuditStatus | None = None
    """None where no record says anything, or there is no density."""
    reason: str = ""
    """Why, with the seeds; "" where all are passed."""

    @property
    def unranked(self) -> str:
        """Why its density is not ranked; "" where it is."""
        words = NO_RANK.get(self.status, "")
        return f"{words}: {self.reason}" if words and self.reason else words


def copy_standing(seeds: Mapping[int, Candidate]) -> CopyStanding:
    """The gate's word on a candidate, from its parts of the records by seed."""
    verdicts = {seed: candidate.memorisation for seed, candidate in seeds.items()}
    words = {seed: (verdict.status, verdict.reason) if verdict else (None, None) for seed, verdict in verdicts.items()}
    status, found = _worst(words, (GateStatus.FLAGGED, GateStatus.UNAVAILABLE, None, GateStatus.CLEAR))
    reason = "" if status is GateStatus.CLEAR else _by_seed(found, len(words))
    return CopyStanding(
        status, reason, _largest([v.detectable if v else {} for v in verdicts.values()]), next(iter(found), 0)
    )


def audit_standing(seeds: Mapping[int, Candidate]) -> AuditStanding:
    """The audits' word on a candidate's density, from its parts of the records by seed; some may have no density."""
    verdicts = {seed: candidate.audits for seed, candidate in seeds.items() if candidate.likelihood}
    words = {seed: (verdict.status, verdict.reason) if verdict else (None, None) for seed, verdict in verdicts.items()}
    status, found = _worst(words, (AuditStatus.FAILED, AuditStatus.UNAUDITED, None, AuditStatus.PASSED))
    return AuditStanding(status, "" if status is AuditStatus.PASSED else _by_seed(found, len(words)))


def _worst(
    words: Mapping[int, tuple[S | None, str | None]], order: Sequence[S | None]
) -> tuple[S | None, dict[int, str]]:
    """The first status in `order` that a seed has, with the reasons of the seeds that have it; None, {} without any."""
    for status in order:
        found = {seed: reason or "" for seed, (own, reason) in words.items() if own is status}
        if found:
            return status, found
    return None, {}


def _by_seed(reasons: Mapping[int, str], seeds: int) -> str:
    """The first reason, and at which seeds there is one where that is not said of all."""
    reason = next((reason for reason in reasons.values() if reason), "")
    where = f"seed{'s' * (len(reasons) > 1)} {', '.join(map(str, reasons))}" if 0 < len(reasons) < seeds else ""
    return f"{where}: {reason}" if where and reason else reason or where


def _largest(shares: Sequence[Mapping[str, float | None]]) -> dict[str, float]:
    """By set the largest of the shares, where every seed has one."""
    found = {}
    for against in dict.fromkeys(key for own in shares for key in own):
        known = [share for own in shares if (share := own.get(against)) is not None]
        if len(known) == len(shares):
            found[against] = max(known)
    return found
