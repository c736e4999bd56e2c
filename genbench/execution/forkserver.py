"""A warm process that has imported torch and forks a child for each job in milliseconds instead of seconds.

It only imports: a threaded torch operation here, or a touch of CUDA, would break its children. Linux only.
The parent sends requests over a socket, with three descriptors each: the child's marker socket, a socket on which the
server writes the child's wait status, and the pipe that takes the child's output. Whatever a child leaves running
becomes the server's and is ended before the child's end is told. When the parent is gone, the server ends everything.
"""

import contextlib
import gc
import importlib
import json
import os
import resource
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from genbench.execution import machine, strangers
from genbench.files import codec

REQUEST_LIMIT = 65536
LONGEST_WORDS = 500  # characters of why it cannot start
# torch's optimisers and its FLOP counter import torch._dynamo at their first use, which takes seconds in each child.
WARM = ("torch._dynamo",)


@dataclass(frozen=True)
class Request:
    """What a fork is asked for."""

    folder: str
    """The stage's, with its call."""
    python: str
    """The interpreter of a plugin with an environment of its own; "": this one."""
    disk: int
    """Bytes that a file may have."""


class Server:
    """The loop of the warm process: fork on request, report each child's end."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._ends: dict[int, socket.socket] = {}  # child's pid → where its wait status goes
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)

    def serve(self) -> None:
        """Serve until the parent closes its socket; then stop every child."""
        wake, woken = self._alarm = os.pipe()
        for end in self._alarm:
            os.set_blocking(end, False)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector.register(wake, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select(timeout=1.0):  # and looks now and then, whoever rings or not
                if key.fileobj is self._control:
                    if not self._take_request():
                        return machine.end_children()
                else:
                    with contextlib.suppress(BlockingIOError):
                        os.read(wake, 4096)
            self._reap()

    def _take_request(self) -> bool:
        data, descriptors, _, _ = socket.recv_fds(self._control, REQUEST_LIMIT, 3)
        if not data:
            return False
        markers, end, output = descriptors
        request = codec.decoded(Request, json.loads(data), "request")
        pid = os.fork()
        if pid == 0:
            self._become_child(request, markers, socket.socket(fileno=end), output)
        os.close(markers)
        os.close(output)
        self._ends[pid] = socket.socket(fileno=end)
        self._ends[pid].sendall(f"{pid}\n".encode())
        return True

    def _become_child(self, request: Request, markers: int, end: socket.socket, output: int) -> None:
        """Never returns."""
        code = 1
        try:
            self._selector.close()
            for alarm in self._alarm:  # or a plugin could keep the server from hearing of ends
                os.close(alarm)
            for inherited in (end, self._control, *self._ends.values()):
                inherited.close()
            detach(request, output)
            if request.python:
                os.set_inheritable(markers, True)
                command = [request.python, "-m", "genbench.execution.child", request.folder, str(markers)]
                os.execv(request.python, command)
            from genbench.execution import child

            code = child.main(Path(request.folder), markers)
            sys.stdout.flush()
            sys.stderr.flush()
        except BaseException:  # noqa: BLE001  # a forked child must never reach the server's loop
            traceback.print_exc()
        finally:
            os._exit(code)

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                pid, status = ended
                if pid not in self._ends:
                    continue  # somebody's orphan
                end = self._ends.pop(pid)
                machine.end_children(spared=self._ends)  # what ended children have left became this process's own
                with end, contextlib.suppress(OSError):
                    end.sendall(f"{status}\n".encode())


def detach(request: Request, output: int) -> None:
    """Make a fresh child its own session, with its own signals, folder and output."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    os.setsid()
    machine.die_with_parent()
    machine.adopt_orphans()
    machine.prefer_for_killing()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (request.disk, request.disk))
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.close(output)
    os.chdir(request.folder)


def _imported(names: Iterable[str]) -> str:
    """Import modules; why one cannot be imported, in a line, and "" where all are."""
    strangers.pass_over_broken()
    try:
        for name in names:
            importlib.import_module(name)
    except BaseException as error:  # noqa: BLE001  # a library that lacks memory raises what it likes
        words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return " ".join(words.split())[:LONGEST_WORDS]
    return ""


def main() -> None:
    """Import what stages need, say so, and serve the socket whose descriptor is the first argument; modules follow."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent's to handle, though a queue sends them to every process
        signal.signal(number, signal.SIG_IGN)
    machine.adopt_orphans()
    machine.die_with_parent()  # imports take seconds, in which nobody looks whether the parent is still there
    control = socket.socket(fileno=int(sys.argv[1]))
    if words := _imported((*WARM, *sys.argv[2:])):
        control.sendall(words.encode(errors="backslashreplace"))
        os._exit(1)
    gc.collect()
    gc.freeze()  # else a child's collector walks through all of it, in the middle of what is timed
    machine.die_with_parent(False)  # the thread that waited so far may end from now on; the socket tells of the parent
    control.sendall(b"warm")
    Server(control).serve()
    os._exit(0)  # unloading torch would take seconds


if __name__ == "__main__":
    main()
