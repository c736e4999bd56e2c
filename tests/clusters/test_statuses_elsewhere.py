"""What goes wrong in a stage has the same status wherever an engine has placed it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from nodes import Nodes, all_ended, listing, place, until

from genbench.builtin.executors.ray_cluster import RayExecutor
from genbench.builtin.executors.slurm import SlurmExecutor
from genbench.contracts.executor import Executor
from genbench.contracts.job import Job
from genbench.execution.local import LocalExecutor
from genbench.execution.supervisor import Supervisor
from genbench.records.status import Status

pytestmark = pytest.mark.xdist_group("ray")  # side by side with the other group, and not with its own

NAMELESS = "import genbench\n\n@genbench.hookimpl\ndef genbench_models():\n    return []\n"
DAEMON = """
import os, pathlib, time
if not os.fork():
    os.setsid()
    if os.fork():
        os._exit(0)
    pathlib.Path("daemon").write_text(str(os.getpid()))
    time.sleep(600)
while not os.path.exists("daemon") or not pathlib.Path("daemon").read_text():
    time.sleep(0.01)
"""
FAULTS = {  # name → (code of a plugin, limit in seconds, bytes of memory, how it ends)
    "fine": (NAMELESS, 60, 2**31, Status.OK),
    "raises": ("raise RuntimeError('boom')", 60, 2**31, Status.ERROR),
    "hangs": ("import time\ntime.sleep(600)", 3, 2**31, Status.TIMEOUT),
    "crashes": ("import os\nos.abort()", 60, 2**31, Status.CRASHED),
    "exits": ("import os\nos._exit(0)", 60, 2**31, Status.NO_EVIDENCE),
    "fills": ("kept = []\nwhile True:\n    kept.append(bytearray(2**24))", 60, 2**28 + 2**27, Status.HOST_MEMORY),
    "stays": (DAEMON + NAMELESS, 60, 2**31, Status.OK),
}


@pytest.fixture(params=["local", "ray", "slurm"])
def executor(request: pytest.FixtureRequest, supervisor: Supervisor, tmp_path: Path) -> Iterator[Executor]:
    """Each executor; Slurm's queue is submitit's on this machine."""
    kinds: dict[str, Callable[[], Executor]] = {
        "local": lambda: LocalExecutor(place(tmp_path / "jobs", "", supervisor)),
        "ray": lambda: RayExecutor(place(tmp_path / "jobs", cluster().address, supervisor)),
        "slurm": lambda: SlurmExecutor(place(tmp_path / "jobs", "local", supervisor)),
    }

    def cluster() -> Nodes:
        found: Nodes = request.getfixturevalue("cluster")
        return found

    made = kinds[request.param]()
    yield made
    made.close()


def test_a_fault_has_the_same_status_and_no_daemon_stays(executor: Executor, tmp_path: Path):
    calls = {
        name: listing(tmp_path / name, code, limit, memory=memory) for name, (code, limit, memory, _) in FAULTS.items()
    }
    executor.submit([Job("faults", tuple(calls.values()))])
    (ended,) = all_ended(executor, 1)
    found = dict(zip(FAULTS, ended.outcomes, strict=True))
    assert {name: outcome.status for name, outcome in found.items()} == {name: own[-1] for name, own in FAULTS.items()}
    assert found["raises"].reason == "RuntimeError: boom"
    assert found["hangs"].reason == "listing ran past its limit of 3 s"
    assert (found["crashes"].reason, found["crashes"].exit_code) == ("listing was ended by SIGABRT", -6)
    until(lambda: not Path(f"/proc/{(tmp_path / 'stays/daemon').read_text()}").exists(), 5)
