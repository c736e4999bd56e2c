"""Starting child processes: warm ones, forked from a server that has imported torch, or cold ones (macOS)."""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from genbench.contracts.job import Call
from genbench.errors import GenbenchError
from genbench.execution.forkserver import REQUEST_LIMIT, Request
from genbench.files import codec
from genbench.files.atomic import CACHE, cache_path
from genbench.records.status import signal_name

SERVER_ENDED = "the fork server ended; start the run again, what has finished is kept"
SCARCE = "is there enough memory and address space (ulimit -v), and is torch installed whole?"
START_LIMIT = 60.0  # seconds in which the server has to answer: another child's orphans may keep it busy for a while


class Child(ABC):
    """A running child process, in a session of its own."""

    pid: int
    markers: socket.socket
    output: int  # the reading end of the pipe that its stdout and stderr are

    @abstractmethod
    def status(self) -> int | None:
        """The exit code (negative: the signal that ended it), or None while it runs.

        Raises:
            GenbenchError: nobody can tell any more.
        """

    @abstractmethod
    def wait(self, seconds: float) -> None:
        """Wait until there is something to tell of its end, or that many seconds."""

    def close(self) -> None:
        """Let go of the sockets and the pipe; the exit code stays known."""
        self.markers.close()
        os.close(self.output)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the child's whole process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)


class Launcher(ABC):
    """Starts the children of one run."""

    @abstractmethod
    def prepare(self) -> None:
        """Begin what the first start would wait for, and do not wait for it.

        Raises:
            GenbenchError: no process can be started.
        """

    @abstractmethod
    def start(self, call: Call) -> Child:
        """Start a child for a call that lies in its folder."""

    @abstractmethod
    def close(self) -> None:
        """End whatever the launcher keeps running."""


@dataclass
class _WarmChild(Child):
    pid: int
    markers: socket.socket
    output: int
    end: socket.socket
    _text: bytes = field(default=b"", init=False)
    _code: int | None = field(default=None, init=False)

    def status(self) -> int | None:
        if self._code is None:
            try:
                block = self.end.recv(64, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return None
            self._text += block
            if not block and not self._text.endswith(b"\n"):
                raise GenbenchError(SERVER_ENDED)  # and its children with it
            elif self._text.endswith(b"\n"):
                self._code = os.waitstatus_to_exitcode(int(self._text))
        return self._code

    def wait(self, seconds: float) -> None:
        select.select([self.end], [], [], seconds)

    def close(self) -> None:
        """Let go of both sockets."""
        super().close()
        self.end.close()


class WarmLauncher(Launcher):
    """Forks children from a fork server, started at the first call or before, which ends what they leave behind.

    Args:
        modules: what the server imports, so that its children need not.
    """

    def __init__(self, modules: Iterable[str] = ()) -> None:
        self._modules = tuple(modules)
        self._server: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._is_warm = False
        self._lock = Lock()

    def prepare(self) -> None:
        """Start the server, whose imports take seconds."""
        with self._lock:
            self._begun()

    def start(self, call: Call) -> Child:
        """Fork a child for the call."""
        request = json.dumps(codec.encoded(Request(str(call.folder), call.python, call.caps.disk))).encode()
        with contextlib.ExitStack() as ours, contextlib.ExitStack() as theirs:
            markers = _pair(ours, theirs)
            end = _pair(ours, theirs)
            output = _pipe(ours, theirs)
            try:
                with self._lock:
                    control = self._warm()
                    socket.send_fds(control, [request], [markers[1].fileno(), end[1].fileno(), output[1]])
                theirs.close()
                pid = _line(end[0])
            except OSError as error:
                raise GenbenchError(SERVER_ENDED) from error
            ours.pop_all()
        return _WarmChild(pid, markers[0], output[0], end[0])

    def _warm(self) -> socket.socket:
        control = self._begun()
        if not self._is_warm:
            self._await_warmth(control)
            self._is_warm = True
        return control

    def _begun(self) -> socket.socket:
        """The parent's end of the server's socket; the server may still be at its imports."""
        if self._control is None:
            control, servers = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            command = [sys.executable, "-P", "-m", "genbench.execution.forkserver", str(servers.fileno())]
            command += self._modules
            # OpenBLAS makes its threads anew after a fork, and they spin for a while beside what is timed.
            environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
            if os.environ.get(CACHE):
                environment[CACHE] = str(cache_path())  # children work in other folders: it may be relative
            try:
                self._server = subprocess.Popen(
                    command, pass_fds=[servers.fileno()], stdin=subprocess.DEVNULL, env=environment
                )
            except OSError as error:
                raise GenbenchError(f"no process can be started ({error.strerror}); {SCARCE}") from error
            finally:
                servers.close()
            self._control = control
        return self._control

    def _await_warmth(self, control: socket.socket) -> None:
        """Wait until the server has imported all; say why it cannot."""
        said = b""
        with contextlib.suppress(ConnectionError):
            said = control.recv(REQUEST_LIMIT)
        if said == b"warm":
            return
        control.close()
        code = self._server.wait() if self._server is not None else 0
        self._control = self._server = None
        why = said.decode() or (f"ended by {signal_name(-code)}" if code < 0 else f"exit code {code}")
        raise GenbenchError(f"torch, or what needs it, cannot be imported in a new process ({why}); {SCARCE}")

    def close(self) -> None:
        """End the server; one that is still at its imports listens to nobody, and has no children."""
        if self._control is not None and self._server is not None:
            if not self._is_warm:
                self._server.kill()
            self._control.close()
            self._server.wait()
            self._control, self._server, self._is_warm = None, None, False


def _pair(ours: contextlib.ExitStack, theirs: contextlib.ExitStack) -> tuple[socket.socket, socket.socket]:
    mine, childs = socket.socketpair()
    return ours.enter_context(mine), theirs.enter_context(childs)


def _pipe(ours: contextlib.ExitStack, theirs: contextlib.ExitStack) -> tuple[int, int]:
    reading, writing = os.pipe()
    ours.callback(os.close, reading)
    theirs.callback(os.close, writing)
    os.set_blocking(reading, False)
    return reading, writing


def _line(end: socket.socket) -> int:
    """The first line that the server writes: the child's process id."""
    line = b""
    end.settimeout(START_LIMIT)
    while not line.endswith(b"\n"):
        block = end.recv(1)
        if not block:
            raise ConnectionError("closed")
        line += block
    end.settimeout(None)  # with one, Python would wait where `status` asks not to
    return int(line)


@dataclass
class _ColdChild(Child):
    process: subprocess.Popen[bytes]
    markers: socket.socket
    output: int

    def __post_init__(self) -> None:
        self.pid = self.process.pid

    def status(self) -> int | None:
        return self.process.poll()

    def wait(self, seconds: float) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)

    def close(self) -> None:
        """End what is left of the group, as far as it can be found, and let go of the socket and the pipe."""
        self.signal(signal.SIGKILL)
        super().close()


class ColdLauncher(Launcher):
    """Starts a fresh interpreter for each call: where forking a process with torch inside is not safe."""

    def prepare(self) -> None:
        """Nothing is shared between the interpreters."""

    def start(self, call: Call) -> Child:
        """Start an interpreter for the call."""
        with contextlib.ExitStack() as ours, contextlib.ExitStack() as theirs:
            markers, output = _pair(ours, theirs), _pipe(ours, theirs)
            process = subprocess.Popen(
                [
                    call.python or sys.executable,
                    "-m",
                    "genbench.execution.child",
                    str(call.folder),
                    str(markers[1].fileno()),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output[1],
                stderr=output[1],
                cwd=call.folder,
                start_new_session=True,
                pass_fds=[markers[1].fileno()],
            )
            ours.pop_all()
        return _ColdChild(process, markers[0], output[0])

    def close(self) -> None:
        """Each child has ended by itself or was ended; there is no server to end."""


def worker_modules() -> list[str]:
    """The modules of all that child processes run, by the names of their files: the parent imports none of them."""
    root = Path(__file__).parents[1] / "workers"
    files = [path for path in sorted(root.glob("*/*.py")) if path.stem != "__init__"]
    return [f"genbench.workers.{path.parent.name}.{path.stem}" for path in files]


def launcher(modules: Iterable[str] | None = None) -> Launcher:
    """The fastest safe launcher of this platform.

    Args:
        modules: those that calls will run, which a warm one imports once; None: all workers.
    """
    return WarmLauncher(worker_modules() if modules is None else modules) if sys.platform == "linux" else ColdLauncher()
