"""`--debug`: the calls of a job in this process, with a debugger at the first error."""

import pdb
import sys
import time
from bdb import BdbQuit
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from genbench.contracts.executor import Ended, Executor, Raised, Ticket, Workplace
from genbench.contracts.job import CALL, FACTS, Call, Job, Outcome, Progress
from genbench.errors import GenbenchError
from genbench.execution.channel import Marker, Markers
from genbench.execution.child import carry_out
from genbench.execution.clock import Clock
from genbench.execution.pacing import teller
from genbench.files import codec
from genbench.files.plain import read_json
from genbench.records.status import Status

INTERRUPTED = Outcome(Status.INTERRUPTED, "the job was cancelled before it began", 0.0)


def debugged(call: Call, progress: Progress, cancelled: Callable[[], bool] = lambda: False) -> Outcome:
    """Carry out a call here: no limits, no isolation, and a debugger where something raises.

    Raises:
        GenbenchError: it was raised. Raised: something else was, after the debugger, or that was quit.
    """
    clock, started, told = Clock(), time.monotonic(), teller(call)

    def tell(message: Marker) -> str:
        section, now = str(message.get("section", "")), time.monotonic()
        if message["at"] == "progress":
            progress(int(message["images"]), float(message["share"]))
        elif message["at"] == "ready":
            return told.ready(section) if clock.begin(section, now) else ""
        elif message["at"] == "lap":
            digest = str(message.get("digest", ""))
            clock.lap(section, now, digest=digest)
            return told.lap(section, digest, clock.lasted(section)) if clock.is_open(section) else ""
        else:
            clock.end(section, now)
            return told.done(section)
        return ""

    codec.write(call.folder / CALL, call.shown)
    try:
        carry_out(call.folder, Markers(tell))
    except BdbQuit as error:
        raise Raised from error
    except Exception as error:
        pdb.post_mortem(sys.exc_info()[2])
        if isinstance(error, GenbenchError):
            raise
        raise Raised from error
    facts, seconds = read_json(call.folder / FACTS), time.monotonic() - started
    return Outcome(Status.OK, None, seconds, clock.timeline, facts, places=told.places)


class InProcess(Executor):
    """Carries out one job at a time while `ended` is called, in its thread: a debugger needs the terminal."""

    name = "in-process"

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace
        self._waiting: deque[tuple[Ticket, Job]] = deque()
        self._cancelled: set[Ticket] = set()

    def submit(self, jobs: Sequence[Job]) -> list[Ticket]:
        """Keep the jobs for later."""
        tickets = [Ticket(job.name) for job in jobs]
        self._waiting.extend(zip(tickets, jobs, strict=True))
        return tickets

    def ended(self, timeout: float) -> list[Ended]:
        """Carry out the next job, however long it takes."""
        if not self._waiting:
            return []
        ticket, job = self._waiting.popleft()
        if ticket in self._cancelled:
            self._cancelled.discard(ticket)
            return [Ended(ticket, (INTERRUPTED,) * len(job.calls))]
        outcomes = [
            self._workplace.carry_out(call, partial(self._workplace.told, ticket, call), lambda: False)
            for call in job.calls
        ]
        return [Ended(ticket, tuple(outcomes))]

    def cancel(self, tickets: Sequence[Ticket]) -> None:
        """Do not carry out these jobs, should they still wait."""
        self._cancelled |= {ticket for ticket, _ in self._waiting} & {*tickets}

    def adopt(self, ticket: Ticket) -> bool:
        """Whether it waits here."""
        return any(ticket == own for own, _ in self._waiting)
