"""The CPU seconds of a process tree, as the kernel tells a parent who watches it from outside (Linux)."""

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

CLOCK = 2  # of a process's clocks, the one that the scheduler keeps, in nanoseconds
TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100  # a second, of what children that ended took
ROUNDING = 2 / TICK  # seconds that an account of children may lack: two numbers of whole ticks
SIGCHLD_BIT = 1 << (signal.SIGCHLD - 1) if hasattr(signal, "SIGCHLD") else 0


class Effort:
    """CPU seconds of a process, its threads and all its descendants, those that ended included.

    A child that was waited for is in its parent's account. One that was not is remembered as it was last seen. Where
    those that are gone took more than the living have accounts of, somebody asked the kernel to keep none
    (SA_NOCLDWAIT), and what was seen of them is the least that they took.

    Args:
        pid: the process.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._seen: dict[int, float] = {}
        self._gone = self._others = self._last = 0.0
        self.hides = False  # whether it asked the kernel not to account for its children

    def seconds(self) -> float | None:
        """CPU seconds so far: of the process itself now, of the others at the last look. None: nobody tells."""
        own = _own(self._pid)
        if own is not None:
            self._seen[self._pid] = own
            self._last = max(self._last, own + self._others)
        return self._last if self._seen else None

    def look(self) -> float | None:
        """The same, after a look at the whole tree."""
        living = {pid: own for pid in _tree(self._pid) if (own := _own(pid)) is not None}
        self._seen |= living
        ended = [pid for pid in self._seen if pid not in living and pid != self._pid and _own(pid) is None]
        self._gone += sum(self._seen.pop(pid) for pid in ended)
        waited = sum(_waited(pid) for pid in living)  # after that: who is gone is accounted for by now, or never
        accounted = sum(living.values()) + waited
        unheard = self._pid in living and self._gone > waited + ROUNDING * len(living)
        self.hides = self.hides or unheard or any(_ignores_children(pid) for pid in living)
        if self._pid in living:
            self._others = max(self._others, max(accounted, sum(self._seen.values()) + self._gone) - living[self._pid])
        return self.seconds()


def _own(pid: int) -> float | None:
    """CPU seconds of a process and its threads, those that ended included; None where it is gone, or nobody tells."""
    if sys.platform != "linux":
        return None
    try:
        return time.clock_gettime(~pid << 3 | CLOCK)
    except OSError:
        return None


def _waited(pid: int) -> float:
    """CPU seconds of the children that a process has waited for."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(after_name[13]) + int(after_name[14])) / TICK
    return 0.0


def _ignores_children(pid: int) -> bool:
    """Whether a process has asked not to hear of its children's end: then nobody accounts for them."""
    with contextlib.suppress(OSError, IndexError, ValueError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        ignored = next(line.split()[1] for line in lines if line.startswith("SigIgn:"))
        return bool(int(ignored, 16) & SIGCHLD_BIT)
    return False


def _tree(pid: int) -> list[int]:
    """A process and its descendants that live."""
    found = [pid]
    for member in found:
        for thread in _threads(member):
            with contextlib.suppress(OSError, ValueError):
                found += [int(child) for child in Path(f"/proc/{member}/task/{thread}/children").read_text().split()]
    return found


def _threads(pid: int) -> list[str]:
    """The threads of a process; none where it has just gone."""
    with contextlib.suppress(OSError):
        return os.listdir(f"/proc/{pid}/task")
    return []
