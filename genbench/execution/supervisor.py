"""The parent: carries out a call in a child process, keeps its limit and its clock, and says how it ended.

A child's word is not proof: success is exit code 0 and facts in the stage's folder.
"""

import contextlib
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any

from genbench.contracts.job import CALL, FACTS, FAILURE, Again, Call, Outcome, Progress
from genbench.errors import GenbenchError, plain
from genbench.execution.isolation import HOME
from genbench.execution.launcher import Child, Launcher, launcher
from genbench.execution.neighbours import noted
from genbench.execution.pacing import (
    AGAIN,
    ALONE,
    Repeated,
    Teller,
    batch_secret,
    call_secret,
    called,
    counted,
    teller,
)
from genbench.execution.watch import Watch
from genbench.files import codec
from genbench.files.atomic import remove
from genbench.files.plain import read_json
from genbench.records.status import Status, signal_name

CLAIMS = frozenset(
    {  # what a child may say of itself; all else its exit says
        Status.ERROR,
        Status.SKIPPED,
        Status.INVALID_EVIDENCE,
        Status.HOST_MEMORY,
        Status.DEVICE_MEMORY,
        Status.DISK_FULL,
    }
)
POLL = 0.05  # seconds between two looks at a child that says nothing
GRACE = 1.0  # seconds between SIGTERM and SIGKILL
LAST_GRACE = 60.0  # seconds after SIGKILL in which a process has to be gone, and its orphans with it
CHILD_JSON_LIMIT = 1 << 20
REASON_LIMIT = 4000  # characters
STOPPED = Status.INTERRUPTED, "the run was stopped"

Why = tuple[Status, str]


@dataclass(frozen=True)
class ChildFailure:
    """What a child leaves where it cannot do its work."""

    status: Status
    reason: str


class Supervisor:
    """Carries out calls, from any number of threads, until it is closed or told to stop.

    Args:
        start: starts the child processes.
        grace: seconds between SIGTERM and SIGKILL.
    """

    def __init__(self, start: Launcher | None = None, grace: float = GRACE) -> None:
        self._launcher, self._grace = start or launcher(), grace
        self._stop, self._at_once = Event(), Event()

    def __enter__(self) -> "Supervisor":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._launcher.close()

    def prepare(self) -> None:
        """Begin what the first call would wait for, beside whatever the caller does next.

        Raises:
            GenbenchError: no process can be started.
        """
        self._launcher.prepare()

    @property
    def stopped(self) -> bool:
        """Whether it was told to stop."""
        return self._stop.is_set()

    def stop(self, at_once: bool = False) -> None:
        """End every running call as interrupted, and start no more; `at_once`: without the grace of a SIGTERM."""
        self._stop.set()
        if at_once:
            self._at_once.set()

    def run(
        self,
        call: Call,
        progress: Progress = lambda images, share: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Outcome:
        """Carry out a call to its end, its limit, or a stop.

        Args:
            progress: hears how far it is.
            cancelled: whether this call shall be ended as interrupted; asked all the while.
        Raises:
            GenbenchError: nobody can tell how the child ended.
        """
        outcome = noted(call, lambda: self._carried_out(call, teller(call), progress, cancelled))
        digests = _committed(call, outcome) if call.again else ()
        return self._again(call, outcome, digests, cancelled) if digests else outcome

    def _again(self, call: Call, outcome: Outcome, digests: Sequence[str], cancelled: Callable[[], bool]) -> Outcome:
        """Draw a scored batch again, in a process and a folder that hold nothing of the first.

        Args:
            digests: of the scored batches.
        """
        place, folder = counted(call, outcome.places), call.folder / AGAIN
        words = alone = ""
        if one := called(call, outcome.timeline):
            section, number = one
            words, alone = f"{call_secret(call, section)} {section} {number}", outcome.timeline.digests(section)[number]
        told = Repeated(batch_secret(call, place), place, digests[place], words)
        remove(folder)
        folder.mkdir()
        second = replace(call, runs=call.again, folder=folder, pace=None, secrets={}, again="")
        found = self._carried_out(second, told, lambda *_: None, cancelled)
        if found.status is Status.INTERRUPTED:
            return found
        drawn, apart = (found.timeline.digests(section) for section in (AGAIN, ALONE))
        reason = None if found.ok else found.reason
        again = Again(place, drawn, found.facts, reason, found.seconds, alone, apart)
        return replace(outcome, again=again, seconds=outcome.seconds + found.seconds)

    def _carried_out(self, call: Call, told: Teller, progress: Progress, cancelled: Callable[[], bool]) -> Outcome:
        """Carry out a call in one process."""
        if self._stop.is_set() or cancelled():
            return Outcome(*STOPPED, 0.0)
        for name in (FACTS, FAILURE):
            (call.folder / name).unlink(missing_ok=True)
        codec.write(call.folder / CALL, call.shown)
        started = time.monotonic()
        with contextlib.ExitStack() as at_end:
            for place in (call.folder / HOME, call.temporary):
                remove(place)
                at_end.callback(remove, place)
            at_end.callback(_reopen, call.folder)
            child = self._launcher.start(call)
            at_end.callback(child.close)
            watch = Watch(child, call, progress, told)
            at_end.callback(watch.close)
            try:
                # Counted from here: a first call has waited for the fork server, which is not its own doing.
                ended = self._watched(child, watch, call, time.monotonic() + call.limit, cancelled)
            except BaseException:
                child.signal(signal.SIGKILL)
                raise
        seconds, code, timeline = time.monotonic() - started, child.status(), watch.clock.timeline
        if ended is not None:
            return Outcome(*ended, seconds, timeline, exit_code=code)
        status, reason, facts = _ending(call, code, watch.clock.open_section)
        found = Outcome(status, reason, seconds, timeline, facts, watch.memory, code, places=told.places)
        begun, spent = watch.clock.first or (time.monotonic(), None), watch.effort.seconds()
        cpu = None if spent is None or begun[1] is None else spent - begun[1]
        return replace(found, cpu=cpu, waited=max(0.0, begun[0] - started), hides_children=watch.effort.hides)

    def _watched(
        self, child: Child, watch: Watch, call: Call, deadline: float, cancelled: Callable[[], bool]
    ) -> Why | None:
        """Serve a child until it ends by itself, or end it: status and words of why."""
        while child.status() is None:
            if self._stop.is_set() or cancelled():
                reason: Why | None = STOPPED
            elif time.monotonic() > deadline:
                where = _where(call, watch.clock.open_section)
                reason = Status.TIMEOUT, f"{call.stage} ran past its limit of {call.limit:g} s{where}"
            else:
                reason = watch.excess()
            if reason is not None:
                self._end(child, watch)
                return reason
            watch.serve(POLL)
        watch.serve(0)
        return None

    def _end(self, child: Child, watch: Watch) -> None:
        """SIGTERM, a grace, SIGKILL to the whole group; its output is taken all the while, so that it never waits."""
        child.signal(signal.SIGTERM)
        until = time.monotonic() + self._grace
        while child.status() is None and time.monotonic() < until and not self._at_once.is_set():
            watch.serve(POLL)
        child.signal(signal.SIGKILL)
        until = time.monotonic() + LAST_GRACE
        while child.status() is None:
            if time.monotonic() > until:
                raise GenbenchError(f"process {child.pid} does not end, not even by SIGKILL; see to it, and run again")
            child.wait(POLL)


def _committed(call: Call, outcome: Outcome) -> tuple[str, ...]:
    """The digests of the scored batches of a paced run; none where it did not go as it should."""
    section = call.pace.section if call.pace is not None else ""
    if not outcome.ok or not outcome.timeline.ran_once(section):
        return ()
    (run,) = outcome.timeline.sections[section]
    complete = all(place < len(run.digests) for place in outcome.places)
    return tuple(run.digests[place] for place in outcome.places) if complete else ()


def _where(call: Call, section: str) -> str:
    """Which part of a stage a child was in, where that says more than the stage."""
    return f", in {section!r}" if section not in ("", call.stage) else ""


def _ending(call: Call, code: int | None, section: str) -> tuple[Status, str | None, Any]:
    if code is not None and code < 0:
        return Status.CRASHED, f"{call.stage} was ended by {signal_name(-code)}{_where(call, section)}", None
    with contextlib.suppress(GenbenchError):
        if code == 0:
            return Status.OK, None, read_json(call.folder / FACTS, CHILD_JSON_LIMIT)
        failure = codec.read(ChildFailure, call.folder / FAILURE, CHILD_JSON_LIMIT)
        if failure.status in CLAIMS:
            return failure.status, plain(failure.reason)[:REASON_LIMIT], None
    return Status.NO_EVIDENCE, f"{call.stage} exited with code {code} and left no result", None


def _reopen(folder: Path) -> None:
    """Let the owner into a folder that a plugin may have closed."""
    with contextlib.suppress(OSError):
        folder.chmod(0o755)
