"""What the parent watches of a running child: its markers, its output, and what it takes of the machine."""

import contextlib
import math
import os
import select
import socket
import sys
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from genbench.contracts.job import Call, Progress
from genbench.execution import machine
from genbench.execution.channel import ANSWERED, Marker, answer
from genbench.execution.clock import Clock
from genbench.execution.effort import Effort
from genbench.execution.launcher import Child
from genbench.execution.pacing import Teller
from genbench.files.atomic import DEEPEST, below
from genbench.files.plain import parsed_json
from genbench.records.status import Status

if TYPE_CHECKING:
    from genbench.execution.workload import Workload

MARKER_LIMIT = 1 << 16  # bytes of one marker line
OUTPUT_BLOCK = 1 << 20
LOOK = 0.25  # seconds between two looks at what a child takes
LONG_LOOK = 2.0  # the same while a result is timed: a child that waits for its answer meanwhile would look slow
TIMED = ("run", "latency", "call")  # sections whose seconds are results
MOST_IMAGES = MOST_NUMBERED = 10**15
INTERVAL = 0.025  # seconds of a run after which the workload is measured again
MOST = 200  # times in a row, after a batch that took many intervals: a few alone are as noisy as a single moment
LONGEST_NAME = 64  # characters of a section's name, and of a digest
MIB = 2**20


class Watch:
    """The parent's ends of one child's marker socket and output pipe, and an eye on its appetite."""

    def __init__(self, child: Child, call: Call, progress: Progress, teller: Teller) -> None:
        self._child = child
        self._progress, self._teller = progress, teller
        self._paced, self._enough = call.pace.section if call.pace is not None else "", False
        self._workload = _workload(call.threads) if self._paced and call.device == "cpu" else None
        self._measured = self._looked = 0.0
        self.effort = Effort(child.pid)
        self._output = _Output(child.output, call.log, call.caps.log)
        self._appetite = _Appetite(child.pid, call)
        self._partial = b""
        self._markers_open = True
        self._baseline: int | None = None
        self.clock = Clock()
        self.memory: int | None = None

    def serve(self, wait: float) -> None:
        """Take the markers and the output that arrive within `wait` seconds."""
        sources = [source for source in (self._markers_open and self._child.markers, self._output.descriptor) if source]
        if not sources:
            self._child.wait(wait)  # it closed its ends: only its exit is left to wait for
            return
        ready = select.select(sources, [], [], wait)[0]
        if self._child.markers in ready:
            self._receive()
        if self._output.descriptor in ready:
            self._output.take()
        self._look_at_effort()

    def excess(self) -> tuple[Status, str] | None:
        """The status and words of a cap that the child has passed."""
        return self._appetite.excess(LONG_LOOK if self.clock.open_section in TIMED else LOOK)

    def close(self) -> None:
        """Take what is left of the child's output, without waiting for more, and finish its log."""
        self._output.close()
        if self._workload is not None:
            self._workload.close()

    def _receive(self) -> None:
        try:
            block = self._child.markers.recv(MARKER_LIMIT)
        except OSError:
            block = b""
        now, effort = time.monotonic(), self.effort.seconds()
        self._markers_open = bool(block)
        *lines, self._partial = (self._partial + block).split(b"\n")
        self._partial = self._partial[-MARKER_LIMIT:]
        for line in lines:
            self._take(line, now, effort)

    def _take(self, line: bytes, now: float, effort: float | None) -> None:
        message = _marker(line)
        if message is None:
            return  # a plugin that writes here spoils no more than its own timing
        at, section = message["at"], str(message.get("section", ""))
        if at == "progress":
            self._progress(int(message["images"]), float(message["share"]))
            return
        counts = self.clock.is_open(section) and not (section == self._paced and self._enough)
        if at == "lap" and counts:
            self.clock.lap(section, now, effort, str(message["digest"]))
        if at == "done":
            self.clock.end(section, now, effort)
        if section == "run":
            self._look_at_memory(str(at))
        if at in ANSWERED:
            digest = str(message["digest"]) if counts else None
            self._answer(str(at), section, int(message["number"]), digest)

    def _look_at_memory(self, at: str) -> None:
        """The process's own peak, as the kernel keeps it, between the "ready" and the "done" of a section."""
        if at == "ready":
            self._baseline = machine.reset_peak(self._child.pid)
        if at == "done" and self._baseline is not None:
            self.memory = max(0, machine.peak(self._child.pid) - self._baseline)

    def _look_at_effort(self) -> None:
        """Look at the whole tree of processes now and then: some live shortly."""
        if time.monotonic() - self._looked >= INTERVAL:
            self.effort.look()
            self._looked = time.monotonic()

    def _measure(self, section: str) -> None:
        """After a lap of the paced run, carry out the workload, if it is time: the child waits, its clock stands."""
        yardstick, since = 0.0, time.monotonic() - self._measured
        if self._workload is not None and since >= INTERVAL:
            passes = min(MOST, int(since / INTERVAL))
            yardstick = self._workload.seconds(passes, machine.core(self._child.pid))
            self._measured = time.monotonic()
        self.clock.paused(section, time.monotonic(), yardstick)

    def _answer(self, at: str, section: str, number: int, digest: str | None) -> None:
        """Answer a marker; `digest` of a lap that counts, None for one outside of its section or after its end."""
        told = ""
        if at == "ready":
            self._appetite.rest()
            effort = self.effort.look()
            if self.clock.begin(section, time.monotonic(), effort):  # who asks twice is told once
                told = self._teller.ready(section)
                if section == self._paced:
                    self._measured = time.monotonic() - INTERVAL  # so that its first lap has one, whoever else begins
        if at == "lap" and digest is not None:
            told = self._teller.lap(section, digest, self.clock.lasted(section))
            if section == self._paced:
                self._enough = not told
                self._look_at_effort()
                self._measure(section)
        if at == "done":
            told = self._teller.done(section)
        with contextlib.suppress(OSError):  # it died while it waited; its exit says why
            # Who never reads its answers is not waited for.
            self._child.markers.send(answer(number, told), socket.MSG_DONTWAIT)


def _workload(threads: int) -> "Workload":
    """The workload; numpy is loaded where a run is timed, and by no command that only lists."""
    from genbench.execution.workload import Workload

    return Workload(threads)


def _marker(line: bytes) -> Marker | None:
    """A child's marker; None where the line is none."""
    try:
        message = parsed_json(line)
        if message["at"] == "progress":
            share, images = float(message["share"]), int(message["images"])
            if math.isnan(share):
                return None
            return {"at": "progress", "images": min(max(images, 0), MOST_IMAGES), "share": min(max(share, 0.0), 1.0)}
        number = min(max(int(message.get("number", 0)), 0), MOST_NUMBERED)  # 0: a plugin's own, which nobody waits for
        names = {"at": str(message["at"]), "section": str(message["section"]), "digest": str(message.get("digest", ""))}
        return {**{name: text[:LONGEST_NAME] for name, text in names.items()}, "number": number}
    except (ValueError, TypeError, KeyError, RecursionError, ArithmeticError):
        return None


class _Output:
    """Copies a child's output to its log: the first half of what may be kept, and the last half at the end."""

    def __init__(self, descriptor: int, log: Path, limit: int) -> None:
        self.descriptor: int | None = descriptor
        self._log = log.open("ab", buffering=0)
        self._half = limit // 2
        self._written = self._kept = self._dropped = 0
        self._last: deque[bytes] = deque()

    def take(self) -> None:
        """Take one block of what has arrived."""
        if self.descriptor is None:
            return
        try:
            block = os.read(self.descriptor, OUTPUT_BLOCK)
        except BlockingIOError:
            return
        if not block:
            self.descriptor = None
            return
        room = self._half - self._written
        self._write(block[:room])
        if block[room:]:
            self._remember(block[room:])

    def close(self) -> None:
        """Take what has arrived, and write the end of the output behind its beginning."""
        left = self._half + OUTPUT_BLOCK  # a process that escaped may still be writing
        while self.descriptor is not None and left > 0 and select.select([self.descriptor], [], [], 0)[0]:
            self.take()
            left -= OUTPUT_BLOCK // 16  # of a pipe's capacity
        if self._dropped:
            self._write(f"\n… {self._dropped:,} bytes of output are left out here …\n".encode())
        self._write(b"".join(self._last))
        self._log.close()

    def _write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # a full disk is noticed elsewhere
            self._log.write(data)
        self._written += len(data)

    def _remember(self, block: bytes) -> None:
        self._last.append(block)
        self._kept += len(block)
        while self._kept - len(self._last[0]) >= self._half:
            gone = len(self._last.popleft())
            self._kept -= gone
            self._dropped += gone


class _Appetite:
    """Looks now and then at the memory of a child's process tree and at what its folder holds."""

    def __init__(self, pid: int, call: Call) -> None:
        self._pid, self._stage, self._folder, self._caps = pid, call.stage, call.folder, call.caps
        self._temporary = call.temporary
        self._looked = time.monotonic()

    def rest(self) -> None:
        """Begin the time to the next look anew."""
        self._looked = time.monotonic()

    def excess(self, interval: float) -> tuple[Status, str] | None:
        """The status and words of a cap that is passed; None where none is, or where it is not yet time to look."""
        if time.monotonic() - self._looked < interval:
            return None
        memory = sum(machine.private_bytes(pid) for pid in machine.family(self._pid))
        found = None
        if memory > self._caps.memory:
            found = Status.HOST_MEMORY, self._words("used", memory, "of memory", self._caps.memory)
        elif (disk := held_bytes(self._folder) + held_bytes(self._temporary)) > self._caps.disk:
            found = Status.DISK_FULL, self._words("wrote", disk, "into its folder", self._caps.disk)
        self._looked = time.monotonic()
        return found

    def _words(self, verb: str, used: int, where: str, cap: int) -> str:
        if used >= sys.maxsize:
            return f"{self._stage} made more than {DEEPEST} folders within each other"
        return f"{self._stage} {verb} {used // MIB} MiB {where}, its limit is {cap // MIB} MiB"


def held_bytes(folder: Path) -> int:
    """Bytes that what lies below a folder occupies on its disk; links are not followed. Too deep a tree has no end."""
    total = 0
    for entry, depth in below(folder):
        if depth > DEEPEST:
            return sys.maxsize
        with contextlib.suppress(OSError):
            total += max(entry.stat(follow_symlinks=False).st_blocks, 1) * 512  # also an empty one takes room
    return total
