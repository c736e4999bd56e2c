"""Jobs on the nodes of a Ray cluster end as they do on one machine, whatever becomes of a node."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import tiny
from nodes import PLUGIN, Nodes, all_ended, at_work, listing, place, suite, until

from genbench.builtin.executors.ray_cluster import RayExecutor
from genbench.contracts.job import Call, Job
from genbench.errors import GenbenchError
from genbench.execution.host import door_of
from genbench.execution.supervisor import Supervisor
from genbench.records.status import Status

pytestmark = pytest.mark.xdist_group("ray")  # side by side with the other group, and not with its own

NAMELESS = "import genbench\n\n@genbench.hookimpl\ndef genbench_models():\n    return []\n"
SLEEPS = "import time\nopen('started', 'w').close()\ntime.sleep(600)\n"
COUNTS = """
import pathlib, time
with open({count!r}, "a") as count:
    count.write("x")
if len(pathlib.Path({count!r}).read_text()) <= {sleeps}:
    time.sleep(600)
"""


@pytest.fixture
def executor(cluster: Nodes, supervisor: Supervisor, tmp_path: Path) -> Iterator[RayExecutor]:
    made = RayExecutor(place(tmp_path / "jobs", cluster.address, supervisor))
    yield made
    made.close()


def counting(folder: Path, sleeps: int) -> Call:
    """A call that says how often it was begun, and does not end before it was begun `sleeps` times."""
    return listing(folder, COUNTS.format(count=f"{folder}.count", sleeps=sleeps) + NAMELESS)


def busy(cluster: Nodes, terms: Path) -> list[Any]:
    """The nodes with a host of a run."""
    return [node for node in cluster.nodes if door_of(terms, node.node_id).exists()]


def test_a_run_gives_the_records_of_a_local_one_though_a_node_dies(
    cluster: Nodes, local: tiny.Run, supervisor: Supervisor, tmp_path: Path
):
    root = tmp_path / "runs/tiny"

    def kill() -> None:
        until((root / "bounded.default.0/fit/call.json").exists, 120)
        cluster.kill(busy(cluster, root / ".jobs/terms.json")[0])

    killing = Thread(target=kill)
    killing.start()
    run = tiny.run(
        supervisor, tmp_path, [PLUGIN], ["bounded"], suite(tmp_path), executor="ray", address=cluster.address
    )
    killing.join()
    cluster.add()
    for name in ("bounded/dark", "bounded/full"):
        assert tiny.without_clocks(run.candidate(name)) == tiny.without_clocks(local.candidate(name))
    assert {stage.status for stage in run.record("bounded").stages.values()} == {Status.OK}
    assert run.record("bounded").machine == local.record("bounded").machine
    until(lambda: not at_work(tmp_path), 20)


def test_a_job_of_a_node_that_died_runs_once_more_and_what_had_ended_does_not(
    cluster: Nodes, executor: RayExecutor, tmp_path: Path
):
    calls = counting(tmp_path / "ended", 0), counting(tmp_path / "begun", 1), counting(tmp_path / "later", 0)
    executor.submit([Job("killed", calls)])
    until((tmp_path / "begun.count").exists)
    (node,) = busy(cluster, tmp_path / "jobs/terms.json")
    cluster.kill(node)
    (ended,) = all_ended(executor, 1)
    cluster.add()
    assert [outcome.status for outcome in ended.outcomes] == [Status.OK] * 3
    counts = [(tmp_path / f"{name}.count").read_text() for name in ("ended", "begun", "later")]
    assert counts == ["x", "xx", "x"]


def test_a_job_whose_node_dies_twice_has_crashed(cluster: Nodes, executor: RayExecutor, tmp_path: Path):
    executor.submit([Job("deadly", (counting(tmp_path / "deadly", 9),))])
    for attempt in (1, 2):
        until(lambda: (tmp_path / "deadly.count").exists())
        until(lambda count=attempt: (tmp_path / "deadly.count").read_text() == "x" * count)  # type: ignore[misc]
        cluster.kill(busy(cluster, tmp_path / "jobs/terms.json")[-1])
        cluster.add()
        ended = all_ended(executor, 1, 3)
    ended = ended or all_ended(executor, 1)
    assert (ended[0].outcomes[0].status, ended[0].outcomes[0].exit_code) == (Status.CRASHED, None)
    assert ended[0].outcomes[0].reason == "the node that it ran on died, and so did the next one"
    assert (tmp_path / "deadly.count").read_text() == "xx"


def test_a_cancelled_job_leaves_no_process(cluster: Nodes, supervisor: Supervisor, tmp_path: Path):
    executor = RayExecutor(place(tmp_path / "jobs", cluster.address, supervisor))
    calls = listing(tmp_path / "sleeps", SLEEPS), listing(tmp_path / "never", NAMELESS)
    (running,) = executor.submit([Job("sleeping", calls)])
    until((tmp_path / "sleeps/started").exists)
    executor.cancel([running])
    (ended,) = all_ended(executor, 1, 20)
    assert [outcome.status for outcome in ended.outcomes] == [Status.INTERRUPTED] * 2
    assert [words for words in at_work(tmp_path) if "--host" not in words] == []
    executor.close()
    until(lambda: not at_work(tmp_path), 10)


def test_ctrl_c_ends_a_run_and_leaves_no_process_on_any_node(cluster: Nodes, local: tiny.Run, tmp_path: Path):
    (tmp_path / "sleepy.py").write_text(tiny.SLEEPY)
    suite(tmp_path)
    words = f"-m genbench run -m sleepy --plugin sleepy.py --suite tiny.toml --executor ray --address {cluster.address}"
    command = [sys.executable, *words.split()]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as program:
        until((tmp_path / "runs/tiny/sleepy.default.0/fit/started").exists, 200)
        program.send_signal(signal.SIGINT)
        _, said = program.communicate(timeout=60)
    assert (program.returncode, "interrupted; what has finished is kept" in said) == (130, True)
    until(lambda: not at_work(tmp_path), 10)


def test_a_node_that_differs_is_refused_by_name(executor: RayExecutor, tmp_path: Path):
    terms = tmp_path / "jobs/terms.json"
    terms.write_text(terms.read_text().replace('"msgspec": "', '"msgspec": "0+'))
    executor.submit([Job("refused", (listing(tmp_path / "never", NAMELESS),))])
    with pytest.raises(GenbenchError, match=r"differs from the machine that drives the run: msgspec is 0\.[^;]*; ins"):
        all_ended(executor, 1)
    assert not (tmp_path / "never/call.json").exists()


def test_without_ray_or_a_cluster_one_line_says_what_to_do(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(GenbenchError, match=r'not installed: pip install "genbench\[ray\]"'):
        RayExecutor(place(tmp_path, "", supervisor))
