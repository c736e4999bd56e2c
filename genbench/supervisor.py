"""The parent: runs a job in a child process, keeps its limit and its clock, and says how it ended.

A child's word is not proof: success is exit code 0 and facts in the job's folder.
"""

import contextlib
import select
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from genbench import machine
from genbench.channel import ANSWERED, GO
from genbench.clock import Clock
from genbench.errors import GenbenchError
from genbench.files import parsed_json, read_json, write_json
from genbench.job import FACTS, FAILURE, JOB, Job
from genbench.launcher import Child, Launcher, launcher

OK = "ok"
CLAIMS = frozenset({"error", "skipped", "invalid-evidence", "out-of-memory(host)", "out-of-memory(device)"})
POLL = 0.05  # seconds between two looks at a child that says nothing
GRACE = 1.0  # seconds between SIGTERM and SIGKILL
MARKER_LIMIT = 1 << 16  # bytes of one marker line
CHILD_JSON_LIMIT = 1 << 20

Progress = Callable[[int, float], None]


@dataclass(frozen=True)
class Outcome:
    """How a job ended.

    Args:
        status: "ok", or one of FAULTS' statuses.
        reason: one line of words, None where it is ok.
        seconds: wall time from the start of the process to its end.
        clock: the sections that the parent timed.
        facts: what the stage reported, {} where it is not ok.
        memory: peak bytes of the process above its baseline in the section "run"; None where it is not known.
    """

    status: str
    reason: str | None
    seconds: float
    clock: Clock = field(default_factory=Clock)
    facts: Mapping[str, Any] = field(default_factory=dict)
    memory: int | None = None

    @property
    def ok(self) -> bool:
        """Whether the stage did its work."""
        return self.status == OK


class Supervisor:
    """Runs jobs, from any number of threads, until it is closed or told to stop."""

    def __init__(self, start: Launcher | None = None) -> None:
        self._launcher = start or launcher()
        self._stop = Event()

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._launcher.close()

    def stop(self) -> None:
        """End every running job as interrupted, and start no more."""
        self._stop.set()

    def run(self, job: Job, progress: Progress = lambda images, share: None) -> Outcome:
        """Run a job to its end, its limit, or `stop`."""
        if self._stop.is_set():
            return Outcome("interrupted", "the run was stopped", 0.0)
        for name in (FACTS, FAILURE):
            (job.folder / name).unlink(missing_ok=True)
        write_json(job.folder / JOB, {"stage": job.stage, "arguments": dict(job.arguments), "threads": job.threads})
        started = time.monotonic()
        child = self._launcher.start(job)
        try:
            watch = _Watch(child, progress)
            ended = self._watch(child, watch, started + job.limit)
        finally:
            child.signal(signal.SIGKILL)  # whatever the stage left behind in its group
            child.close()
        seconds = time.monotonic() - started
        status, reason, facts = _verdict(job, child, ended, watch.clock.open_section)
        return Outcome(status, reason, seconds, watch.clock, facts, watch.memory)

    def _watch(self, child: Child, watch: "_Watch", deadline: float) -> str:
        """Serve a child's markers until it ends: "exit", "timeout" or "interrupted"."""
        while child.status() is None:
            if self._stop.is_set() or time.monotonic() > deadline:
                _end(child)
                return "interrupted" if self._stop.is_set() else "timeout"
            watch.serve(POLL)
        watch.serve(0)
        return "exit"


class _Watch:
    """The parent's end of one child's marker socket."""

    def __init__(self, child: Child, progress: Progress) -> None:
        self._child = child
        self._progress = progress
        self._partial = b""
        self._baseline: int | None = None
        self.clock = Clock()
        self.memory: int | None = None

    def serve(self, wait: float) -> None:
        """Take the markers that arrive within `wait` seconds."""
        if not select.select([self._child.markers], [], [], wait)[0]:
            return
        try:
            block = self._child.markers.recv(MARKER_LIMIT)
        except OSError:
            block = b""
        now = time.monotonic()
        if not block:
            time.sleep(wait)  # the child closed its end: only its exit is left to wait for
            return
        *lines, self._partial = (self._partial + block).split(b"\n")
        self._partial = self._partial[-MARKER_LIMIT:]
        for line in lines:
            self._take(line, now)

    def _take(self, line: bytes, now: float) -> None:
        message = _marker(line)
        if message is None:
            return  # a plugin that writes here spoils no more than its own timing
        at = message["at"]
        if at == "progress":
            self._progress(message["images"], message["share"])
            return
        if at in ("lap", "done"):
            self.clock.note(message, now)
        if message.get("section") == "run":
            self._look_at_memory(at)
        if at in ANSWERED:
            self._answer(message)

    def _look_at_memory(self, at: str) -> None:
        """The process's own peak, as the kernel keeps it, between the "ready" and the "done" of a section."""
        if at == "ready":
            self._baseline = machine.reset_peak(self._child.pid)
        if at == "done" and self._baseline is not None:
            self.memory = max(0, machine.peak(self._child.pid) - self._baseline)

    def _answer(self, message: Mapping[str, Any]) -> None:
        if message["at"] == "ready":
            self.clock.note(message, time.monotonic())
        with contextlib.suppress(OSError):  # it died while it waited; its exit says why
            self._child.markers.send(GO)


def _marker(line: bytes) -> Mapping[str, Any] | None:
    """A child's marker; None where the line is none."""
    try:
        message = parsed_json(line)
        if message["at"] == "progress":
            return {"at": "progress", "images": int(message["images"]), "share": float(message["share"])}
        return {"at": str(message["at"]), "section": str(message["section"])}
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _end(child: Child) -> None:
    """SIGTERM, a grace, SIGKILL to the whole group."""
    child.signal(signal.SIGTERM)
    until = time.monotonic() + GRACE
    while child.status() is None and time.monotonic() < until:
        time.sleep(POLL)
    child.signal(signal.SIGKILL)
    while child.status() is None:
        time.sleep(POLL / 5)


def _verdict(job: Job, child: Child, ended: str, section: str) -> tuple[str, str | None, Mapping[str, Any]]:
    where = f", in {section!r}" if section not in ("", job.stage) else ""
    if ended == "timeout":
        return "timeout", f"{job.stage} ran past its limit of {job.limit:g} s{where}", {}
    if ended == "interrupted":
        return "interrupted", "the run was stopped", {}
    code = child.status()
    if code is not None and code < 0:
        name = _signal_name(-code)
        return f"crashed({name})", f"{job.stage} was ended by {name}{where}", {}
    if code == 0 and (facts := _readable(job.folder / FACTS)) is not None:
        return OK, None, facts
    failure = _readable(job.folder / FAILURE) or {}
    if code == 0 or failure.get("status") not in CLAIMS:
        return "no-evidence", f"{job.stage} exited with code {code} and left no result", {}
    return str(failure["status"]), str(failure.get("reason"))[:4000], {}


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _readable(path: Path) -> dict[str, Any] | None:
    try:
        value = read_json(path, CHILD_JSON_LIMIT)
    except GenbenchError:
        return None
    return value if isinstance(value, dict) else None
