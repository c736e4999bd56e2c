"""Whatever happens to the harness itself, at any instant: what had finished stays, and nothing goes on running."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny
from pids import runs

from genbench.builtin.tasks.generate import Generate
from genbench.execution.supervisor import Supervisor
from genbench.files import codec
from genbench.records.files import read

pytestmark = pytest.mark.slow

PLAIN = Path(__file__).parents[1] / "contracts/plugins/plain.py"
ROUNDS = 2  # the soak has more
MARK = "GENBENCH_TEST_MARK"
LEARNS = '''
import time

import torch

import genbench


class Learning(genbench.Model):
    """One mean image, learnt slowly, and kept as it goes."""

    name, family, source = "learning", genbench.Family.BASELINE, "made for the tests"

    def __init__(self, space):
        super().__init__()
        self.space = space
        self.mean = torch.nn.Parameter(torch.zeros(space.shape))

    def fit(self, data):
        optimiser = torch.optim.Adam(self.parameters(), 0.1)
        data.checkpoint(model=self, optimiser=optimiser)
        for x, _ in data.batches(10):
            loss = (x + torch.randn_like(x.float()) - self.mean).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            data.log(loss=loss.item())
            time.sleep({seconds})

    def sample(self, n, *, labels=None):
        x = self.mean + torch.randn(n, *self.space.shape)
        return x.round().clamp(0, self.space.levels - 1).long()


@genbench.hookimpl
def genbench_models():
    return [Learning]
'''
STUBBORN = '''
import os, signal, subprocess, time

import genbench


class Stubborn(genbench.Model):
    """Ignores SIGTERM, and has a daemon."""

    name, family, source = "stubborn", genbench.Family.BASELINE, "made for the tests"

    def __init__(self, space):
        super().__init__()

    def fit(self, data):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        daemon = subprocess.Popen(["sleep", "600"], start_new_session=True)
        with open("partial", "w") as file:
            file.write(f"{os.getpid()} {daemon.pid} {os.getppid()}")
        os.rename("partial", "pids")
        time.sleep(600)

    def sample(self, n, *, labels=None):
        """Never reached."""


@genbench.hookimpl
def genbench_models():
    return [Stubborn]
'''


def _command(*options: str) -> list[str]:
    return [sys.executable, "-m", "genbench", "run", "--suite", "tiny.toml", *options]


def _numbers(root: Path) -> dict[str, str]:
    """What every record says, clock columns apart, and its fit's curve."""
    found = {}
    for path in sorted(root.glob("*/record.json")):
        record = read(path)
        parts = [tiny.without_clocks(candidate) for candidate in record.candidates]
        curve = [{name: value for name, value in point.items() if name != "seconds"} for point in record.curve]
        found[path.parent.name] = json.dumps(
            [codec.encoded(replace(record.model, fit=None)), curve, record.protocol, *parts]
        )
    return found


def _marked(mark: str) -> list[str]:
    """The processes that a run with this mark in its environment has left."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


def _until_none(found: Callable[[], list[Any]], seconds: float = 10) -> list[Any]:
    """What `found` finds once it finds nothing, or when time is up."""
    until = time.monotonic() + seconds
    while found() and time.monotonic() < until:
        time.sleep(0.05)
    return found()


def _begun(run: "subprocess.Popen[bytes]", root: Path) -> bool:
    """Whether a run has begun to conduct its steps; waits for it."""
    while run.poll() is None:
        if (root / ".lock").exists() and (root / ".lock").read_text() == f"process {run.pid}":
            return True
        time.sleep(0.02)
    return False


def test_a_run_killed_at_random_and_resumed_ends_with_the_table_of_an_undisturbed_one(
    supervisor: Supervisor, tmp_path: Path
):
    suite, root = tiny.write_suite(tmp_path), tmp_path / "runs/tiny"
    suite.write_text(f"checkpoint_seconds = 0\n{suite.read_text()}")
    (tmp_path / "learning.py").write_text(LEARNS.format(seconds=0.03))
    tiny.keep_secret(root)
    models = ["-m", "plain", "-m", "learning", "--plugin", str(PLAIN), "--plugin", "learning.py", "--jobs", "2"]
    rng, killed, finished = random.Random(0), 0, {}
    environment = os.environ | {MARK: str(tmp_path)}
    for _ in range(ROUNDS):
        run = subprocess.Popen(_command(*models), cwd=tmp_path, stderr=subprocess.DEVNULL, env=environment)
        if _begun(run, root):
            time.sleep(rng.uniform(0, 3))
        killed += run.poll() is None
        run.kill()
        run.wait()
        assert _until_none(lambda: _marked(str(tmp_path))) == []
        numbers = _numbers(root)
        assert numbers | finished == numbers
        finished = numbers
    assert killed > 0
    plugins = [PLAIN, tmp_path / "learning.py"]
    resumed = tiny.run(supervisor, tmp_path, plugins, ["plain", "learning"], suite)
    assert resumed.finished.failed == []
    assert _numbers(root) | finished == _numbers(root)
    undisturbed = tiny.run(supervisor, tmp_path / "undisturbed", plugins, ["plain", "learning"], suite, afresh=True)
    assert _numbers(root) == _numbers(undisturbed.root)
    assert len(_numbers(root)) == 2 + len(Generate.controls)  # both models and the controls


@pytest.fixture
def stubborn(copy: Path, tmp_path: Path):
    """A run whose one fit ignores SIGTERM and has a daemon, and the pids: fit, daemon, fork server."""
    (tmp_path / "stubborn.py").write_text(STUBBORN)
    command = _command("-m", "stubborn", "--plugin", "stubborn.py", "--jobs", "1")
    run = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    pids = copy / "stubborn.default.0/fit/pids"
    until = time.monotonic() + 100
    while not pids.exists() and run.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    found = [int(pid) for pid in pids.read_text().split()]
    yield run, found
    run.kill()
    run.communicate(timeout=30)
    for pid in found:
        if runs(pid):
            os.kill(pid, signal.SIGKILL)


def test_ctrl_c_twice_ends_at_once_what_does_not_listen(stubborn):
    run, pids = stubborn
    run.send_signal(signal.SIGINT)
    time.sleep(0.2)
    run.send_signal(signal.SIGINT)
    _, errors = run.communicate(timeout=30)
    assert run.returncode == 130
    assert "This goes on from it" in errors
    assert _until_none(lambda: [pid for pid in pids if runs(pid)]) == []


@pytest.mark.parametrize("killed", ["the harness", "its fork server"])
def test_nothing_survives_a_kill_not_even_a_daemon(stubborn, killed: str):
    run, pids = stubborn
    _, _, server = pids
    os.kill(run.pid if killed == "the harness" else server, signal.SIGKILL)
    assert _until_none(lambda: [pid for pid in pids if runs(pid)]) == []
    _, errors = run.communicate(timeout=30)
    assert run.returncode == (-9 if killed == "the harness" else 2)
    assert killed == "the harness" or "the fork server ended; start the run again" in errors


FULL = """
import sys

from genbench.cli import main
from genbench.cli.exits import Exit
from genbench.cli.grammar import add_command
from genbench.execution.supervisor import Supervisor
from genbench.runs import session
from genbench.runs.conductor import Bounds
from genbench.runs.listener import Silence
from genbench.runs.options import Options


def body(options):
    models = ["plain", *(f"plain[smoothing={smoothing}]" for smoothing in range(2, 9))]
    chosen = Options(models=models, plugin=[PLAIN], suite="../tiny.toml")
    with Supervisor() as supervisor:
        plan = session.plan_of(chosen, session.catalogue_of(chosen, supervisor))
        # The guard that looks for free space is off: the disk is really full.
        session.execute(plan, chosen, supervisor, Silence(), bounds=Bounds(free_space=0))
    return Exit.OK


PLAIN = sys.argv[1]
sys.exit(main(["run"], [lambda commands: add_command(commands, "run", "runs", "examples: none", body)]))
"""


def _may_mount() -> bool:
    return (
        shutil.which("unshare") is not None and not subprocess.run(["unshare", "-rm", "true"], check=False).returncode
    )


@pytest.mark.skipif(not _may_mount(), reason="needs a small disk: unshare -rm, which this machine does not allow")
def test_a_disk_that_is_really_full_keeps_its_old_records_and_says_so_in_one_line(copy: Path, tmp_path: Path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "full.py").write_text(FULL)
    before = {path.parent.name: path.read_bytes() for path in copy.glob("*/record.json")}
    script = f"""
        size=$(($(du -sk runs | cut -f1) + 64))
        mount -t tmpfs -o size=${{size}}k none disk && cp -r runs disk && cd disk || exit 77
        {sys.executable} ../full.py {PLAIN} 2> ../errors
        echo $? > ../code
        cp -r runs/tiny ../after
    """
    subprocess.run(["unshare", "-rm", "sh", "-c", script], cwd=tmp_path, check=True)
    after = {name: (tmp_path / "after" / name / "record.json").read_bytes() for name in before}
    assert after == before
    assert (tmp_path / "code").read_text() == "2\n"
    last = (tmp_path / "errors").read_text().strip().splitlines()[-1]
    assert last.startswith(f"genbench: no room left at {tmp_path}/disk/runs/tiny (No space left on device); ")
