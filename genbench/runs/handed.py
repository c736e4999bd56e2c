"""Handed: the jobs that a run's executor holds, noted in the run's folder, where a driver that comes back looks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from genbench.contracts.executor import Ended, Executor, Ticket
from genbench.contracts.job import Job
from genbench.errors import GenbenchError
from genbench.files import codec

HANDED = ".handed"  # in the run's folder
WAIT = 1.0  # seconds for which the executor is asked at a time


@dataclass(frozen=True)
class Handed:
    """A job that was submitted, and what it makes."""

    ticket: Ticket
    """What its executor knows it by."""
    keys: Mapping[str, str]
    """TRIAL/STEP → the key of the inputs that the step was given."""


@dataclass
class HandedJobs:
    """Submits jobs, remembers them whatever becomes of this driver, and finds those of an earlier one.

    Args:
        root: the run's folder.
        executor: who holds them.
    """

    root: Path
    executor: Executor
    _early: list[Ended] = field(default_factory=list, init=False)

    def submit(self, job: Job, keys: Mapping[str, str]) -> Ticket:
        """Submit a job; `keys` as in `Handed`."""
        (ticket,) = self.executor.submit([job])
        self._file(ticket).parent.mkdir(mode=0o700, exist_ok=True)
        codec.write(self._file(ticket), Handed(ticket, keys))
        return ticket

    def adopted(self, keys: Mapping[str, str], wanted: bool) -> Ticket | None:
        """The job of an earlier driver that makes just these steps from just these inputs, where one is `wanted`.

        Any other job of an earlier driver that makes one of these steps is ended first: two would write in one folder.
        """
        found = [handed for handed in self._earlier if handed.keys.keys() & keys.keys()]
        for handed in found:
            self._earlier.remove(handed)
            if not self.executor.adopt(handed.ticket):
                self._file(handed.ticket).unlink(missing_ok=True)
            elif wanted and handed.keys == keys:
                return handed.ticket
            else:
                self._end(handed.ticket)
        return None

    def news(self) -> list[Ended]:
        """The jobs that have ended; waits a second for the first."""
        found = self._early or self.executor.ended(WAIT)
        self._early = []
        for ended in found:
            self._file(ended.ticket).unlink(missing_ok=True)
        return found

    def _end(self, ticket: Ticket) -> None:
        """End a job that nobody waits for; what else is told in the meantime is kept for later."""
        self.executor.cancel([ticket])
        told: list[Ended] = []
        while ticket not in {ended.ticket for ended in told}:
            told += self.executor.ended(WAIT)
        self._early += [ended for ended in told if ended.ticket != ticket]
        self._file(ticket).unlink(missing_ok=True)

    @cached_property
    def _earlier(self) -> list[Handed]:
        return [found for path in sorted((self.root / HANDED).glob("*.json")) for found in _read(path)]

    def _file(self, ticket: Ticket) -> Path:
        return self.root / HANDED / f"{ticket.job}.json"


def _read(path: Path) -> list[Handed]:
    try:
        return [codec.read(Handed, path)]
    except GenbenchError:
        path.unlink(missing_ok=True)  # of another version, or half lost: its steps run anew
        return []
