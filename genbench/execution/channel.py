"""The child's end of the marker socket: JSON lines to the parent; its answers are lines as well."""

import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

GO = b"g"  # an answer begins with it; what the child is told at the start of a section follows
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
    pipe = socket.socket(fileno=descriptor)

    def tell(message: Marker) -> str:
        pipe.sendall(json.dumps(message).encode() + b"\n")
        if message["at"] not in ANSWERED:
            return ""
        answer = b""
        while not answer.endswith(b"\n"):
            block = pipe.recv(4096)
            if not block:
                raise ConnectionError("the parent is gone")
            answer += block
        return answer.removeprefix(GO).decode().strip()

    return Markers(tell)
