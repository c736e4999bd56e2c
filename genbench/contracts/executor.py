"""Executor: where the jobs of a run are carried out."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from genbench.contracts.job import Call, Job, Outcome, Progress
from genbench.contracts.node import Terms


@dataclass(frozen=True)
class Ticket:
    """Stands for a submitted job; plain data, so that a driver which was closed finds its jobs again."""

    job: str
    """The job's name."""
    place: str = ""
    """What the executor knows it by: a process, a number in a queue."""


@dataclass(frozen=True)
class Ended:
    """A job that has ended: the outcomes of its calls, in their order."""

    ticket: Ticket
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True)
class Workplace:
    """What a run lends its executor.

    Args:
        slots: how many jobs may run at the same time.
        folder: for the executor's own files; every machine that it uses has to see it, and no plugin may read it.
        carry_out: carries out one call on this machine, in a process of its own, and blocks until it has ended; takes
            what hears of progress, and what says whether it shall be ended.
        told: hears how far a call of a job is; called while `ended` waits, in its thread.
        stopped: whether the run shall end; who carries out jobs elsewhere asks, and ends them as interrupted.
        address: what the user said of where the engine is that places jobs; "": nothing.
        terms: what other machines have to be like; None: the jobs are carried out on this one.
        devices: GPUs of this one over which jobs are spread, as few as can be on each; none: calls name theirs.
    """

    slots: int
    folder: Path
    carry_out: Callable[[Call, Progress, Callable[[], bool]], Outcome]
    told: Callable[[Ticket, Call, int, float], None]
    stopped: Callable[[], bool] = lambda: False
    address: str = ""
    terms: Terms | None = None
    devices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Places:
    """How much an engine holds now.

    Args:
        jobs: that can run at the same time.
        alone: that can do so with a machine to themselves.
    """

    jobs: int
    alone: int


class Raised(Exception):
    """A stage that runs in the harness's own process raised something: its cause. No fault of genbench itself."""


class Executor(ABC):
    """Carries out jobs; which may run now is the schedule's to say, and, on one machine, which must run alone."""

    name: ClassVar[str]
    whole: ClassVar[bool] = False  # whether a job shall hold all that is ready of a trial, since starting one is dear
    away: ClassVar[bool] = False  # whether its engine places jobs on other machines, and each exclusive one alone

    @abstractmethod
    def __init__(self, workplace: Workplace) -> None:
        """Make ready; nothing is started yet."""

    @abstractmethod
    def submit(self, jobs: Sequence[Job]) -> list[Ticket]:
        """Take jobs to carry out, and return at once with a ticket for each."""

    @abstractmethod
    def ended(self, timeout: float) -> list[Ended]:
        """The jobs that have ended since the last call; waits up to `timeout` seconds for the first.

        Raises:
            GenbenchError: nobody can tell any more how a job ended.
            Exception: whatever the workplace's functions raise. Nothing runs any more where it raises anything.
        """

    @abstractmethod
    def cancel(self, tickets: Sequence[Ticket]) -> None:
        """End these jobs; `ended` tells of them, their calls interrupted where they had not ended before."""

    @abstractmethod
    def adopt(self, ticket: Ticket) -> bool:
        """Whether a job that an earlier driver submitted is still known: `ended` will then tell of it."""

    def places(self, threads: int, device: str) -> Places | None:
        """What its engine holds now of jobs for a device with so many threads each; None: nobody knows.

        Who carries out jobs on this machine is not asked.
        """
        return None

    def close(self) -> None:  # noqa: B027  # most keep nothing running
        """Let go of what was started; jobs that run go on where they can do so without a driver."""
