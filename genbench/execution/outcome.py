"""How a job ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from genbench.execution.clock import Clock

OK = "ok"
REASON_LIMIT = 4000  # characters


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    Args:
        status: "ok", or one of FAULTS' statuses.
        reason: one line of words, None where it is ok.
        seconds: wall time from the start of the process to its end.
        clock: the sections that the parent timed.
        facts: what the stage reported, {} where it is not ok.
        memory: peak bytes of the process above its baseline in the section "run"; None where it is not known.
        exit_code: of the process; negative: the signal that ended it; None where there was none.
    """

    status: str
    reason: str | None
    seconds: float
    clock: Clock = field(default_factory=Clock)
    facts: Mapping[str, Any] = field(default_factory=dict)
    memory: int | None = None
    exit_code: int | None = None

    @property
    def ok(self) -> bool:
        """Whether the stage did its work."""
        return self.status == OK
