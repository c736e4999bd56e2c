"""A child process: carries out one call and leaves its facts, or its failure in words, in the stage's folder."""

import contextlib
import errno
import faulthandler
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import get_type_hints

from genbench.contracts.job import CALL, FACTS, FAILURE, Call
from genbench.errors import GenbenchError, InvalidEvidence, Unsuitable
from genbench.execution.channel import Markers, over_socket
from genbench.execution.isolation import confine
from genbench.execution.machine import die_with_parent, keep_freed_memory
from genbench.execution.refusal import way_out
from genbench.execution.strangers import pass_over_broken
from genbench.files import codec
from genbench.files.plain import write_json
from genbench.records.status import Status

REASON_LIMIT = 2000  # characters of a reason that are kept
DEVICE_FULL = ("CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED")  # where torch's allocator was not asked
HOST_FULL = "DefaultCPUAllocator: can't allocate memory"  # torch raises a RuntimeError


def carry_out(folder: Path, markers: Markers) -> None:
    """Carry out the call that lies in `folder`; its facts are written last.

    Raises: whatever the stage raises.
    """
    call = codec.read(Call, folder / CALL)
    module, _, name = call.runs.partition(":")
    function = getattr(import_module(module), name)
    inputs = codec.decoded(get_type_hints(function)["inputs"], call.inputs, "inputs")
    facts = function(folder, inputs, markers)
    write_json(folder / FACTS, codec.encoded(facts))


def main(folder: Path, descriptor: int) -> int:
    """Carry out the call in `folder`, markers on a socket; the exit code is 0 or 1, why it is 1 lies in the folder."""
    faulthandler.enable()
    keep_freed_memory()
    confinement = None
    try:
        call = codec.read(Call, folder / CALL)
        confinement = call.confinement
        if confinement is not None:
            confine(folder, call.temporary, confinement)
        _pin_threads(call.threads)
        if call.device != "cpu":
            _take_device(call)
        carry_out(folder, over_socket(descriptor))
    except BaseException as error:  # noqa: BLE001  # a plugin may raise anything, also SystemExit
        with contextlib.suppress(BaseException):
            traceback.print_exc()
        status, reason = described(error)
        refused = way_out(error, confinement)
        reason += f"; {refused}" if refused else ""
        write_json(folder / FAILURE, {"status": status.value, "reason": reason})
        return 1
    return 0


def _pin_threads(threads: int) -> None:
    """Make numeric libraries use that many threads, also those that were loaded before the fork."""
    import torch
    from threadpoolctl import threadpool_limits

    threadpool_limits(threads)
    torch.set_num_threads(threads)


def _take_device(call: Call) -> None:
    """Wait for the memory that the process before had of the device, and take no more of it than the job may."""
    import torch

    from genbench.execution.device_memory import await_memory, limit_memory

    device = torch.device(call.device)
    if not await_memory(device, call.device_free):
        warnings.warn(f"{device} has less free memory than when the run began: somebody else uses it", stacklevel=1)
    limit_memory(device, call.caps.device_memory)


def described(error: BaseException, device_full: Sequence[str] = DEVICE_FULL) -> tuple[Status, str]:
    """A status and one line of words for what a stage raised; survives an exception whose text fails.

    Args:
        device_full: words of the errors that say that a GPU's memory is taken.
    """
    try:
        words = " ".join(str(error).split())[:REASON_LIMIT]
    except BaseException:  # noqa: BLE001  # __str__ is the plugin's code
        words = "(an exception whose text cannot be made)"
    name = type(error).__name__
    if isinstance(error, Unsuitable):
        return Status.SKIPPED, words
    if isinstance(error, InvalidEvidence):
        return Status.INVALID_EVIDENCE, words
    if name == "OutOfMemoryError" or any(sign in words for sign in device_full):
        return Status.DEVICE_MEMORY, words
    if isinstance(error, OSError) and error.errno in (errno.EFBIG, errno.ENOSPC, errno.EDQUOT):
        return Status.DISK_FULL, words
    if isinstance(error, MemoryError) or HOST_FULL in words:
        return Status.HOST_MEMORY, words or "the process could not get the memory it asked for"
    if isinstance(error, GenbenchError):
        return Status.ERROR, words
    return Status.ERROR, f"{name}: {words}" if words else name


if __name__ == "__main__":
    die_with_parent()
    pass_over_broken()
    code = main(Path(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # not held up by threads that a plugin left running
