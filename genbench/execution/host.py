"""Host: one process a node and run that carries out job files for whoever asks on its socket, with one fork server.

Whoever asks sends the path of a job file and waits for one line: "" where the outcomes lie beside the file, else why
they do not. Who goes away, in whatever way, cancels its job. A host that nobody has asked for a while ends.
"""

import contextlib
import fcntl
import hashlib
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from genbench.contracts.node import Terms
from genbench.errors import GenbenchError
from genbench.execution.job_file import JobFiles
from genbench.execution.launcher import launcher
from genbench.execution.supervisor import Supervisor
from genbench.files import codec

IDLE = 10.0  # seconds without a job after which a host ends
POLL = 0.2  # seconds for which anybody waits at a time
LAST = 3.0  # seconds for which the end of a cancelled job is waited for
WAITING = 128  # connections that may wait to be accepted
LINE = 1 << 16  # bytes of a path, or of words


class HostEnded(Exception):
    """The host ended before it had told how the job went."""


def carried(job: Path, terms: Path, node: str, device: str = "") -> str:
    """Have this node's host carry out a job file; it is started where there is none.

    Whatever is raised here meanwhile, a KeyboardInterrupt say, cancels the job, and is raised once it has ended.

    Args:
        terms: the file of the run's terms.
        node: tells nodes apart that share a machine; any text.
        device: the one that the job was given on this node; "": the one that it names.
    Returns:
        Why the host refused, in words; "" where the job has ended, and its outcomes lie beside it.
    Raises:
        HostEnded: nobody knows how it went.
    """
    try:
        with _connected(terms, node) as asked:
            asked.sendall(f"{device}\t{job}\n".encode(errors="surrogateescape"))
            try:
                words = _heard(asked)
            except BaseException:
                asked.shutdown(socket.SHUT_WR)
                _heard(asked, LAST)
                raise
    except OSError as error:
        raise HostEnded(str(error)) from error
    if not words.endswith(b"\n"):
        raise HostEnded("it said nothing")
    return words.decode(errors="surrogateescape").strip()


def _heard(asked: socket.socket, seconds: float = float("inf")) -> bytes:
    """The line that a host answers; what was said until it went away, or for so many seconds."""
    words, until = b"", time.monotonic() + seconds
    while not words.endswith(b"\n") and time.monotonic() < until:
        if select.select([asked], [], [], POLL)[0]:  # never longer: who is told to stop has to hear of it
            block = asked.recv(LINE)
            words += block
            if not block:
                break
    return words


def serve(listening: int, terms: Path) -> None:
    """Be a host, in the background, until nobody has asked for a while.

    Args:
        listening: the number of an open socket.
        terms: as `carried` has it.
    """
    if os.fork():
        os._exit(0)  # whoever started this ends its own children, and this is none of them
    with socket.socket(fileno=listening) as door, Supervisor(launcher()) as supervisor:
        signal.signal(signal.SIGTERM, lambda *_: supervisor.stop())
        supervisor.prepare()  # in the main thread: the fork server ends with the one that started it
        _Host(JobFiles(supervisor, codec.read(Terms, terms)), terms).serve(door)


class _Host:
    def __init__(self, files: JobFiles, terms: Path) -> None:
        self._files, self._terms = files, terms
        self._at_work: set[threading.Thread] = set()

    def serve(self, door: socket.socket) -> None:
        """Take jobs until there is none for a while, or the run has ended, which takes its terms away."""
        place, worked = Path(door.getsockname()), time.monotonic()
        while True:
            if select.select([door], [], [], POLL)[0]:
                self._take(door)
            self._at_work = {thread for thread in self._at_work if thread.is_alive()}
            if self._at_work:
                worked = time.monotonic()
            elif time.monotonic() - worked > IDLE or not self._terms.exists():
                with _locked(place.parent):
                    if not select.select([door], [], [], 0)[0]:
                        place.unlink(missing_ok=True)
                        return

    def _take(self, door: socket.socket) -> None:
        asked, _ = door.accept()
        thread = threading.Thread(target=self._answer, args=(asked,), daemon=True)
        self._at_work.add(thread)
        thread.start()

    def _answer(self, asked: socket.socket) -> None:
        with asked, contextlib.suppress(OSError):
            device, _, path = _heard(asked).decode(errors="surrogateescape").rstrip("\n").partition("\t")
            asked.sendall(f"{self._carried(asked, Path(path), device)}\n".encode(errors="surrogateescape"))

    def _carried(self, asked: socket.socket, path: Path, device: str) -> str:
        if path.parent != self._terms.parent:  # where no plugin can write
            return f"{path} is no job of the run in {self._terms.parent}"
        try:
            self._files.carry_out(path, lambda: _gone(asked), device)
        except (GenbenchError, OSError) as error:
            return " ".join(str(error).split())
        return ""


def _gone(asked: socket.socket) -> bool:
    """Whether whoever asked is there no more: there is nothing else that it would say."""
    try:
        return asked.recv(1, socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def door_of(terms: Path, node: str) -> Path:
    """The socket of the host of a run on a node, if there is one."""
    digest = hashlib.sha256(f"{terms}\0{node}\0{os.getuid()}".encode(errors="surrogateescape")).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"gb-host-{digest}" / "door"


@contextlib.contextmanager
def _connected(terms: Path, node: str) -> Iterator[socket.socket]:
    """A connection to the host of a run on this node."""
    place = door_of(terms, node)
    folder = place.parent
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.lstat().st_uid != os.getuid():
        raise PermissionError(f"{folder} is another user's")
    with _locked(folder), socket.socket(socket.AF_UNIX) as asked:
        try:
            asked.connect(str(place))
        except OSError:  # none has been here, or it was killed
            _start(place, terms)
            asked.connect(str(place))
        connection = asked.dup()
    with connection:
        yield connection


def _start(place: Path, terms: Path) -> None:
    place.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(place))
        door.listen(WAITING)
        command = [sys.executable, "-m", "genbench.execution", "--host", str(door.fileno()), str(terms)]
        with (place.parent / "log.txt").open("ab") as log:
            nothing = subprocess.DEVNULL
            subprocess.run(
                command,
                pass_fds=[door.fileno()],
                stdin=nothing,
                stdout=log,
                stderr=log,
                start_new_session=True,
                check=False,
            )


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
