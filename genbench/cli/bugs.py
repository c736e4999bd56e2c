"""Bugs of genbench itself: the traceback goes to a file, a line to the user."""

import os
import sys
import tempfile
import traceback
from pathlib import Path

from genbench.errors import own_fault
from genbench.version import VERSION


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
