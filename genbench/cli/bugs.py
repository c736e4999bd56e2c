"""What nobody foresaw: a bug of genbench itself, whose traceback goes to a file, or a machine that has run short."""

import errno
import os
import sys
import tempfile
import traceback
from pathlib import Path

from genbench.errors import own_fault
from genbench.version import VERSION

MEMORY = "not enough memory, or address space (ulimit -v)"
DISK = "make room, or name another place by --out, GENBENCH_CACHE or TMPDIR"
SHORT = {  # what a machine can lack, and the way out
    errno.ENOSPC: DISK,
    errno.EDQUOT: DISK,
    errno.EROFS: DISK,
    errno.EMFILE: "allow more open files (ulimit -n)",
    errno.ENFILE: "close other programs",
    errno.EAGAIN: "allow more processes (ulimit -u)",
    errno.ENOMEM: MEMORY,
}


def shortage(error: BaseException) -> str:
    """What the machine lacks, and the way out, in a line; "" where the error is of another kind."""
    if isinstance(error, MemoryError):
        return MEMORY
    if isinstance(error, FileNotFoundError) and "temporary directory" in str(error):
        return f"{error.strerror}: set TMPDIR to a folder that can be written"
    if isinstance(error, OSError) and error.errno in SHORT:
        where = f" at {error.filename}" if error.filename else ""
        return f"{error.strerror}{where}; {SHORT[error.errno]}"
    return ""


def reported(error: BaseException, folder: Path | None = None) -> str:
    """Write the traceback of an error that nobody foresaw to a new file; what the user is told, in one line.

    Args:
        error: as it was caught.
        folder: gets the file; None: the temporary folder.
    """
    try:
        path = _written(error, folder)
    except OSError as trouble:
        why = f"its traceback could not be kept ({trouble.strerror})"
        return own_fault(error, f"{why}: please run it again with TMPDIR elsewhere, and report it")
    return own_fault(error, f"its traceback is in {path}: please report it")


def _written(error: BaseException, folder: Path | None) -> Path:
    handle, name = tempfile.mkstemp(prefix="genbench-bug-", suffix=".log", dir=folder)
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as log:
        log.write(f"genbench {VERSION}, python {sys.version}, {sys.platform}\n{sys.argv}\n\n")
        log.writelines(traceback.format_exception(error))
    return Path(name)
