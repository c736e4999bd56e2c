"""Jobs in the queue of a real Slurm of two nodes: one dies, others are preempted, cancelled or taken away."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest
import tiny
from nodes import PLUGIN, all_ended, at_work, listing, place, suite, until
from safetensors.torch import load_file
from slurm_here import Slurm

from genbench.builtin.executors.slurm import SlurmExecutor
from genbench.builtin.executors.slurm_job import attempts_file
from genbench.contracts.job import Call, Job
from genbench.execution.supervisor import Supervisor
from genbench.records.status import Status

NAMELESS = "import genbench\n\n@genbench.hookimpl\ndef genbench_models():\n    return []\n"
SLEEPS = "import time\nopen('started', 'w').close()\ntime.sleep(600)\n"
COUNTS = """
import pathlib, time
with open({count!r}, "a") as count:
    count.write("x")
while len(pathlib.Path({count!r}).read_text()) <= {sleeps}:
    time.sleep(0.1)
"""


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("slurm")
        patch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
        found = Slurm(folder)
        yield found
        found.stop()


@pytest.fixture
def executor(slurm: Slurm, supervisor: Supervisor, tmp_path: Path) -> SlurmExecutor:
    return SlurmExecutor(place(tmp_path / "jobs", "", supervisor))


def counting(folder: Path, sleeps: int) -> Call:
    """A call that says how often it was begun, and does not end before it was begun more than `sleeps` times."""
    return listing(folder, COUNTS.format(count=f"{folder}.count", sleeps=sleeps) + NAMELESS, 300)


def waiting(executor: SlurmExecutor, there: Callable[[], bool], seconds: float = 60) -> None:
    """Drive an executor until something is so."""
    end = time.monotonic() + seconds
    while not there():
        assert executor.ended(0.2) == []
        assert time.monotonic() < end, "it never was"


def test_a_run_gives_the_records_of_a_local_one(slurm: Slurm, local: tiny.Run, supervisor: Supervisor, tmp_path: Path):
    run = tiny.run(supervisor, tmp_path, [PLUGIN], ["bounded"], suite(tmp_path), executor="slurm")
    for name in ("bounded/dark", "bounded/full"):
        assert tiny.without_clocks(run.candidate(name)) == tiny.without_clocks(local.candidate(name))
    assert {stage.status for stage in run.record("bounded").stages.values()} == {Status.OK}


def test_a_job_whose_node_dies_runs_once_more_and_what_had_ended_does_not(
    slurm: Slurm, executor: SlurmExecutor, tmp_path: Path
):
    calls = counting(tmp_path / "ended", 0), counting(tmp_path / "begun", 1), counting(tmp_path / "later", 0)
    executor.submit([Job("killed", calls)])
    waiting(executor, (tmp_path / "begun.count").exists)
    node = slurm.node_of()
    slurm.kill(node)
    (ended,) = all_ended(executor, 1, 90)
    slurm.add(node)
    assert [outcome.status for outcome in ended.outcomes] == [Status.OK] * 3
    counts = [(tmp_path / f"{name}.count").read_text() for name in ("ended", "begun", "later")]
    assert counts == ["x", "xx", "x"]


def test_a_job_that_is_preempted_comes_back_as_often_as_it_takes(slurm: Slurm, executor: SlurmExecutor, tmp_path: Path):
    executor.submit([Job("preempted", (counting(tmp_path / "ended", 0), counting(tmp_path / "begun", 3)))])
    for attempt in range(1, 4):
        waiting(executor, lambda count=attempt: _count(tmp_path / "begun.count") == count, 90)  # type: ignore[misc]
        slurm.preempt(seconds=1)
    (ended,) = all_ended(executor, 1, 90)
    assert [outcome.status for outcome in ended.outcomes] == [Status.OK] * 2
    assert (_count(tmp_path / "ended.count"), _count(tmp_path / "begun.count")) == (1, 4)
    assert sum(map(int, attempts_file(tmp_path / "jobs/preempted.json").read_text().split())) == 1


def test_a_fit_that_is_preempted_goes_on_from_its_checkpoint(slurm: Slurm, supervisor: Supervisor, tmp_path: Path):
    (tmp_path / "paced.py").write_text(PACED)
    own = suite(tmp_path)
    own.write_text(f"checkpoint_seconds = 0.1\n{own.read_text()}")
    resume = tmp_path / "runs/tiny/paced.default.0/fit/resume"

    def preempt() -> None:
        until(lambda: len(list(resume.glob("*"))) > 1, 120)
        slurm.preempt(seconds=1)

    preempting = Thread(target=preempt)
    preempting.start()
    run = tiny.run(supervisor, tmp_path, [tmp_path / "paced.py"], ["paced"], own, executor="slurm")
    preempting.join()
    batches = load_file(resume.parent / "checkpoint.safetensors")["batches"]
    assert batches[0] == 10  # in all
    assert 0 < batches[1] < 10  # of the process that ended the fit
    assert {stage.status for stage in run.record("paced").stages.values()} == {Status.OK}


def test_a_cancelled_job_leaves_no_process(slurm: Slurm, executor: SlurmExecutor, tmp_path: Path):
    calls = listing(tmp_path / "sleeps", SLEEPS), listing(tmp_path / "never", NAMELESS)
    (running,) = executor.submit([Job("sleeping", calls)])
    waiting(executor, (tmp_path / "sleeps/started").exists)
    executor.cancel([running])
    (ended,) = all_ended(executor, 1, 20)
    assert [outcome.status for outcome in ended.outcomes] == [Status.INTERRUPTED] * 2
    until(lambda: not at_work(tmp_path / "sleeps"), 10)


def test_a_job_that_somebody_takes_from_the_queue_has_crashed_in_slurms_word(
    slurm: Slurm, executor: SlurmExecutor, tmp_path: Path
):
    (ticket,) = executor.submit([Job("taken", (listing(tmp_path / "sleeps", SLEEPS),))])
    waiting(executor, (tmp_path / "sleeps/started").exists)
    subprocess.run(["scancel", executor._jobs[ticket].job_id], check=True)
    (ended,) = all_ended(executor, 1, 60)
    assert ended.outcomes[0].status is Status.CRASHED
    assert ended.outcomes[0].reason == "its job ended in the queue as CANCELLED"


def test_ctrl_c_ends_a_run_and_leaves_no_process_on_any_node(slurm: Slurm, tmp_path: Path):
    (tmp_path / "sleepy.py").write_text(tiny.SLEEPY)
    suite(tmp_path)
    words = "-m genbench run -m sleepy --plugin sleepy.py --suite tiny.toml --executor slurm"
    with subprocess.Popen([sys.executable, *words.split()], cwd=tmp_path, stderr=subprocess.PIPE, text=True) as program:
        until((tmp_path / "runs/tiny/sleepy.default.0/fit/started").exists, 200)
        program.send_signal(signal.SIGINT)
        _, said = program.communicate(timeout=60)
    assert (program.returncode, "interrupted; what has finished is kept" in said) == (130, True)
    until(lambda: not at_work(tmp_path), 20)


PACED = """
import time
import torch
import genbench


class Paced(genbench.Model):
    name = "paced"
    family = genbench.Family.BASELINE
    source = "none"

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space = space
        self.register_buffer("batches", torch.zeros(2))

    def fit(self, data: genbench.TrainingData) -> None:
        here = 0
        data.checkpoint(model=self)
        for _ in data.batches(50):
            time.sleep(1)
            here += 1
            self.batches += torch.tensor([1, 0])
        self.batches[1] = here

    def sample(self, n, *, labels=None):
        return torch.randint(self.space.levels, (n, *self.space.shape))


@genbench.hookimpl
def genbench_models():
    return [Paced]
"""


def _count(file: Path) -> int:
    return len(file.read_text()) if file.exists() else 0
