"""What the parent does between the batches of a timed run."""

import contextlib
import json
import os
import select
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from genbench.contracts.job import Call, Pace
from genbench.execution.launcher import Child
from genbench.execution.pacing import teller
from genbench.execution.watch import Watch

BATCH = 1.0  # seconds, in which the yardstick comes due forty times


class Here(Child):
    """A child that is this process, at the other end of its sockets."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.markers, self.own = socket.socketpair()
        self.output, self.writing = os.pipe()

    def status(self) -> int | None:
        return None

    def wait(self, seconds: float) -> None:
        """It never ends."""


@pytest.fixture
def child() -> Iterator[Here]:
    here = Here()
    yield here
    here.close()
    here.own.close()
    os.close(here.writing)


def answered(watch: Watch, child: Here, at: str, section: str) -> float:
    """Seconds until the parent has answered a marker."""
    begun = time.monotonic()
    child.own.sendall(json.dumps({"at": at, "section": section, "digest": "d", "number": 1}).encode() + b"\n")
    while not select.select([child.own], [], [], 0)[0]:
        watch.serve(1.0)
    child.own.recv(4096)
    return time.monotonic() - begun


@pytest.mark.parametrize("other", ["", "made-up"])
def test_no_section_that_begins_meanwhile_shortens_the_yardstick(child: Here, tmp_path: Path, other: str):
    pace = Pace("run", scored=3, seconds=60.0)
    call = Call("sample", "a:b", tmp_path, None, 60.0, secrets={"run": "ab" * 32}, pace=pace)
    with contextlib.closing(Watch(child, call, lambda images, share: None, teller(call))) as watch:
        after = _second_lap(watch, child, other)
    once = watch.clock.timeline.sections["run"][0].yardsticks[0]
    assert after > 20 * once  # forty passes, where a new beginning would leave one


def _second_lap(watch: Watch, child: Here, other: str) -> float:
    """Seconds until the second of two laps is answered, where another section begins in the second one."""
    answered(watch, child, "ready", "run")
    answered(watch, child, "lap", "run")
    time.sleep(BATCH)
    if other:
        answered(watch, child, "ready", other)
    return answered(watch, child, "lap", "run")
