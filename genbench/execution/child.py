"""A child process: runs one job's stage and leaves its facts, or its failure in words, in the job's folder."""

import contextlib
import errno
import faulthandler
import os
import sys
import traceback
import warnings
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from genbench.contracts.job import FACTS, FAILURE, JOB, Confinement
from genbench.errors import GenbenchError, InvalidEvidence, Unsuitable
from genbench.execution.channel import Markers, over_socket
from genbench.execution.isolation import confine
from genbench.execution.machine import die_with_parent
from genbench.files.plain import read_json, write_json

STAGES = {
    "probe": "genbench.workers.trusted.probe",
    "discovery": "genbench.workers.untrusted.listing",
    "listing": "genbench.workers.untrusted.listing",
    "data": "genbench.workers.trusted.data",
    "prepare": "genbench.workers.trusted.data",
    "fit": "genbench.workers.untrusted.fit",
    "sample": "genbench.workers.untrusted.sample",
    "density": "genbench.workers.untrusted.density",
    "audit": "genbench.workers.untrusted.audit",
    "score": "genbench.workers.trusted.score",
}
REASON_LIMIT = 2000  # characters of a reason that are kept
DEVICE_FULL = ("CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED")  # where torch's allocator was not asked
HOST_FULL = "DefaultCPUAllocator: can't allocate memory"  # torch raises a RuntimeError


def run_stage(folder: Path, markers: Markers) -> None:
    """Run the job in `folder`; its facts are written last.

    Raises: whatever the stage raises.
    """
    job = read_json(folder / JOB)
    module = import_module(STAGES[job["stage"]])
    facts: dict[str, Any] = getattr(module, job["stage"])(folder, job["arguments"], markers)
    write_json(folder / FACTS, facts)


def main(folder: Path, descriptor: int) -> int:
    """Run the job in `folder`, markers on a socket; the exit code is 0 or 1, the reason of a 1 lies in the folder."""
    faulthandler.enable()
    try:
        job = read_json(folder / JOB)
        if job["confinement"] is not None:
            confine(folder, Path(job["temporary"]), Confinement(**job["confinement"]))
        _pin_threads(job["threads"])
        if job["device"] != "cpu":
            _take_device(job)
        run_stage(folder, over_socket(descriptor))
    except BaseException as error:  # noqa: BLE001  # a plugin may raise anything, also SystemExit
        with contextlib.suppress(BaseException):
            traceback.print_exc()
        status, reason = described(error)
        write_json(folder / FAILURE, {"status": status, "reason": reason})
        return 1
    return 0


def _pin_threads(threads: int) -> None:
    """Make numeric libraries use that many threads, also those that were loaded before the fork."""
    import torch
    from threadpoolctl import threadpool_limits

    threadpool_limits(threads)
    torch.set_num_threads(threads)


def _take_device(job: Mapping[str, Any]) -> None:
    """Wait for the memory that the process before had of the device, and take no more of it than the job may."""
    import torch

    from genbench.execution.device import await_memory, limit_memory

    device = torch.device(job["device"])
    if not await_memory(device, job["device_free"]):
        warnings.warn(f"{device} has less free memory than when the run began: somebody else uses it", stacklevel=1)
    limit_memory(device, job["device_memory"])


def described(error: BaseException) -> tuple[str, str]:
    """A status and one line of words for what a stage raised; survives an exception whose text fails."""
    try:
        words = " ".join(str(error).split())[:REASON_LIMIT]
    except BaseException:  # noqa: BLE001  # __str__ is the plugin's code
        words = "(an exception whose text cannot be made)"
    name = type(error).__name__
    if isinstance(error, Unsuitable):
        return "skipped", words
    if isinstance(error, InvalidEvidence):
        return "invalid-evidence", words
    if name == "OutOfMemoryError" or any(sign in words for sign in DEVICE_FULL):
        return "out-of-memory(device)", words
    if isinstance(error, OSError) and error.errno in (errno.EFBIG, errno.ENOSPC, errno.EDQUOT):
        return "disk-full", words
    if isinstance(error, MemoryError) or HOST_FULL in words:
        return "out-of-memory(host)", words or "the process could not get the memory it asked for"
    if isinstance(error, GenbenchError):
        return "error", words
    return "error", f"{name}: {words}" if words else name


if __name__ == "__main__":
    die_with_parent()
    code = main(Path(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # not held up by threads that a plugin left running
