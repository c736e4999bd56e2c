"""What the kernel tells of this machine and its processes, and does for them; only Linux tells of memory."""

import ctypes
import os
import signal
import sys
from pathlib import Path

PARENT_DEATH_SIGNAL = 1  # prctl's PR_SET_PDEATHSIG


def cpus() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def die_with_parent() -> None:
    """Ask the kernel for a SIGKILL when the thread that started this process ends (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL)


def reset_peak(pid: int) -> int | None:
    """Start a new peak for a process; its resident bytes now, or None where the kernel does not tell."""
    try:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    except OSError:
        return None
    return _field(pid, "VmRSS")


def peak(pid: int) -> int:
    """Highest resident bytes since `reset_peak`; 0 where the process is gone."""
    return _field(pid, "VmHWM") or 0


def _field(pid: int, name: str) -> int | None:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    sizes = [int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")]
    return sizes[0] if sizes else None
