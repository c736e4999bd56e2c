"""The folder of a run: whether it can be written, who holds it, and its secret."""

import fcntl
import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from genbench.errors import GenbenchError
from genbench.files.atomic import regular_bytes
from genbench.seeds import SECRET_BYTES

SECRET = ".secret"  # the file, which its owner alone may read, and no plugin
READ = 4096  # bytes of a file that may hold a secret: some space around it is no harm


def check_writable(folder: Path) -> None:
    """Refuse, before any work is done and without making it, a folder that could not take its results.

    Raises:
        GenbenchError: it cannot be made or written.
    """
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    try:
        tempfile.TemporaryFile(dir=existing).close()
    except OSError as error:
        raise _refused(folder, error) from error


def _refused(folder: Path, error: OSError) -> GenbenchError:
    return GenbenchError(f"{folder} cannot be written ({error.strerror}); choose another place with --out")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the run folder for one coordinator; the kernel lets go of the lock when the holder ends, however it ends.

    Raises:
        GenbenchError: it cannot be written, or another process holds it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise _refused(folder, error) from error
    with os.fdopen(descriptor, "r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = lock.read().strip() or "another process"
            raise GenbenchError(f"{folder} is in use by {owner}; wait for it, or choose another --out") from error
        lock.truncate()
        lock.write(f"process {os.getpid()}")
        lock.flush()
        yield


def secret_of(folder: Path) -> str:
    """The secret of a run, 64 hexadecimal digits: drawn at its first start, the same whenever it goes on.

    Raises:
        GenbenchError: its file holds something else.
    """
    path = folder / SECRET
    if not path.exists():
        partial = path.with_name(f"{SECRET}.{secrets.token_hex(6)}.tmp")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(SECRET_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    return read_secret(path)


def read_secret(path: Path) -> str:
    """The secret that a file holds.

    Raises:
        GenbenchError: it cannot be read, or holds no 64 hexadecimal digits.
    """
    try:
        text = regular_bytes(path.resolve(), READ).decode("ascii", "replace").strip()
    except OSError as error:
        raise GenbenchError(f"the secret {path} cannot be read ({error.strerror or error})") from error
    if not re.fullmatch(f"[0-9a-f]{{{2 * SECRET_BYTES}}}", text):
        expected = f"{2 * SECRET_BYTES} hexadecimal digits (0-9, a-f) and nothing else"
        raise GenbenchError(
            f"{path} holds no secret: expected {expected}; take the file of another run, or leave it out"
        )
    return text
