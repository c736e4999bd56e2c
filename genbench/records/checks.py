"""Checks: what `genbench check` found of one part, as its report carries it."""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from genbench.files.codec import Meta, Seconds

FORMAT = 1
Text = Annotated[str, Meta(min_length=1)]


class CheckStatus(Enum):
    """How one check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class CheckFinding:
    """What one check found."""

    check: Text
    """Its name: "fit", "spaces"."""
    of: str
    """What of the part was tried: a Space, a preset, a capability; "" for all of it."""
    status: CheckStatus
    """How it ended."""
    words: str = ""
    """What was seen, or why it was not tried; "" where expected and got say it."""
    expected: str = ""
    """What the contract asks for; "" where nothing was broken."""
    got: str = ""
    """What came in its place; "" likewise."""
    where: str = ""
    """Where to look: file:line, as far as it is known."""

    @property
    def said(self) -> str:
        """One line: what was seen, or what was expected, what was got and where to look."""
        broken = f"expected {self.expected}, got {self.got}" if self.expected else ""
        look = f"look at {self.where}" if self.where else ""
        return "; ".join(part for part in (self.words, broken, look) if part)


@dataclass(frozen=True)
class CheckReport:
    """All that was found of one model or part."""

    kind: Text
    """What was checked, as `genbench list` calls it: "models", "metrics"."""
    name: Text
    """As it was asked for: `vae`, `ddpm[steps=50]`."""
    distribution: str
    """What it was installed from, or the name of a loose file."""
    version: str
    """Of the distribution; "" for a loose file."""
    code: str
    """SHA-256 over the plugin's Python files."""
    genbench: Text
    """The version that checked it."""
    seconds: Seconds
    """Wall time of all checks."""
    findings: tuple[CheckFinding, ...]
    """In the order in which they were made."""

    def count(self, status: CheckStatus) -> int:
        """How many ended so."""
        return sum(finding.status is status for finding in self.findings)

    def passed(self, strict: bool = False) -> bool:
        """Whether nothing failed; `strict`: nor was there a warning."""
        broken = self.count(CheckStatus.FAILED) + (self.count(CheckStatus.WARNING) if strict else 0)
        return not broken


@dataclass(frozen=True)
class CheckReports:
    """What `genbench check --report` writes: a report for each kind that has the name."""

    reports: Annotated[tuple[CheckReport, ...], Meta(min_length=1)]
    """One, unless a model and a part share it."""
    format: Annotated[int, Meta(ge=FORMAT, le=FORMAT)] = FORMAT
    """Of this schema: 1."""


def ok(check: str, of: str, words: str) -> CheckFinding:
    """The contract is kept."""
    return CheckFinding(check, of, CheckStatus.OK, words)


def inapplicable(check: str, of: str, why: str) -> CheckFinding:
    """There is nothing to try."""
    return CheckFinding(check, of, CheckStatus.NOT_APPLICABLE, why)


def doubtful(check: str, of: str, words: str) -> CheckFinding:
    """No contract is broken, and an author will want to know."""
    return CheckFinding(check, of, CheckStatus.WARNING, words)


def broken(check: str, of: str, expected: str, got: str, where: str = "") -> CheckFinding:
    """A contract is broken."""
    return CheckFinding(check, of, CheckStatus.FAILED, expected=expected, got=got, where=where)
