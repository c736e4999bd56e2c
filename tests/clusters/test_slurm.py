"""Jobs in Slurm's queue, as submitit does it on one machine: they outlive their driver, and come back."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny
from nodes import PLUGIN, all_ended, at_work, listing, place, suite, until

from genbench.builtin.executors.slurm import SlurmExecutor
from genbench.builtin.executors.slurm_job import Carrying, attempts_file, end_file
from genbench.contracts.executor import Executor, Ticket
from genbench.contracts.job import Job
from genbench.errors import GenbenchError
from genbench.execution import machine
from genbench.execution.supervisor import Supervisor
from genbench.files import codec
from genbench.records.status import Status

pytestmark = pytest.mark.xdist_group("queue")  # side by side with the other group, and not with its own

NAMELESS = "import genbench\n\n@genbench.hookimpl\ndef genbench_models():\n    return []\n"
ONCE = """
import pathlib, time
with open({count!r}, "a") as count:
    count.write("x")
if len(pathlib.Path({count!r}).read_text()) == 1:
    time.sleep(600)
"""
SLEEPS = "import time\nopen('started', 'w').close()\ntime.sleep(600)\n"


@pytest.fixture
def driver(supervisor: Supervisor, tmp_path: Path) -> Callable[[], Executor]:
    """`driver()`: another instance of the executor, in the same folder."""
    return lambda: SlurmExecutor(place(tmp_path / "jobs", "local", supervisor))


def test_a_queue_gives_the_records_of_a_local_run(local: tiny.Run, supervisor: Supervisor, tmp_path: Path):
    options = {"executor": "slurm", "address": "local", "jobs": 2}
    run = tiny.run(supervisor, tmp_path, [PLUGIN], ["bounded"], suite(tmp_path), **options)
    for name in ("bounded/dark", "bounded/full"):
        assert tiny.without_clocks(run.candidate(name)) == tiny.without_clocks(local.candidate(name))
    assert run.record("bounded").machine == local.record("bounded").machine


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # submitit leaves its logs open
def test_the_debug_executor_carries_jobs_out_as_they_are_waited_for(supervisor: Supervisor, tmp_path: Path):
    executor = SlurmExecutor(place(tmp_path / "jobs", "debug", supervisor))
    codes = {"fine": NAMELESS, "raises": "raise RuntimeError('boom')"}
    executor.submit([Job(name, (listing(tmp_path / name, code),)) for name, code in codes.items()])
    ended = all_ended(executor, 2)
    assert {own.ticket.job: own.outcomes[0].status for own in ended} == {"fine": Status.OK, "raises": Status.ERROR}


def test_a_job_that_is_preempted_comes_back_and_does_nothing_twice(driver: Callable[[], Executor], tmp_path: Path):
    calls = [listing(tmp_path / name, ONCE.format(count=str(tmp_path / f"{name}.count")) + NAMELESS) for name in "ab"]
    (tmp_path / "a.count").write_text("x")  # it does not wait
    executor = driver()
    (ticket,) = executor.submit([Job("preempted", tuple(calls))])
    executor.ended(0)
    until((tmp_path / "b.count").exists)
    (task,) = machine.children(executor._jobs[ticket]._process.pid)  # type: ignore[attr-defined]
    os.kill(task, signal.SIGUSR2)  # what Slurm sends before it takes a node away
    (ended,) = all_ended(executor, 1)
    assert [outcome.status for outcome in ended.outcomes] == [Status.OK, Status.OK]
    assert [(tmp_path / f"{name}.count").read_text() for name in "ab"] == ["xx", "xx"]


def test_a_driver_that_comes_back_takes_up_what_an_earlier_one_has_queued(
    driver: Callable[[], Executor], tmp_path: Path
):
    call = listing(tmp_path / "slow", "import time\ntime.sleep(3)\n" + NAMELESS)
    earlier = driver()
    tickets = earlier.submit([Job("slow", (call,)), Job("unqueued", (call,))][:1])
    earlier.ended(0)
    (lost,) = earlier.submit([Job("unqueued", (call,))])
    later = driver()
    kept = codec.decoded(Ticket, codec.encoded(tickets[0]))
    assert (later.adopt(kept), later.adopt(lost), later.adopt(Ticket("never"))) == (True, False, False)
    later._jobs[kept]._process = None  # type: ignore[attr-defined]  # another process knows it by its number alone
    (ended,) = all_ended(later, 1)
    assert (ended.ticket, ended.outcomes[0].status) == (kept, Status.OK)
    assert later.ended(0) == []
    earlier._jobs[tickets[0]]._process.wait()  # type: ignore[attr-defined]


def test_a_cancelled_job_leaves_no_process(driver: Callable[[], Executor], tmp_path: Path):
    executor = driver()
    calls = listing(tmp_path / "sleeps", SLEEPS), listing(tmp_path / "never", NAMELESS)
    running, waiting = executor.submit([Job("sleeping", calls)]), executor.submit([Job("waiting", calls[1:])])
    executor.cancel(waiting)
    executor.ended(0)
    until((tmp_path / "sleeps/started").exists)
    executor.cancel(running)
    (ended,) = all_ended(executor, 1, 20)
    assert [outcome.status for outcome in ended.outcomes] == [Status.INTERRUPTED] * 2
    assert not (tmp_path / "never/call.json").exists()
    until(lambda: not at_work(tmp_path), 10)


def test_a_job_whose_nodes_die_is_begun_twice_and_no_third_time(driver: Callable[[], Executor], tmp_path: Path):
    job, terms = tmp_path / "jobs/dying.json", tmp_path / "jobs/terms.json"
    executor = driver()
    executor.submit([Job("dying", (listing(tmp_path / "sleeps", SLEEPS),))])
    executor._new.clear()  # type: ignore[attr-defined]  # nothing queues it: it is carried out here
    code = f"from genbench.builtin.executors.slurm_job import Carrying\nCarrying({str(job)!r}, {str(terms)!r})()"
    for attempt in range(2):
        with subprocess.Popen([sys.executable, "-c", code]) as program:
            until((tmp_path / "sleeps/started").exists)
            program.kill()
        assert attempts_file(job).read_text() == "1\n" * (attempt + 1)
        until(lambda: not at_work(tmp_path / "sleeps"), 10)
        (tmp_path / "sleeps/started").unlink()
    Carrying(str(job), str(terms))()
    (ended,) = executor.ended(0)
    assert (ended.outcomes[0].status, ended.outcomes[0].reason) == (
        Status.CRASHED,
        "the node that it ran on died twice",
    )
    assert not (tmp_path / "sleeps/started").exists()


def test_a_node_that_differs_is_refused_by_name(driver: Callable[[], Executor], tmp_path: Path):
    executor = driver()
    terms = tmp_path / "jobs/terms.json"
    terms.write_text(terms.read_text().replace('"msgspec": "', '"msgspec": "0+'))
    executor.submit([Job("refused", (listing(tmp_path / "never", NAMELESS),))])
    with pytest.raises(GenbenchError, match=r"differs from the machine that drives the run: msgspec is 0\.[^;]*; ins"):
        all_ended(executor, 1, 60)
    assert codec.encoded(end_file(tmp_path / "jobs/refused.json").read_text())
    assert not (tmp_path / "never/call.json").exists()


def test_without_submitit_or_slurm_one_line_says_what_to_do(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(GenbenchError, match="slurm takes slurm, local, debug, got 'nowhere'"):
        SlurmExecutor(place(tmp_path, "nowhere", supervisor))
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(GenbenchError, match=r"no Slurm here: .*; is sbatch on PATH"):
        SlurmExecutor(place(tmp_path, "", supervisor))
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(GenbenchError, match=r'not installed: pip install "genbench\[slurm\]"'):
        SlurmExecutor(place(tmp_path, "", supervisor))
