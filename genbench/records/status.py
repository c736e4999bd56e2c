"""Status: how a stage or a candidate ended. The reason and the exit code stand beside it, never in it."""

import signal
from enum import Enum


class Status(Enum):
    """How something ended; every one but OK and SKIPPED is a failure."""

    OK = "ok"
    SKIPPED = "skipped"
    ERROR = "error"
    CRASHED = "crashed"
    NO_EVIDENCE = "no-evidence"
    INVALID_EVIDENCE = "invalid-evidence"
    TIMEOUT = "timeout"
    HOST_MEMORY = "out-of-memory(host)"
    DEVICE_MEMORY = "out-of-memory(device)"
    DISK_FULL = "disk-full"
    INTERRUPTED = "interrupted"

    @property
    def failed(self) -> bool:
        """Whether it is neither a success nor skipped."""
        return self not in (Status.OK, Status.SKIPPED)

    @property
    def died(self) -> bool:
        """Whether the process ended without a word of its own: what costs a plugin the harness's patience."""
        return self in (Status.CRASHED, Status.NO_EVIDENCE, Status.TIMEOUT, Status.HOST_MEMORY, Status.DEVICE_MEMORY)


def words(status: Status, exit_code: int | None = None) -> str:
    """The status as people read it, with the signal's name where one ended the process: "crashed(SIGSEGV)"."""
    if status is Status.CRASHED and exit_code is not None and exit_code < 0:
        return f"{status.value}({signal_name(-exit_code)})"
    return status.value


def signal_name(number: int) -> str:
    """SIGSEGV for 11; "signal 64" for one without a name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
