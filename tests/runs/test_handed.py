"""A driver that comes back finds the jobs that an earlier one submitted, and ends those that nobody wants any more."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from scripted import Run, done, ground, interrupted, trial

from genbench.contracts.executor import Ended, Executor, Ticket
from genbench.contracts.job import Job
from genbench.records.status import Status
from genbench.runs.handed import HANDED

FIT, SAMPLES = "mine.default.0-fit", "mine.default.0-sample-default"


class Killed(BaseException):
    """What ends a driver without a word to its executor."""


class Elsewhere(Executor):
    """Carries jobs out whatever becomes of their driver; the driver is killed where it waits for the job `slow`.

    Args:
        slow: the name of a job that has not ended when the first driver waits for it.
        whole: whether a job holds all that is ready of a trial.
    """

    name = "elsewhere"

    def __init__(self, slow: str, whole: bool = False) -> None:
        self.slow, self.whole = slow, whole  # type: ignore[misc]
        self.jobs: dict[Ticket, Job] = {}
        self.running: list[Ticket] = []
        self.cancelled: list[Ticket] = []
        self.beside: list[Ticket] = []

    def submit(self, jobs: Sequence[Job]) -> list[Ticket]:
        tickets = [Ticket(job.name, str(len(self.jobs))) for job in jobs]
        self.beside += [ticket for ticket in self.running if ticket.job in {job.name for job in jobs}]
        self.jobs |= zip(tickets, jobs, strict=True)
        self.running += tickets
        return tickets

    def ended(self, timeout: float) -> list[Ended]:
        if [ticket.job for ticket in self.running] == [self.slow]:
            self.slow = ""
            raise Killed
        found, self.running = self.running, []
        return [self._ended(ticket) for ticket in found]

    def _ended(self, ticket: Ticket) -> Ended:
        script = interrupted if ticket in self.cancelled else done
        return Ended(ticket, tuple(script(call) for call in self.jobs[ticket].calls))

    def cancel(self, tickets: Sequence[Ticket]) -> None:
        self.cancelled += tickets

    def adopt(self, ticket: Ticket) -> bool:
        return ticket in self.running

    def times(self, name: str) -> int:
        """How often a job of that name was submitted."""
        return [job.name for job in self.jobs.values()].count(name)


def driven(folder: Path, executor: Executor, seeds: Sequence[int] = (0,), **options: Any) -> Run:
    """A driver of the run in a folder, from its start to its end."""
    trials = [trial(seed=seed) for seed in seeds]
    return Run(ground(folder, trials), trials, executor, **options).conduct()


def left(folder: Path, slow: str, **options: Any) -> Elsewhere:
    """An executor whose driver was killed."""
    executor = Elsewhere(slow, **options)
    with pytest.raises(Killed):
        driven(folder, executor)
    executor.cancelled.clear()  # a killed driver says nothing
    return executor


def noted(folder: Path) -> list[str]:
    return sorted(path.stem for path in (folder / "runs/mine" / HANDED).glob("*.json"))


@pytest.mark.parametrize(("slow", "whole"), [(FIT, False), (SAMPLES, True)])
def test_a_job_of_an_earlier_driver_is_waited_for_and_not_submitted_again(tmp_path: Path, slow: str, whole: bool):
    executor = left(tmp_path, slow, whole=whole)
    assert noted(tmp_path) == [slow]
    run = driven(tmp_path, executor)
    assert (executor.times(slow), executor.cancelled) == (1, [])
    assert set(run.statuses.values()) == {Status.OK}
    assert noted(tmp_path) == []


def test_what_such_a_job_has_written_stays(tmp_path: Path):
    executor = left(tmp_path, FIT)
    written = tmp_path / "runs/mine/mine.default.0/fit/half"
    written.touch()
    driven(tmp_path, executor)
    assert written.exists()


def test_a_job_that_nobody_wants_any_more_is_ended_before_its_step_begins_anew(tmp_path: Path):
    executor = left(tmp_path, FIT)
    run = driven(tmp_path, executor, existing="force")
    assert (executor.times(FIT), [ticket.job for ticket in executor.cancelled]) == (2, [FIT])
    assert executor.beside == []
    assert set(run.statuses.values()) == {Status.OK}
    assert noted(tmp_path) == []


def test_a_job_that_its_executor_no_longer_knows_is_submitted_again(tmp_path: Path):
    executor = left(tmp_path, FIT)
    executor.running.clear()
    run = driven(tmp_path, executor)
    assert (executor.times(FIT), executor.cancelled) == (2, [])
    assert set(run.statuses.values()) == {Status.OK}


def test_a_note_that_cannot_be_read_is_no_note(tmp_path: Path):
    executor = left(tmp_path, FIT)
    executor.running.clear()
    (tmp_path / "runs/mine" / HANDED / f"{FIT}.json").write_text('{"ticket": ')
    assert set(driven(tmp_path, executor).statuses.values()) == {Status.OK}
    assert noted(tmp_path) == []


def test_jobs_of_trials_that_are_not_asked_for_now_are_left_alone(tmp_path: Path):
    executor = left(tmp_path, FIT)
    (other,) = executor.running
    executor.running.clear()
    driven(tmp_path, executor, seeds=(1,))
    assert noted(tmp_path) == [FIT]
    executor.running.append(other)
    driven(tmp_path, executor)
    assert executor.times(FIT) == 1
