"""Streams: stdout and stderr as they were handed over, whatever their encoding, and whether they are closed or full."""

import contextlib
import io
import os
import sys
from typing import Any


class Stdout(io.RawIOBase):
    """The descriptor of stdout, and why it could not be written: it may be full in the middle of what is printed."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.error: OSError | None = None

    def writable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether somebody looks at it."""
        return os.isatty(self._descriptor)

    def write(self, data: Any) -> int:
        """Write what fits.

        Raises:
            OSError: nothing does; remembered.
        """
        try:
            return os.write(self._descriptor, data)
        except OSError as error:
            self.error = error
            raise


def prepare() -> Stdout:
    """Give each standard stream a place where it has none, and spell out what its encoding lacks; stdout, watched."""
    _reopen()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    raw, encoding = Stdout(sys.stdout.fileno()), sys.stdout.encoding
    buffer = io.BufferedWriter(raw)
    sys.stdout = io.TextIOWrapper(buffer, encoding, "backslashreplace", line_buffering=raw.isatty())
    return raw


def _reopen() -> None:
    """Put the null device where a stream was closed: else the next file that is opened would take its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
            if getattr(sys, name) is None:
                setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115


def trouble(stdout: Stdout) -> str | None:
    """Why stdout did not take what was printed, in words ("": nobody reads it any more); None where it did."""
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    if stdout.error is None:
        return None
    null = os.open(os.devnull, os.O_WRONLY)  # the interpreter flushes once more at its end
    os.dup2(null, stdout.fileno())
    os.close(null)
    return "" if isinstance(stdout.error, BrokenPipeError) else str(stdout.error.strerror)


def failed(error: BaseException) -> bool:
    """Whether it is what writing to the watched stdout has raised."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return isinstance(raw, Stdout) and raw.error is error
