"""Gates: what bars a candidate from every rank (copies), and a density from its own (failed audits), over its seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from genbench.records.record import Json

# The controls that copy, which the gate has to flag: a board with one that it lets pass has a blind gate.
COPYCATS = ("copycat", "copycat-noise", "partial-copycat", "test-copycat")
NO_RANK = {
    "": "its density has not been audited",
    "unaudited": "its density could not be audited",
    "failed": "its density failed an audit",
}


@dataclass(frozen=True)
class Gate:
    """What the memorisation gate says of a candidate over all its seeds.

    Args:
        status: "flagged" where it is at any seed, "clear" where it is at every seed, else "unavailable"; "" where
            no record says anything.
        reason: why, with the seeds; "" where it is clear.
        detectable: by set, the smallest share of near copies in [0, 1] that every seed's test would have flagged.
        seed: the one whose pairs are shown: the first that is flagged, else the first.
    """

    status: str = ""
    reason: str = ""
    detectable: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0

    @property
    def flagged(self) -> bool:
        """Whether the candidate copies, and is not ranked."""
        return self.status == "flagged"


@dataclass(frozen=True)
class Audits:
    """What the audits say of a candidate's density over all its seeds: the worst status, and its reason."""

    status: str = ""
    reason: str = ""

    @property
    def unranked(self) -> str:
        """Why its bits/dim are not ranked; "" where they are."""
        words = NO_RANK.get(self.status, "")
        return f"{words}: {self.reason}" if words and self.reason else words


def gate_of(seeds: Mapping[int, Json]) -> Gate:
    """The gate's word on a candidate, from its parts of the records by seed."""
    verdicts = {seed: candidate["memorisation"] for seed, candidate in seeds.items()}
    for status in ("flagged", "unavailable", ""):
        found = {seed: verdict["reason"] for seed, verdict in verdicts.items() if verdict["status"] == status}
        if found:
            break
    else:
        status, found = "clear", {}
    detectable = [verdict["detectable"] for verdict in verdicts.values()]
    first = next(iter(found), next(iter(verdicts), 0))
    return Gate(status, _by_seed(found, len(verdicts)), _largest(detectable), first)


def audits_of(seeds: Mapping[int, Json]) -> Audits:
    """The audits' word on a candidate's density, from its parts of the records by seed; some may have no density."""
    found = {seed: candidate["audits"] for seed, candidate in seeds.items() if candidate["likelihood"]}
    for status in ("failed", "unaudited", ""):
        worst = {seed: audits["reason"] for seed, audits in found.items() if audits["status"] == status}
        if worst:
            return Audits(status, _by_seed(worst, len(found)))
    return Audits("passed" if found else "")


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
