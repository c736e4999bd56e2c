"""The files by which a driver and the machines that carry out its jobs speak with each other."""

import contextlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from genbench.contracts.executor import Ended, Ticket, Workplace
from genbench.contracts.job import Job, Outcome
from genbench.execution.job_file import INTERRUPTED, known_outcomes, outcomes_file, progress_file
from genbench.files import codec

TERMS = "terms.json"


@dataclass
class _Open:
    """A job that has not ended."""

    job: Job
    heard: int = 0  # bytes of its progress that were told


@dataclass
class JobFolder:
    """The jobs of one executor that have not ended, with their files.

    Args:
        workplace: the executor's.
    """

    workplace: Workplace
    _open: dict[Ticket, _Open] = field(default_factory=dict, init=False)

    @property
    def terms(self) -> Path:
        """The file of what a machine has to be like; it lies there as long as somebody drives the run."""
        return self.workplace.folder / TERMS

    def open(self) -> None:
        """Make the folder, with the run's terms in it."""
        self.workplace.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        codec.write(self.terms, self.workplace.terms)

    def close(self) -> None:
        """Take the terms away: whoever kept something running for this run ends it."""
        self.terms.unlink(missing_ok=True)

    def file(self, ticket: Ticket) -> Path:
        """A job's file."""
        return self.workplace.folder / f"{ticket.job}.json"

    def add(self, ticket: Ticket, job: Job) -> Path:
        """Write a new job's file; nothing is left of one of that name that was carried out before."""
        file = self.file(ticket)
        for left in (outcomes_file(file), progress_file(file)):
            left.unlink(missing_ok=True)
        codec.write(file, job)
        self._open[ticket] = _Open(job)
        return file

    def adopt(self, ticket: Ticket) -> None:
        """Take up a job whose file an earlier driver wrote.

        Raises:
            GenbenchError: it is not there.
        """
        self._open[ticket] = _Open(codec.read(Job, self.file(ticket)))

    @property
    def tickets(self) -> list[Ticket]:
        """Of the jobs that have not ended."""
        return list(self._open)

    def knows(self, ticket: Ticket) -> bool:
        """Whether a job of this executor has not ended."""
        return ticket in self._open

    def job(self, ticket: Ticket) -> Job:
        """A job that has not ended."""
        return self._open[ticket].job

    def tell(self) -> None:
        """Tell how far each job is, as far as that is new."""
        for ticket, own in self._open.items():
            lines = _whole_lines(progress_file(self.file(ticket)), own.heard)
            own.heard += len(lines)
            last = {place: (images, share) for place, images, share in map(json.loads, lines.splitlines())}
            for place, (images, share) in last.items():
                self.workplace.told(ticket, own.job.calls[place], images, share)

    def end(self, ticket: Ticket, lacking: Outcome = INTERRUPTED) -> Ended:
        """How a job ended that nobody carries out any more.

        Args:
            lacking: the outcome of each call that came to no end of its own.
        """
        job, found = self._open.pop(ticket).job, known_outcomes(self.file(ticket))
        return Ended(ticket, (*found, *[lacking] * (len(job.calls) - len(found))))


def _whole_lines(file: Path, start: int) -> bytes:
    with contextlib.suppress(FileNotFoundError), file.open("rb") as lines:
        lines.seek(start)
        text = lines.read()
        return text[: text.rfind(b"\n") + 1]
    return b""
