"""Interruption: what a signal or a full disk does to a run; what has finished is kept."""

import errno
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genbench.errors import GenbenchError
from genbench.execution.supervisor import Supervisor


class Interrupted(GenbenchError):
    """The run was stopped; what has finished is kept."""


@contextmanager
def full_disk_told(root: Path) -> Iterator[None]:
    """Say in one line that there is no room for what the harness itself has to write.

    Raises:
        GenbenchError: there is none.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise GenbenchError(
            f"no room left at {root} ({error.strerror}); what has finished is kept: make room, and run again"
        ) from error


@contextmanager
def stopping(supervisor: Supervisor) -> Iterator[None]:
    """Ctrl-C and SIGTERM stop the running children; what has finished is kept. A second one kills them at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    heard: list[int] = []

    def stop(number: int, frame: object) -> None:
        supervisor.stop(at_once=bool(heard))
        heard.append(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
