"""An executor whose jobs are files: a program of its own carries out each, and its files say what became of it."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import genbench
from genbench.contracts.executor import Ended, Executor, Ticket, Workplace
from genbench.contracts.job import Job, Outcome
from genbench.execution.job_file import Outcomes, outcomes_file
from genbench.files import codec
from genbench.records.status import Status

POLL = 0.05  # seconds between two looks at the files


def _runs(program: int) -> bool:
    """Whether a process is there, whoever started it."""
    with contextlib.suppress(ChildProcessError):
        return os.waitpid(program, os.WNOHANG) == (0, 0)
    return Path(f"/proc/{program}").exists()


class JobFiles(Executor):
    """Writes each job to a file, and starts the program that carries out a file."""

    name = "job-files"
    whole = True

    def __init__(self, workplace: Workplace) -> None:
        self._folder = workplace.folder
        self._known: set[Ticket] = set()

    def submit(self, jobs: Sequence[Job]) -> list[Ticket]:
        """Start a program for each job; its process id is the ticket's place."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        tickets = [Ticket(job.name, str(self._started(job))) for job in jobs]
        self._known.update(tickets)
        return tickets

    def ended(self, timeout: float) -> list[Ended]:
        """Look at the files until one of them tells of an end."""
        until = time.monotonic() + timeout
        while not (found := [ended for ticket in self._known if (ended := self._ended(ticket)) is not None]):
            if time.monotonic() > until:
                return []
            time.sleep(POLL)
        self._known -= {ended.ticket for ended in found}
        return found

    def cancel(self, tickets: Sequence[Ticket]) -> None:
        """Ask the programs to end what they carry out."""
        for ticket in self._known & {*tickets}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(ticket.place), signal.SIGTERM)

    def adopt(self, ticket: Ticket) -> bool:
        """Whether its file lies there: what became of it lies beside it."""
        known = self._file(ticket.job).is_file()
        self._known |= {ticket} if known else set()
        return known

    def _file(self, job: str) -> Path:
        return self._folder / f"{job}.json"

    def _started(self, job: Job) -> int:
        file = self._file(job.name)
        outcomes_file(file).unlink(missing_ok=True)  # of a job of that name that was carried out before
        codec.write(file, job)
        log, flags = str(file.with_suffix(".log")), os.O_WRONLY | os.O_CREAT | os.O_APPEND
        output = [(os.POSIX_SPAWN_OPEN, 1, log, flags, 0o600), (os.POSIX_SPAWN_DUP2, 1, 2)]
        command = [sys.executable, "-m", "genbench.execution", str(file)]
        return os.posix_spawn(sys.executable, command, os.environ, file_actions=output, setpgroup=0)

    def _ended(self, ticket: Ticket) -> Ended | None:
        """The end of a job: its program has gone, and the outcomes that it did not write are missing evidence."""
        if _runs(int(ticket.place)):
            return None
        file = self._file(ticket.job)
        found = codec.read(Outcomes, outcomes_file(file)).outcomes if outcomes_file(file).exists() else ()
        lost = Outcome(Status.NO_EVIDENCE, f"the program of job {ticket.job} ended early", 0.0)
        return Ended(ticket, (*found, *[lost] * (len(codec.read(Job, file).calls) - len(found))))


@genbench.hookimpl
def genbench_executors() -> list[type[Executor]]:
    return [JobFiles]
