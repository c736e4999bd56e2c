"""Nodes that share no folder with their driver are sent what a job needs, and send back what came of it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny
from nodes import NODE, PLUGIN, Nodes, at_work, suite, until

from genbench.execution.supervisor import Supervisor
from genbench.records.status import Status

pytestmark = pytest.mark.xdist_group("ray")  # side by side with the other group, and not with its own

BLIND = 'mount -t tmpfs none "$1" && mount -t tmpfs none "$2" && shift 2 && exec "$@"'


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[tuple[str, Path, Path]]:
    """A cluster with one node, which sees nothing in a folder nor in the driver's cache: address, folder, its cache."""
    folder, own = tmp_path_factory.mktemp("driver"), tmp_path_factory.mktemp("node")
    cache.mkdir(exist_ok=True)
    nodes = Nodes()
    ray = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--address", nodes.address]
    ray += ["--num-cpus=1", f"--memory={NODE['memory']}", f"--object-store-memory={NODE['object_store_memory']}"]
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c", BLIND, "sh", str(folder), str(cache), *ray]
    environment = {**os.environ, "GENBENCH_CACHE": str(own)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as node:
        assert node.stdout is not None
        assert any("runtime started" in line for line in node.stdout)
        yield nodes.address, folder, own
        node.terminate()
    nodes.shutdown()


def test_a_run_on_a_node_that_sees_none_of_the_drivers_files_gives_the_records_of_a_local_one(
    apart: tuple[str, Path, Path], local: tiny.Run, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
):
    address, folder, own = apart
    plugins = [Path(shutil.copy(PLUGIN, folder)), folder / "slow.py"]
    plugins[1].write_text(SLOW)
    heard = set()
    monkeypatch.setattr(tiny.Heard, "progress", lambda _, step, images, share: heard.add((step.key, images)))
    run = tiny.run(supervisor, folder, plugins, ["bounded", "slow"], suite(folder), executor="ray", address=address)
    told = [images for key, images in sorted(heard) if key == ("slow.default.0", "fit")]
    assert len(told) > 1
    assert 0 < told[0] < told[-1] <= 500  # the fit is not over when its last images are out
    for name in ("bounded/dark", "bounded/full"):
        assert tiny.without_clocks(run.candidate(name)) == tiny.without_clocks(local.candidate(name))
    assert {stage.status for stage in run.record("bounded").stages.values()} == {Status.OK}
    assert run.record("bounded").machine == local.record("bounded").machine
    assert (own / "features").is_dir()  # it was there that scores were computed
    until(lambda: not list((own / "nodes").iterdir()), 20)
    until(lambda: not at_work(own), 20)


SLOW = """
import time
import torch
import genbench


class Slow(genbench.Model):
    name = "slow"
    family = genbench.Family.BASELINE
    source = "none"

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space = space

    def fit(self, data: genbench.TrainingData) -> None:
        for _ in data.batches(100):
            time.sleep(1.5)

    def sample(self, n, *, labels=None):
        return torch.randint(self.space.levels, (n, *self.space.shape))


@genbench.hookimpl
def genbench_models():
    return [Slow]
"""
