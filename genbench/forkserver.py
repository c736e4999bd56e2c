"""A warm process that has imported torch and forks a child for each job in milliseconds instead of seconds.

It only imports: a threaded torch operation here, or a touch of CUDA, would break its children. Linux only.
The parent sends requests over a socket, with two descriptors each: the child's marker socket, and a socket on which
the server writes the child's wait status. When the parent is gone, the server and its children go too.
"""

import contextlib
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import traceback
from pathlib import Path

from genbench.machine import die_with_parent

REQUEST_LIMIT = 65536
# torch's optimisers and its FLOP counter import torch._dynamo at their first use, which takes seconds in each child.
WARM = (
    "torch._dynamo",
    "genbench.worker",
    "genbench.scorer",
    "genbench.environment",
    "genbench.listing",
    "genbench.preparer",
)


class Server:
    """The loop of the warm process: fork on request, report each child's end."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._ends: dict[int, socket.socket] = {}  # child's pid → where its wait status goes
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)

    def serve(self) -> None:
        """Serve until the parent closes its socket; then stop every child."""
        wake, woken = os.pipe()
        os.set_blocking(woken, False)
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector.register(wake, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._control:
                    if not self._take_request():
                        return self._stop_all()
                else:
                    os.read(wake, 4096)
            self._reap()

    def _take_request(self) -> bool:
        data, descriptors, _, _ = socket.recv_fds(self._control, REQUEST_LIMIT, 2)
        if not data:
            return False
        markers, end = descriptors
        pid = os.fork()
        if pid == 0:
            self._become_child(json.loads(data), markers, socket.socket(fileno=end))
        os.close(markers)
        self._ends[pid] = socket.socket(fileno=end)
        self._ends[pid].sendall(f"{pid}\n".encode())
        return True

    def _become_child(self, request: dict[str, str], markers: int, end: socket.socket) -> None:
        """Never returns."""
        code = 1
        try:
            self._selector.close()
            for inherited in (end, self._control, *self._ends.values()):
                inherited.close()
            detach(request)
            from genbench import child

            code = child.main(Path(request["folder"]), markers)
            sys.stdout.flush()
            sys.stderr.flush()
        except BaseException:  # noqa: BLE001  # a forked child must never reach the server's loop
            traceback.print_exc()
        finally:
            os._exit(code)

    def _reap(self) -> None:
        while self._ends:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            end = self._ends.pop(pid)
            with end, contextlib.suppress(OSError):
                end.sendall(f"{status}\n".encode())

    def _stop_all(self) -> None:
        for pid in self._ends:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


def detach(request: dict[str, str]) -> None:
    """Make a fresh child its own session, with its own signals, folder and log."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    os.setsid()
    die_with_parent()
    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.chdir(request["folder"])


def main() -> None:
    """Import what stages need, say so, and serve the socket whose descriptor is the first argument."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    control = socket.socket(fileno=int(sys.argv[1]))
    for name in WARM:
        importlib.import_module(name)
    control.sendall(b"warm\n")
    Server(control).serve()
    os._exit(0)  # unloading torch would take seconds


if __name__ == "__main__":
    main()
