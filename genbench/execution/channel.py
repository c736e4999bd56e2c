"""The child's end of the marker socket: JSON lines to the parent; its answers are lines as well, of the same number."""

import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

ANSWERED = ("ready", "lap", "done")
PROGRESS_INTERVAL = 0.2  # seconds between two progress markers

Marker = Mapping[str, str | int | float]


class Timed:
    """A section that runs on the parent's clock.

    Args:
        secret: what the parent told when the clock started; "" where it told nothing.
        lap: marks the end of a call in it, with the digest of what it drew, if any; what the parent told then.
    """

    def __init__(self, secret: str, lap: Callable[[str], str]) -> None:
        self.secret, self._lap = secret, lap
        self.last_word = ""  # what the parent told when the section ended

    def lap(self, digest: str = "") -> str:
        """Mark the end of a call."""
        return self._lap(digest)


class Markers:
    """Tells the parent where a stage is.

    Args:
        tell: takes one marker; for ANSWERED ones it returns the parent's answer, once the parent has noted them.
    """

    def __init__(self, tell: Callable[[Marker], str]) -> None:
        self._tell = tell
        self._reported = 0.0

    @contextmanager
    def timed(self, section: str) -> Iterator[Timed]:
        """Run a block on the parent's clock."""
        secret = self._tell({"at": "ready", "section": section})

        def lap(digest: str) -> str:
            return self._tell({"at": "lap", "section": section} | ({"digest": digest} if digest else {}))

        timed = Timed(secret, lap)
        yield timed
        timed.last_word = self._tell({"at": "done", "section": section})

    def progress(self, images: int, share: float) -> None:
        """Report images done and the share of the stage in [0, 1], a few times a second at most."""
        now = time.monotonic()
        if now - self._reported >= PROGRESS_INTERVAL or share >= 1:
            self._reported = now
            self._tell({"at": "progress", "images": images, "share": share})


def over_socket(descriptor: int) -> Markers:
    """Markers that travel on an inherited socket."""
    return Markers(_Asking(socket.socket(fileno=descriptor)).tell)


class _Asking:
    """Numbers what has to be answered: answers to what a plugin said on the same socket are nobody's."""

    def __init__(self, pipe: socket.socket) -> None:
        self._pipe, self._asked, self._come = pipe, 0, b""

    def tell(self, message: Marker) -> str:
        if message["at"] not in ANSWERED:
            self._pipe.sendall(json.dumps(message).encode() + b"\n")
            return ""
        self._asked += 1
        self._pipe.sendall(json.dumps({**message, "number": self._asked}).encode() + b"\n")
        begins = answer(self._asked, "").rstrip(b"\n")
        while not (line := self._line()).startswith(begins):
            pass
        return line.removeprefix(begins).decode()

    def _line(self) -> bytes:
        while b"\n" not in self._come:
            block = self._pipe.recv(4096)
            if not block:
                raise ConnectionError("the parent is gone")
            self._come += block
        line, _, self._come = self._come.partition(b"\n")
        return line


def answer(number: int, told: str) -> bytes:
    """The parent's answer to the marker of that number: what the child is told at the start of a section follows."""
    return b"%d %s\n" % (number, told.encode())
