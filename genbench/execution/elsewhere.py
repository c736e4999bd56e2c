"""Elsewhere than on Linux psutil tells of other processes; where it is not there, no cap on memory can be kept."""

import contextlib
from importlib import import_module
from typing import Any


def _psutil() -> Any:
    """The library; None where it is not installed."""
    try:
        return import_module("psutil")
    except ImportError:
        return None


def tells() -> bool:
    """Whether it is there."""
    return _psutil() is not None


def family(pid: int) -> list[int]:
    """A process and all its descendants; itself alone where nobody tells."""
    psutil, found = _psutil(), [pid]
    if psutil is not None:
        with contextlib.suppress(psutil.Error):
            found += [child.pid for child in psutil.Process(pid).children(recursive=True)]
    return found


def private_bytes(pid: int) -> int:
    """Memory that a process would give back at its end; 0 where nobody tells, or where it has ended."""
    psutil = _psutil()
    if psutil is not None:
        with contextlib.suppress(psutil.Error):
            return int(psutil.Process(pid).memory_full_info().uss)
    return 0
