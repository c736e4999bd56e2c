"""Jobs for a GPU go to nodes that have one, and find it there; Ray only has to believe in it."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from nodes import Nodes, all_ended, at_work, listing, place, until

from genbench.builtin.executors.ray_cluster import RayExecutor
from genbench.builtin.executors.ray_task import device_of
from genbench.contracts.executor import Places
from genbench.contracts.job import CALL, Call, Job
from genbench.errors import GenbenchError
from genbench.execution.supervisor import Supervisor
from genbench.files import codec
from genbench.records.status import Status

pytestmark = pytest.mark.xdist_group("ray")  # side by side with the other group, and not with its own

NAMELESS = "import genbench\n\n@genbench.hookimpl\ndef genbench_models():\n    return []\n"


@pytest.fixture
def executor(cluster: Nodes, supervisor: Supervisor, tmp_path: Path) -> Iterator[RayExecutor]:
    made = RayExecutor(place(tmp_path / "jobs", cluster.address, supervisor))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("gpus", "visible", "device"),
    [
        ([], "", ""),
        (["1"], "", "cuda:1"),
        (["3"], "2,3", "cuda:1"),
        (["GPU-b"], "GPU-a,GPU-b", "cuda:1"),
        (["0"], "0", "cuda:0"),
    ],
)
def test_a_gpu_is_counted_among_those_that_its_node_shows(gpus: list[str], visible: str, device: str):
    assert device_of(gpus, visible) == device


def test_a_timed_job_for_a_gpu_goes_to_the_node_that_has_one_and_sees_all_of_its_gpus(
    cluster: Nodes, executor: RayExecutor, tmp_path: Path
):
    node = cluster.add(num_gpus=2)
    try:
        assert executor.places(1, "cuda") == Places(1, 1)
        jobs = [Job(name, (on_gpu(tmp_path / name),), exclusive=True) for name in ("first", "second")]
        executor.submit(jobs)
        ended = all_ended(executor, 2)
        # There is no GPU in truth: the call itself fails, on the node where Ray believes in one.
        assert [found.outcomes[0].status for found in ended] == [Status.ERROR] * 2
        assert set(executor._homes.values()) <= {node.node_id}
        assert not executor._lost
        (host,) = [words for words in at_work(tmp_path) if "--host" in words]
        own = Path(f"/proc/{host.split()[0]}/environ").read_bytes().decode().split("\0")
        assert [line for line in own if line.startswith("CUDA_VISIBLE_DEVICES=")] == given()
        assert {codec.read(Call, tmp_path / job.name / CALL).device for job in jobs} <= {"cuda:0", "cuda:1"}
    finally:
        cluster.kill(node)
        until(lambda: node.node_id not in executor._nodes.alive)  # nobody counts on it any more


@pytest.mark.parametrize(("device", "threads", "words"), [("cpu", 64, "64 CPUs"), ("cuda:0", 1, "1 CPU and a GPU")])
def test_what_no_node_has_is_told_at_once(executor: RayExecutor, tmp_path: Path, device: str, threads: int, words: str):
    call = replace(listing(tmp_path / "never", NAMELESS), device=device, threads=threads)
    with pytest.raises(GenbenchError, match=f"no node of the Ray cluster has {words}; start one: ray start"):
        executor.submit([Job("never", (call,))])


def on_gpu(folder: Path) -> Call:
    return replace(listing(folder, NAMELESS), device="cuda:0")


def given() -> list[str]:
    """What this process says of GPUs, which a node on this machine takes over."""
    name = "CUDA_VISIBLE_DEVICES"
    return [f"{name}={os.environ[name]}"] if name in os.environ else []
