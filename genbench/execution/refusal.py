"""Refusal: what confinement kept a plugin from, said with the rule and the way out."""

import errno
import os
import traceback
from collections.abc import Iterator

from genbench.contracts.job import Confinement

FILES = (
    "a confined plugin reads its own package or file, Python and the system's libraries, and writes in its working and "
    'temporary folders; declare what it reads as an asset (assets = {"name": genbench.Asset(path, sha256, '
    '"trained on")}), or ask for all files with needs = ("files",)'
)
NETWORK = 'a confined plugin opens no connection; ask for the network with needs = ("network",)'
CHILDREN = (
    "a stage whose time is a result sets no handler of SIGCHLD, nor priorities, so that what its children take is "
    "counted; start none in it, or wait for them"
)
SHARED = (
    "a confined plugin shares no memory by name, as multiprocessing and a DataLoader with workers do: it outlives a "
    'stage; do without (num_workers=0; threads need none), or ask for it in fits with needs = ("shared-memory",)'
)
SHARED_PLACE, NAMED = "/dev/shm", "shared memory"  # the latter in torch's words, whose error is no PermissionError
NAMING = ("multiprocessing/synchronize.py", "multiprocessing/shared_memory.py")  # whose errors name no file
DEEP = 20  # errors that followed from each other


def way_out(error: BaseException, confinement: Confinement | None) -> str:
    """What to do about a refusal among the causes of an error; "" where confinement refused nothing."""
    if confinement is None or not confinement.enforced or confinement.everything:
        return ""
    for cause in _causes(error):
        if _names_memory(cause):
            return f"confinement refused shared memory: {SHARED}"
        if isinstance(cause, PermissionError):
            if cause.filename is not None:
                return f"confinement refused {cause.filename}: {FILES}"
            if cause.errno == errno.EPERM and confinement.counted:
                return f"confinement refused it: {CHILDREN}"
            return "" if confinement.network else f"confinement refused it: {NETWORK}"
    return ""


def _names_memory(cause: BaseException) -> bool:
    """Whether what was refused is shared memory with a name."""
    if isinstance(cause, PermissionError):
        last = traceback.extract_tb(cause.__traceback__)[-1:]
        return str(cause.filename or "").startswith(SHARED_PLACE) or any(at.filename.endswith(NAMING) for at in last)
    return isinstance(cause, RuntimeError) and NAMED in str(cause) and os.strerror(errno.EACCES) in str(cause)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what it followed from, the newest first."""
    found: BaseException | None = error
    for _ in range(DEEP):
        if found is None:
            return
        yield found
        found = found.__cause__ or found.__context__
