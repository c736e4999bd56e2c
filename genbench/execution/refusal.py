"""Refusal: what confinement kept a plugin from, said with the rule and the way out."""

import errno
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
DEEP = 20  # errors that followed from each other


def way_out(error: BaseException, confinement: Confinement | None) -> str:
    """What to do about a refusal among the causes of an error; "" where confinement refused nothing."""
    if confinement is None or not confinement.enforced or confinement.everything:
        return ""
    for cause in _causes(error):
        if isinstance(cause, PermissionError):
            if cause.filename is not None:
                return f"confinement refused {cause.filename}: {FILES}"
            if cause.errno == errno.EPERM and confinement.counted:
                return f"confinement refused it: {CHILDREN}"
            return "" if confinement.network else f"confinement refused it: {NETWORK}"
    return ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what it followed from, the newest first."""
    found: BaseException | None = error
    for _ in range(DEEP):
        if found is None:
            return
        yield found
        found = found.__cause__ or found.__context__
