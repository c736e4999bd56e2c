"""Slurm, by way of submitit: jobs are queued in arrays, outlive their driver, and come back when they are preempted."""

import contextlib
import math
import subprocess
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from genbench.builtin.executors.job_folder import JobFolder
from genbench.builtin.executors.slurm_job import (
    LOST,
    REFUSED,
    Carrying,
    End,
    attempts_file,
    cancelled_file,
    end_file,
)
from genbench.builtin.executors.slurm_queue import Queue
from genbench.contracts.executor import Ended, Executor, Ticket, Workplace
from genbench.contracts.job import Job, Outcome
from genbench.errors import GenbenchError
from genbench.files import codec
from genbench.records.status import Status

MISSING = 'the executor slurm needs submitit, which is not installed: pip install "genbench[slurm]"'
CLUSTERS = ("slurm", "local", "debug")  # as submitit calls them
POLL = 0.2  # seconds between two looks at the files
MANY = 200  # jobs, whose files are looked at less often
SETTLE = 5.0  # seconds after the end of a job in which its last word reaches this machine
SLACK = 600.0  # seconds that a job may take beside its calls: to start, and to look at its machine
OWN_MEMORY = 2 * 2**30  # bytes that the harness takes beside a call
DIED = "the node that it ran on died twice"


@dataclass(frozen=True)
class Queued:
    """Where a job waits or runs, for a driver that comes back."""

    cluster: str
    """As submitit calls it."""
    id: str
    """The job's."""


def queued_file(job: Path) -> Path:
    """Where it is written what a job is queued as."""
    return job.with_name(f"{job.name}.queued.json")


@dataclass(frozen=True)
class _Needs:
    """What jobs of one array have in common."""

    exclusive: bool
    threads: int
    gpus: int
    memory: int
    minutes: int


class SlurmExecutor(Executor):
    """Queues jobs in arrays of Slurm's; the driver may be closed, and finds them again."""

    name = "slurm"
    whole = True
    away = True

    def __init__(self, workplace: Workplace) -> None:
        self._workplace, self._files = workplace, JobFolder(workplace)
        self._cluster = workplace.address or CLUSTERS[0]
        if self._cluster not in CLUSTERS:
            raise GenbenchError(f"--address of the executor slurm takes {', '.join(CLUSTERS)}, got {self._cluster!r}")
        self._submitit = _library()
        self._files.open()
        self._queue = self._executor()
        self._slurm = Queue()
        self._new: list[Ticket] = []
        self._jobs: dict[Ticket, Any] = {}  # submitit's
        self._over: dict[Ticket, float] = {}  # since when Slurm says so
        self._cancelled: set[Ticket] = set()

    def submit(self, jobs: Sequence[Job]) -> list[Ticket]:
        """Write the jobs' files; they are queued together when the driver waits."""
        tickets = [Ticket(job.name) for job in jobs]
        for ticket, job in zip(tickets, jobs, strict=True):
            file = self._files.add(ticket, job)
            for left in (queued_file, end_file, attempts_file, cancelled_file):
                left(file).unlink(missing_ok=True)
        self._new += tickets
        return tickets

    def ended(self, timeout: float) -> list[Ended]:
        """Queue what is new, and look at the files until one of them tells of an end."""
        self._flush()
        until = time.monotonic() + timeout
        while True:
            if self._workplace.stopped():
                self.cancel(self._files.tickets)
            found = [ended for ticket in self._files.tickets if (ended := self._ended(ticket)) is not None]
            self._files.tell()
            if found or time.monotonic() > until:
                return found
            time.sleep(max(POLL, len(self._files.tickets) * POLL / MANY))

    def cancel(self, tickets: Sequence[Ticket]) -> None:
        """Take these jobs from the queue, and end those that run."""
        wanted = [ticket for ticket in tickets if self._files.knows(ticket) and ticket not in self._cancelled]
        self._cancelled.update(wanted)
        for ticket in wanted:
            cancelled_file(self._files.file(ticket)).touch()
        self._new = [ticket for ticket in self._new if ticket not in self._cancelled]
        jobs = [self._jobs[ticket] for ticket in wanted if ticket in self._jobs]
        if self._cluster == "slurm" and jobs:
            subprocess.run(["scancel", *(job.job_id for job in jobs)], check=False, capture_output=True)
            self._slurm.changed()
        else:
            for job in jobs:
                job.cancel()

    def adopt(self, ticket: Ticket) -> bool:
        """Whether an earlier driver has queued it: its files say as what."""
        if self._files.knows(ticket):
            return True
        with contextlib.suppress(GenbenchError, OSError):
            queued = codec.read(Queued, queued_file(self._files.file(ticket)))
            if queued.cluster == self._cluster:
                self._files.adopt(ticket)
                self._jobs[ticket] = self._queue.job_class(self._folder, queued.id)
                return True
        return False

    @property
    def _folder(self) -> Path:
        return self._workplace.folder / "slurm"

    def _executor(self) -> Any:
        try:
            return self._submitit.AutoExecutor(self._folder, cluster=self._cluster)._executor
        except RuntimeError as error:
            words = "is sbatch on PATH? Without Slurm, --address local runs the jobs on this machine"
            raise GenbenchError(f"no Slurm here: {' '.join(str(error).split())}; {words}") from None

    def _flush(self) -> None:
        """Queue what is new, an array for what needs the same."""
        alike: dict[_Needs, list[Ticket]] = defaultdict(list)
        for ticket in self._new:
            alike[_needs(self._files.job(ticket))].append(ticket)
        for needs, tickets in alike.items():
            array = self._submitit.AutoExecutor(self._folder, cluster=self._cluster)
            array.update_parameters(**_parameters(needs, self._workplace.slots))
            with array.batch():
                jobs = [array.submit(self._carrying(ticket)) for ticket in tickets]
            for ticket, job in zip(tickets, jobs, strict=True):
                self._jobs[ticket] = job
                codec.write(queued_file(self._files.file(ticket)), Queued(self._cluster, job.job_id))
            self._slurm.changed()
        self._new = []

    def _carrying(self, ticket: Ticket) -> Carrying:
        return Carrying(str(self._files.file(ticket)), str(self._files.terms))

    def _ended(self, ticket: Ticket) -> Ended | None:
        file = end_file(self._files.file(ticket))
        if ticket in self._cancelled and not self._at_work(ticket):
            return self._end(ticket)
        if file.exists():
            end = codec.read(End, file)
            if end.how == REFUSED:
                self.cancel(self._files.tickets)
                for own in self._files.tickets:  # nothing runs any more where this raises
                    self._end(own)
                raise GenbenchError(end.words)
            return self._end(ticket, *([Outcome(Status.CRASHED, DIED, 0.0)] if end.how == LOST else []))
        if ticket in self._jobs and not self._at_work(ticket):
            since = self._over.setdefault(ticket, time.monotonic())
            if time.monotonic() - since > SETTLE:
                return self._end(ticket, _lacking(self._state(ticket)))
        else:
            self._over.pop(ticket, None)
        return None

    def _state(self, ticket: Ticket) -> str:
        job = self._jobs[ticket]
        return self._slurm.state(job.job_id) if self._cluster == "slurm" else str(job.state)

    def _end(self, ticket: Ticket, *lacking: Outcome) -> Ended:
        job = self._jobs.pop(ticket, None)
        if self._cluster == "local" and job is not None and job._process is not None:
            job._process.wait()  # it has said its last word
        self._over.pop(ticket, None)
        self._cancelled.discard(ticket)
        return self._files.end(ticket, *lacking)

    def _at_work(self, ticket: Ticket) -> bool:
        """Whether the job waits or runs, as far as can be told."""
        job = self._jobs.get(ticket)
        if job is None:
            return False
        if self._cluster == "debug":
            if not job.cancelled:
                job.wait()
            return False
        if self._cluster == "local" and job._process is None:  # an earlier driver's
            return Path(f"/proc/{job.job_id}").exists()
        if self._cluster == "slurm":
            return self._slurm.at_work(job.job_id)
        return not job.done()


def _needs(job: Job) -> _Needs:
    calls = job.calls
    return _Needs(
        job.exclusive,
        max(call.threads for call in calls),
        int(any(call.device.startswith("cuda") for call in calls)),
        math.ceil((max(call.caps.memory for call in calls) + OWN_MEMORY) / 2**30),
        math.ceil((sum(call.limit for call in calls) + SLACK) / 60),
    )


def _parameters(needs: _Needs, slots: int) -> dict[str, Any]:
    """What jobs need, as submitit says it."""
    found: dict[str, Any] = {
        "name": "genbench",
        "timeout_min": needs.minutes,
        "cpus_per_task": needs.threads,
        "mem_gb": needs.memory,
        "slurm_array_parallelism": slots,
        "slurm_additional_parameters": {"requeue": True},
    }
    if needs.exclusive:
        found["slurm_exclusive"] = True
    return found | ({"gpus_per_node": needs.gpus} if needs.gpus else {})


def _lacking(state: str) -> Outcome:
    """The outcome of a call whose Slurm job ended without a word."""
    status = Status.HOST_MEMORY if state.startswith("OUT_OF_ME") else Status.CRASHED
    return Outcome(status, f"its job ended in the queue as {state}", 0.0)


def _library() -> Any:
    try:
        return import_module("submitit")
    except ImportError:
        raise GenbenchError(MISSING) from None
