"""Who was asked questions in one stage leaves nothing of them for the next."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tiny

from genbench.execution.supervisor import Supervisor
from genbench.records.status import Status

CARRIERS = Path(__file__).parent / "plugins/carriers.py"
TASKS = """
[tasks.box]
ask = "restore[operator=box,draws=4]"
count = 20
scores = ["energy", "parameters", "throughput"]
axes = { fidelity = "energy", realism = "parameters", speed = "throughput" }

[tasks.crop]
ask = "restore[operator=crop,draws=4]"
count = 20
scores = ["energy", "parameters", "throughput"]
axes = { fidelity = "energy", realism = "parameters", speed = "throughput" }
"""


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """The plugin in a folder of its own, which whoever runs the tests may write."""
    path = tmp_path / "own" / CARRIERS.name
    path.parent.mkdir()
    shutil.copy(CARRIERS, path)
    path.chmod(0o644)
    return path


def test_unconfined_processes_meet(plugin: Path):
    code = "import carriers; carriers.places = lambda: [carriers.Path.cwd()]; carriers.look(); carriers.leave('y')"
    first, second = (
        subprocess.run([sys.executable, "-c", code], cwd=plugin.parent, capture_output=True, text=True, check=False)
        for _ in range(2)
    )
    assert (first.returncode, second.returncode) == (0, 1)
    assert "Reached: found in" in second.stderr


def test_a_mode_alone_is_enough_for_them(plugin: Path):
    code = "import carriers; carriers.places = list; carriers.look(); carriers.leave('y')"
    ends = [subprocess.run([sys.executable, "-c", code], cwd=plugin.parent, check=False).returncode for _ in range(2)]
    assert ends == [0, 1]


def test_what_is_asked_in_one_task_is_not_known_in_another(supervisor: Supervisor, tmp_path: Path, plugin: Path):
    suite = tiny.write_suite(tmp_path)
    suite.write_text(suite.read_text() + TASKS)
    run = tiny.run(supervisor, tmp_path, [plugin], ["carries"], suite, tasks=["generate", "box", "crop"])
    found = {candidate.task: candidate for candidate in run.record("carries").candidates}
    assert {task: (own.status, own.reason) for task, own in found.items()} == {
        "generate": (Status.OK, None),
        "box": (Status.OK, None),
        "crop": (Status.OK, None),
    }
    assert all("energy" in found[task].scores for task in ("box", "crop"))
    assert plugin.stat().st_mode & 0o777 == 0o644
    marks = list(tmp_path.rglob("genbench-tests-carried"))
    own = run.root / "carries.default.0/answer"  # a stage may write into its own folder, which no other stage reads
    assert marks
    assert all(mark.is_relative_to(own) for mark in marks)
