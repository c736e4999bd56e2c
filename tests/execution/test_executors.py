"""An executor carries out jobs and tells how they ended: child processes of this machine, or this very process."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from genbench.contracts.executor import Ended, Executor, Ticket, Workplace
from genbench.contracts.job import Call, Job, Outcome, Progress
from genbench.errors import GenbenchError
from genbench.execution.in_process import InProcess
from genbench.execution.local import LocalExecutor
from genbench.records.status import Status

Carry = Callable[[Call, Progress, Callable[[], bool]], Outcome]


def call(name: str) -> Call:
    return Call(name, "nowhere:nothing", Path(), {}, 60)


def fine(call: Call, progress: Progress, cancelled: Callable[[], bool]) -> Outcome:
    progress(7, 0.5)
    return Outcome(Status.OK, None, 0.0, facts=call.stage)


def patient(call: Call, progress: Progress, cancelled: Callable[[], bool]) -> Outcome:
    """Goes on until it is cancelled, as a supervised child does."""
    progress(1, 0.1)
    while not cancelled():
        time.sleep(0.005)
    return Outcome(Status.INTERRUPTED, "the run was stopped", 0.0)


class Office:
    """What is told of how far jobs are."""

    def __init__(self) -> None:
        self.told: list[tuple[Ticket, str, int, float]] = []

    def tell(self, ticket: Ticket, call: Call, images: int, share: float) -> None:
        self.told.append((ticket, call.stage, images, share))


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def executor(office: Office, tmp_path: Path) -> Iterator[Callable[..., Executor]]:
    """`executor(kind, carry_out, slots)`: an executor of that kind; closed at the end."""
    made: list[Executor] = []

    def make(kind: type[Executor], carry_out: Carry = fine, slots: int = 2) -> Executor:
        made.append(kind(Workplace(slots, tmp_path, carry_out, office.tell)))
        return made[-1]

    yield make
    for found in made:
        found.close()


def all_ended(executor: Executor, count: int) -> list[Ended]:
    """The jobs that end, once there are so many."""
    found: list[Ended] = []
    until = time.monotonic() + 20
    while len(found) < count and time.monotonic() < until:
        found += executor.ended(0.1)
    return found


KINDS = pytest.mark.parametrize("kind", [LocalExecutor, InProcess])


@KINDS
def test_every_job_ends_once_with_the_outcomes_of_its_calls_in_order(executor, office: Office, kind: type[Executor]):
    jobs = [Job(f"job{index}", (call("first"), call("second"))) for index in range(3)]
    own = executor(kind)
    tickets = own.submit(jobs)
    ended = all_ended(own, 3)
    assert {found.ticket for found in ended} == set(tickets)
    assert [[outcome.facts for outcome in found.outcomes] for found in ended] == [["first", "second"]] * 3
    assert own.ended(0.0) == []
    assert sorted(office.told, key=str) == sorted(
        ((ticket, stage, 7, 0.5) for ticket in tickets for stage in ("first", "second")), key=str
    )


@KINDS
def test_its_own_jobs_are_known_and_no_others(executor, kind: type[Executor]):
    own = executor(kind)
    (ticket,) = own.submit([Job("mine", (call("first"),))])
    assert own.adopt(ticket)
    assert not own.adopt(Ticket("another's"))
    all_ended(own, 1)
    assert not own.adopt(ticket)


def test_no_more_jobs_run_than_there_are_slots(executor):
    running, most, lock = [0], [0], threading.Lock()

    def counted(call: Call, progress: Progress, cancelled: Callable[[], bool]) -> Outcome:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.05)
        with lock:
            running[0] -= 1
        return Outcome(Status.OK, None, 0.0)

    own = executor(LocalExecutor, counted, slots=2)
    own.submit([Job(f"job{index}", (call("stage"),)) for index in range(6)])
    assert len(all_ended(own, 6)) == 6
    assert most == [2]


def test_a_cancelled_job_ends_as_interrupted_and_the_others_go_on(executor):
    own = executor(LocalExecutor, patient, slots=2)
    first, second = own.submit([Job("first", (call("stage"),)), Job("second", (call("stage"),))])
    own.cancel([first])
    (ended,) = all_ended(own, 1)
    assert (ended.ticket, ended.outcomes[0].status) == (first, Status.INTERRUPTED)
    assert own.adopt(second)
    own.cancel([second])
    assert [found.ticket for found in all_ended(own, 1)] == [second]


@pytest.mark.parametrize("where", ["carry_out", "told"])
def test_an_error_ends_all_that_runs_before_it_is_raised(executor, office: Office, where: str):
    over = threading.Event()

    def failing(call: Call, progress: Progress, cancelled: Callable[[], bool]) -> Outcome:
        if call.stage == "fails":
            if where == "carry_out":
                raise GenbenchError("nobody can tell")
            return fine(call, progress, cancelled)
        while not cancelled():
            time.sleep(0.005)
        over.set()
        return Outcome(Status.INTERRUPTED, "the run was stopped", 0.0)

    def raising(ticket: Ticket, call: Call, images: int, share: float) -> None:
        raise GenbenchError("nobody can tell")

    office.tell = raising  # type: ignore[method-assign]
    own = executor(LocalExecutor, failing, slots=2)
    own.submit([Job("long", (call("goes on"),)), Job("short", (call("fails"),))])
    with pytest.raises(GenbenchError, match="nobody can tell"):
        all_ended(own, 2)
    assert over.is_set()


def test_in_this_process_a_job_that_is_cancelled_before_it_began_ends_as_interrupted(executor):
    own = executor(InProcess)
    first, second = own.submit([Job("first", (call("stage"), call("other"))), Job("second", (call("stage"),))])
    own.cancel([first])
    ended = {found.ticket: [outcome.status for outcome in found.outcomes] for found in all_ended(own, 2)}
    assert ended == {first: [Status.INTERRUPTED] * 2, second: [Status.OK]}
    assert own.ended(0.0) == []


def test_each_job_on_several_gpus_has_one_of_its_own(office: Office, tmp_path: Path):
    """Calls that name the GPU of the run are carried out on the one that is free, in their inputs too."""
    lock, at_work, seen = threading.Lock(), set[str](), set[str]()

    def carry_out(call: Call, progress: Progress, cancelled: Callable[[], bool]) -> Outcome:
        with lock:
            assert call.device not in at_work
            assert call.inputs == {"device": call.device, "name": "cuda:0", "further": [{"device": call.device}]}
            at_work.add(call.device)
            seen.add(call.device)
        time.sleep(0.02)
        with lock:
            at_work.remove(call.device)
        return Outcome(Status.OK, None, 0.0)

    inputs = {"device": "cuda:0", "name": "cuda:0", "further": [{"device": "cuda:0"}]}
    jobs = [
        Job(f"job{index}", (Call("fit", "nowhere:nothing", Path(), inputs, 60, device="cuda:0"),))
        for index in range(12)
    ]
    executor = LocalExecutor(Workplace(3, tmp_path, carry_out, office.tell, devices=("cuda:0", "cuda:1", "cuda:2")))
    executor.submit(jobs)
    assert [ended.outcomes[0].status for ended in all_ended(executor, 12)] == [Status.OK] * 12
    executor.close()
    assert seen == {"cuda:0", "cuda:1", "cuda:2"}


def test_what_runs_on_the_cpu_stays_there(office: Office, tmp_path: Path):
    told: list[str] = []

    def carry_out(call: Call, progress: Progress, cancelled: Callable[[], bool]) -> Outcome:
        told.append(call.device)
        return Outcome(Status.OK, None, 0.0)

    executor = LocalExecutor(Workplace(2, tmp_path, carry_out, office.tell, devices=("cuda:0", "cuda:1")))
    executor.submit([Job("one", (call("first"),))])
    all_ended(executor, 1)
    executor.close()
    assert told == ["cpu"]
