"""The parent: runs a job in a child process, keeps its limit and its clock, and says how it ended.

A child's word is not proof: success is exit code 0 and facts in the job's folder.
"""

import contextlib
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import Any

from genbench.contracts.job import FACTS, FAILURE, JOB, Job
from genbench.errors import GenbenchError, plain
from genbench.execution.isolation import HOME
from genbench.execution.launcher import Child, Launcher, launcher
from genbench.execution.outcome import OK, REASON_LIMIT, Outcome
from genbench.execution.watch import Progress, Watch
from genbench.files.atomic import remove
from genbench.files.plain import read_json, write_json

CLAIMS = frozenset(
    {"error", "skipped", "invalid-evidence", "out-of-memory(host)", "out-of-memory(device)", "disk-full"}
)
POLL = 0.05  # seconds between two looks at a child that says nothing
GRACE = 1.0  # seconds between SIGTERM and SIGKILL
LAST_GRACE = 60.0  # seconds after SIGKILL in which a process has to be gone, and its orphans with it
CHILD_JSON_LIMIT = 1 << 20


class Supervisor:
    """Runs jobs, from any number of threads, until it is closed or told to stop."""

    def __init__(self, start: Launcher | None = None) -> None:
        self._launcher = start or launcher()
        self._stop, self._at_once = Event(), Event()

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._launcher.close()

    def stop(self, at_once: bool = False) -> None:
        """End every running job as interrupted, and start no more; `at_once`: without the grace of a SIGTERM."""
        self._stop.set()
        if at_once:
            self._at_once.set()

    def run(self, job: Job, progress: Progress = lambda images, share: None) -> Outcome:
        """Run a job to its end, its limit, or `stop`.

        Raises:
            GenbenchError: nobody can tell how the child ended.
        """
        if self._stop.is_set():
            return Outcome("interrupted", "the run was stopped", 0.0)
        for name in (FACTS, FAILURE):
            (job.folder / name).unlink(missing_ok=True)
        write_json(job.folder / JOB, job.to_json())
        started = time.monotonic()
        with contextlib.ExitStack() as at_end:
            for place in (job.folder / HOME, job.temporary):
                remove(place)
                at_end.callback(remove, place)
            at_end.callback(_reopen, job.folder)
            child = self._launcher.start(job)
            at_end.callback(child.close)
            watch = Watch(child, job, progress)
            at_end.callback(watch.close)
            try:
                stopped = self._watch(child, watch, job, started + job.limit)
            except BaseException:
                child.signal(signal.SIGKILL)
                raise
        seconds = time.monotonic() - started
        code = child.status()
        if stopped is not None:
            return Outcome(*stopped, seconds, watch.clock, exit_code=code)
        status, reason, facts = _verdict(job, code, watch.clock.open_section)
        return Outcome(status, reason, seconds, watch.clock, facts, watch.memory, code)

    def _watch(self, child: Child, watch: Watch, job: Job, deadline: float) -> tuple[str, str] | None:
        """Serve a child until it ends by itself, or end it: status and words of why."""
        while child.status() is None:
            reason = self._reason_to_end(watch, job, deadline)
            if reason is not None:
                self._end(child, watch)
                return reason
            watch.serve(POLL)
        watch.serve(0)
        return None

    def _reason_to_end(self, watch: Watch, job: Job, deadline: float) -> tuple[str, str] | None:
        if self._stop.is_set():
            return "interrupted", "the run was stopped"
        if time.monotonic() > deadline:
            where = _where(job, watch.clock.open_section)
            return "timeout", f"{job.stage} ran past its limit of {job.limit:g} s{where}"
        return watch.excess()

    def _end(self, child: Child, watch: Watch) -> None:
        """SIGTERM, a grace, SIGKILL to the whole group; its output is taken all the while, so that it never waits."""
        child.signal(signal.SIGTERM)
        until = time.monotonic() + GRACE
        while child.status() is None and time.monotonic() < until and not self._at_once.is_set():
            watch.serve(POLL)
        child.signal(signal.SIGKILL)
        until = time.monotonic() + LAST_GRACE
        while child.status() is None:
            if time.monotonic() > until:
                raise GenbenchError(f"process {child.pid} does not end, not even by SIGKILL; see to it, and run again")
            time.sleep(POLL / 5)


def _where(job: Job, section: str) -> str:
    """Which part of a stage a child was in, where that says more than the stage."""
    return f", in {section!r}" if section not in ("", job.stage) else ""


def _verdict(job: Job, code: int | None, section: str) -> tuple[str, str | None, Mapping[str, Any]]:
    if code is not None and code < 0:
        name = _signal_name(-code)
        return f"crashed({name})", f"{job.stage} was ended by {name}{_where(job, section)}", {}
    if code == 0 and (facts := _readable(job.folder / FACTS)) is not None:
        return OK, None, facts
    failure = _readable(job.folder / FAILURE) or {}
    if code == 0 or str(failure.get("status")) not in CLAIMS:
        return "no-evidence", f"{job.stage} exited with code {code} and left no result", {}
    return str(failure["status"]), plain(str(failure.get("reason")))[:REASON_LIMIT], {}


def _reopen(folder: Path) -> None:
    """Let the owner into a folder that a plugin may have closed."""
    with contextlib.suppress(OSError):
        folder.chmod(0o755)


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
