"""The child's end of the marker pipe: JSON lines to the parent, single bytes back."""

import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

GO = b"g"
ANSWERED = ("ready", "lap", "done")
PROGRESS_INTERVAL = 0.2  # seconds between two progress markers


class Markers:
    """Tells the parent where a stage is.

    Args:
        tell: takes one marker; for ANSWERED ones it returns once the parent has noted them.
    """

    def __init__(self, tell: Callable[[Mapping[str, Any]], None]) -> None:
        self._tell = tell
        self._reported = 0.0

    @contextmanager
    def timed(self, section: str) -> Iterator[Callable[[], None]]:
        """Run a block on the parent's clock; the yielded function marks a lap."""
        self._tell({"at": "ready", "section": section})
        yield lambda: self._tell({"at": "lap", "section": section})
        self._tell({"at": "done", "section": section})

    def progress(self, images: int, share: float) -> None:
        """Report images done and the share of the stage in [0, 1], a few times a second at most."""
        now = time.monotonic()
        if now - self._reported >= PROGRESS_INTERVAL or share >= 1:
            self._reported = now
            self._tell({"at": "progress", "images": images, "share": share})


def over_socket(descriptor: int) -> Markers:
    """Markers that travel on an inherited socket."""
    pipe = socket.socket(fileno=descriptor)

    def tell(message: Mapping[str, Any]) -> None:
        pipe.sendall(json.dumps(message).encode() + b"\n")
        if message["at"] in ANSWERED and pipe.recv(1) != GO:
            raise ConnectionError("the parent is gone")

    return Markers(tell)
