"""A job that lies in a file, carried out on this machine; what becomes of it is written beside it as it happens.

An earlier attempt may have ended with its machine: calls whose outcomes lie there are not carried out again.
"""

import contextlib
import fcntl
import json
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

from genbench.contracts.job import CALL, RESUME, Call, Job, Outcome, Progress
from genbench.contracts.node import Probe, Terms
from genbench.errors import GenbenchError
from genbench.execution.supervisor import Supervisor
from genbench.files import codec
from genbench.files.atomic import remove
from genbench.records.machine import Machine
from genbench.records.status import Status

TELLING = 0.25  # seconds between two lines of progress at least
ATTEMPT = 0.1  # seconds between two looks at whether an earlier attempt has ended
WORD = 0.5  # seconds in which who ends a job has told this process too
SHOWN = 4  # differences that a refusal names

INTERRUPTED = Outcome(Status.INTERRUPTED, "the run was stopped", 0.0)

Cancelled = Callable[[], bool]


@dataclass(frozen=True)
class Outcomes:
    """How the calls of a job ended, in their order; fewer than there are calls where it has not ended."""

    outcomes: tuple[Outcome, ...] = ()


def outcomes_file(job: Path) -> Path:
    """Where the outcomes of a job file are written."""
    return job.with_name(f"{job.name}.outcomes.json")


def progress_file(job: Path) -> Path:
    """Where a line of JSON is appended as a call goes on: its place in the job, images done, share of it in [0, 1]."""
    return job.with_name(f"{job.name}.progress")


def known_outcomes(job: Path) -> tuple[Outcome, ...]:
    """The outcomes that lie there, of calls that came to an end of their own."""
    file = outcomes_file(job)
    found = codec.read(Outcomes, file).outcomes if file.exists() else ()
    return tuple(outcome for outcome in found if outcome.status is not Status.INTERRUPTED)


class JobFiles:
    """Carries out the jobs of files, from any number of threads.

    Args:
        supervisor: of the processes.
        terms: what this machine has to be like; None: it is the driver's own.
    """

    def __init__(self, supervisor: Supervisor, terms: Terms | None = None) -> None:
        self._supervisor, self._terms = supervisor, terms
        self._machine: Machine | None = None
        self._looking = Lock()

    def carry_out(self, path: Path, cancelled: Cancelled = lambda: False, device: str = "") -> Outcomes:
        """Carry out the job of a file, from where an earlier attempt ended.

        Args:
            cancelled: whether it shall be ended as interrupted.
            device: the one that it was given here; "": the one that it names.
        Raises:
            GenbenchError: the file holds no job, or this machine is not as the terms say.
        """
        job = codec.read(Job, path)
        with _alone(path, cancelled) as alone:
            found = Outcomes(known_outcomes(path))
            machine = self._surveyed(cancelled) if alone else None
            for place in range(len(found.outcomes), len(job.calls) if alone else 0):
                outcome = self._outcome(path, place, placed(job.calls[place], device), cancelled)
                found = Outcomes((*found.outcomes, replace(outcome, machine=machine)))
                codec.write(outcomes_file(path), found)
        return found

    def _outcome(self, path: Path, place: int, call: Call, cancelled: Cancelled) -> Outcome:
        if (call.folder / CALL).exists():  # of an attempt that did not end
            for left in call.folder.iterdir():
                if left.name != RESUME:
                    remove(left)
        outcome = self._supervisor.run(call, _teller(progress_file(path), place), cancelled)
        return outcome if outcome.ok or not self._stopping(cancelled) else INTERRUPTED

    def _stopping(self, cancelled: Cancelled) -> bool:
        """Whether this is being stopped: a queue ends all processes of a job at once, and a call's may die before."""
        until = time.monotonic() + WORD
        while not (found := self._supervisor.stopped or cancelled()) and time.monotonic() < until:
            time.sleep(ATTEMPT)
        return found

    def _surveyed(self, cancelled: Cancelled) -> Machine | None:
        """This machine, known to be as the terms say; None where it is the driver's, or was told to stop."""
        with self._looking:
            if self._terms is not None and self._machine is None:
                self._machine = self._survey(self._terms, cancelled)
            return self._machine

    def _survey(self, terms: Terms, cancelled: Cancelled) -> Machine | None:
        folder = Path(tempfile.mkdtemp(prefix="genbench-survey-"))
        outcome = self._supervisor.run(replace(terms.survey, folder=folder), cancelled=cancelled)
        remove(folder)
        if outcome.status is Status.INTERRUPTED:
            return None
        if not outcome.ok:
            raise GenbenchError(f"{socket.gethostname()} cannot be looked at: {outcome.reason}")
        probe = codec.decoded(Probe, outcome.facts, "the survey")
        if words := differences(terms.environment, probe.environment):
            raise GenbenchError(words)
        machine = probe.threaded(terms.survey.threads)
        return replace(machine, isolation=terms.isolation or machine.isolation)


def placed(call: Call, device: str) -> Call:
    """A call on another device of the same kind, in its inputs too; of another kind, or "": as it is."""
    if call.device.partition(":")[0] != device.partition(":")[0]:
        return call
    return replace(call, device=device, inputs=_placed(call.inputs, call.device, device))


def _placed(value: Any, before: str, after: str) -> Any:
    """JSON in which every field "device" that was `before` is `after`."""
    if isinstance(value, dict):
        return {
            name: after if (name, item) == ("device", before) else _placed(item, before, after)
            for name, item in value.items()
        }
    return [_placed(item, before, after) for item in value] if isinstance(value, list) else value


def differences(wanted: Mapping[str, str], found: Mapping[str, str]) -> str:
    """How another machine's environment differs from the driver's, in one line; "" where they are the same."""
    names = sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))
    if not names:
        return ""
    said = [f"{name} is {_short(found.get(name))}, expected {_short(wanted.get(name))}" for name in names[:SHOWN]]
    more = f", and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    way = "install there what the driver has: uv pip freeze tells"
    return f"{socket.gethostname()} differs from the machine that drives the run: {'; '.join(said)}{more}; {way}"


def _short(version: str | None) -> str:
    return "not there" if version is None else version[:12]


@contextlib.contextmanager
def _alone(path: Path, cancelled: Cancelled) -> Iterator[bool]:
    """Wait until no other attempt at the job is at work in its folders; False where it was cancelled before."""
    with path.with_name(f"{path.name}.lock").open("a") as lock:
        while not (alone := _locked(lock.fileno())) and not cancelled():
            time.sleep(ATTEMPT)
        yield alone


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _teller(file: Path, place: int) -> Progress:
    """Appends how far a call is, not more often than anybody wants to know."""
    last = [0.0]

    def tell(images: int, share: float) -> None:
        now = time.monotonic()
        if share >= 1 or now - last[0] >= TELLING:
            last[0] = now
            with file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps([place, images, share]) + "\n")

    return tell
