"""Comparison: two candidates of one board, or two boards before and after: what is better, worse, failing."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from genbench.leaderboard.difference import Difference
from genbench.leaderboard.row import Cell
from genbench.records.kinds import Direction


class Change(Enum):
    """What has become of a score, or of a candidate as a whole: the second against the first."""

    BETTER = "better"
    WORSE = "worse"
    INSEPARABLE = "not separable"
    FAILED = "new failure"
    RECOVERED = "recovered"
    ONLY_BEFORE = "only before"
    ONLY_AFTER = "only after"
    UNCOMPARED = "not compared"

    @property
    def changed(self) -> bool:
        """Whether something has."""
        return self not in (Change.INSEPARABLE, Change.UNCOMPARED)


@dataclass(frozen=True)
class Finding:
    """One score of one candidate, or a candidate as a whole."""

    task: str
    """By the suite's name."""
    candidate: str
    """The name; "" where two candidates are compared."""
    score: str
    """The name; "" for the candidate as a whole."""
    change: Change
    """The second against the first."""
    reason: str = ""
    """Why, in words, where no test says so."""
    direction: Direction | None = None
    """Which way the score is better."""
    before: Cell | None = None
    """What the first one got."""
    after: Cell | None = None
    """What the second one got."""
    difference: Difference | None = None
    """How far apart they are; None where they were not compared."""
    adjusted: float | None = None
    """The p of the difference after Holm's correction over all that was tested; None where it was not."""


@dataclass(frozen=True)
class Comparison:
    """All that was compared with each other."""

    first: str
    """What the first one is called: "before", or a candidate."""
    second: str
    """What is held against it."""
    findings: tuple[Finding, ...]
    """By task, candidate and score."""
    notes: tuple[str, ...] = ()
    """What differs beside the results, and what was not compared for that; a line each."""

    @property
    def tests(self) -> int:
        """Over how many tests Holm's correction went."""
        return sum(found.adjusted is not None for found in self.findings)

    @property
    def procedure(self) -> str:
        """The tests that were made, by their names; "" for none."""
        return " or ".join(sorted({own.procedure for found in self.findings if (own := found.difference)} - {""}))

    @property
    def counts(self) -> Mapping[Change, int]:
        """How often each change was found, those that were not left out."""
        found = Counter(finding.change for finding in self.findings)
        return {change: found[change] for change in Change if found[change]}

    @property
    def changed(self) -> tuple[Finding, ...]:
        """The findings without what is not separable or not compared."""
        return tuple(found for found in self.findings if found.change.changed)

    @property
    def regressed(self) -> bool:
        """Whether anything is worse or fails anew."""
        return any(found.change in (Change.WORSE, Change.FAILED) for found in self.findings)
