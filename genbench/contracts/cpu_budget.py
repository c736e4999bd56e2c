"""CPU seconds as the budget of a fit: what its process may take, and what it has taken by its own account."""

import math
import os
import time
from dataclasses import dataclass, field, replace


def cpu_seconds() -> float:
    """CPU seconds of this process, its threads, and the children that it has waited for."""
    ended = os.times()
    return time.process_time() + ended.children_user + ended.children_system


@dataclass(frozen=True)
class CpuBudget:
    """CPU seconds that a fit may take. The harness measures them from outside as well, and its account counts.

    Args:
        seconds: the budget; infinity where there is none.
        began: what `cpu_seconds` said when the fit began.
    """

    seconds: float = math.inf
    began: float = field(default_factory=cpu_seconds)

    @property
    def spent(self) -> float:
        """CPU seconds so far, those of an earlier process that was killed included."""
        return cpu_seconds() - self.began

    @property
    def share(self) -> float:
        """The part of the budget that is spent: 0 where there is none, above 1 once it is overdrawn."""
        return self.spent / self.seconds

    def after(self, seconds: float) -> "CpuBudget":
        """The same for a process that goes on where another had taken so many."""
        return replace(self, began=self.began - seconds)
