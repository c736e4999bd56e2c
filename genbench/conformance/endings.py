"""Endings: what is said of a process that did not do its work, and where to look for the reason."""

from collections.abc import Mapping

from genbench.conformance.bench import Tried
from genbench.leaderboard.traces import place
from genbench.records.checks import CheckFinding, broken, inapplicable
from genbench.records.status import Status, words

EXPECTED: Mapping[Status, str] = {  # of whom did not do it, by how it ended
    Status.TIMEOUT: "an end within the limit",
    Status.INVALID_EVIDENCE: "what the contract says",
    Status.CRASHED: "an end by itself",
    Status.NO_EVIDENCE: "an end by itself",
    Status.HOST_MEMORY: "less memory than the cap",
    Status.DEVICE_MEMORY: "less memory of the device than the cap",
}
NO_ERROR = "no error"


def failed(check: str, of: str, status: Status, reason: str, where: str) -> CheckFinding:
    """The finding where a process failed; one that refused, which is not to fail, was not applicable."""
    if status is Status.SKIPPED:
        return inapplicable(check, of, f"refused: {reason}")
    return broken(check, of, EXPECTED.get(status, NO_ERROR), reason, where)


def of_probe(check: str, of: str, tried: Tried, distribution: str) -> CheckFinding:
    """The same of a probe, whose log may say where."""
    outcome = tried.outcome
    reason = outcome.reason or words(outcome.status, outcome.exit_code)
    return failed(check, of, outcome.status, reason, place(tried.log, distribution))
