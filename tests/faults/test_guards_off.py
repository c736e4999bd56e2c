"""Each guard switched off: the fault that it stops gets through, so the tests of the guards can fail.

The guards that confine, adopt and limit by caps have their controls beside them, in test_caps and test_confined_runs.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from genbench.execution.outcome import Outcome
from pids import runs

from genbench import catalogue
from genbench.catalogue import plugins
from genbench.contracts import dataset
from genbench.contracts.job import FACTS, FAILURE, JOB, Caps, Job
from genbench.errors import GenbenchError
from genbench.execution import child, supervisor as supervisors, watch
from genbench.execution.channel import Markers
from genbench.execution.clock import Clock
from genbench.execution.launcher import ColdLauncher
from genbench.execution.supervisor import Supervisor
from genbench.files.plain import read_json
from genbench.runs import conductor, session
from genbench.store import run_folder as store
from genbench.store.run_folder import locked
from genbench.workers.trusted import score as scorer
from genbench.workers.untrusted import sample as worker

MIB = 2**20
PLAIN = Path(__file__).parents[1] / "contracts/plugins/plain.py"
LISTS_NOTHING = "\nimport genbench\n\n@genbench.hookimpl\ndef genbench_models():\n    return []\n"
HARMS = '''
import torch

import genbench


class Harming(genbench.Model):
    """Samples of one level, and some harm."""

    name, family, source = "harming", genbench.Family.BASELINE, "made for the tests"

    def __init__(self, space):
        super().__init__()
        self.space = space

    def fit(self, data):
        {fit}

    def sample(self, n, *, labels=None):
        x = torch.randint(self.space.levels, (n, *self.space.shape))
        return {sampled}


@genbench.hookimpl
def genbench_models():
    return [Harming]
'''


@pytest.fixture
def importing(tmp_path: Path) -> Callable[..., Job]:
    """`importing(code, …)`: a job that imports a plugin with this code."""

    def make(code: str, limit: float = 60, **options: object) -> Job:
        (tmp_path / "plugin.py").write_text(code + LISTS_NOTHING)
        folder = tmp_path / "job"
        folder.mkdir()
        arguments = {"plugin": plugins.loose(str(tmp_path / "plugin.py")).to_json()}
        return Job("listing", folder, arguments, folder / "log.txt", limit, **options)

    return make


@pytest.fixture
def harming(tmp_path: Path, supervisor: Supervisor) -> Callable[..., tiny.Run]:
    """`harming(fit, sampled)`: a run of a harming model and the plain one in this very process: no process each."""

    def run(fit: str = "pass", sampled: str = "x") -> tiny.Run:
        (tmp_path / "harming.py").write_text(HARMS.format(fit=fit, sampled=sampled))
        files = [str(tmp_path / "harming.py"), str(PLAIN)]
        suite = str(tiny.write_suite(tmp_path, quality="clipped-density", coverage="clipped-coverage"))
        options = session.Options(["harming", "plain"], plugin=files, suite=suite, out=tmp_path, jobs=1)
        plan = session.plan_of(options, catalogue.read(supervisor, files))
        heard = tiny.Heard()
        finished = session.execute(plan, options, OneProcess(), heard)
        return tiny.Run(finished, heard, session.run_folder(options, plan))

    return run


class OneProcess(Supervisor):
    """Runs jobs in this very process."""

    def run(self, job: Job, progress: watch.Progress = lambda images, share: None) -> Outcome:
        (job.folder / JOB).write_text(json.dumps(job.to_json()))
        clock = Clock()
        try:
            child.run_stage(job.folder, Markers(lambda message: clock.note(message, time.monotonic())))
        except Exception as error:  # noqa: BLE001  # as a child does
            return Outcome(*child.described(error), 0.0)
        return Outcome("ok", None, 0.0, clock, read_json(job.folder / FACTS))


@pytest.fixture
def torch_as_it_was() -> Iterator[None]:
    """Torch's defaults come back after the test."""
    before, threads = torch.get_default_dtype(), torch.get_num_threads()
    yield
    torch.set_default_dtype(before)
    torch.set_num_threads(threads)


def test_without_the_workers_catch_the_reason_is_lost(importing: Callable[..., Job]):
    raising = importing("raise RuntimeError('boom')")
    (raising.folder / JOB).write_text(json.dumps(raising.to_json()))
    with pytest.raises(RuntimeError, match="boom"):
        child.run_stage(raising.folder, Markers(lambda message: None))
    assert not (raising.folder / FAILURE).exists()


def test_without_a_process_of_its_own_a_segfault_is_the_harnesses(importing: Callable[..., Job]):
    dying = importing("import ctypes\nctypes.string_at(0)")
    (dying.folder / JOB).write_text(json.dumps(dying.to_json()))
    code = "from pathlib import Path; from genbench.execution.child import run_stage; run_stage(Path('.'), None)"
    ended = subprocess.run([sys.executable, "-c", code], cwd=dying.folder, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGSEGV


def test_without_a_limit_a_hang_lasts(supervisor: Supervisor, importing: Callable[..., Job]):
    began = time.monotonic()
    assert supervisor.run(importing("import time\ntime.sleep(2)\n")).status == "ok"
    assert time.monotonic() - began > 2


def test_without_sigkill_who_ignores_sigterm_stays(
    supervisor: Supervisor, importing: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
):
    class OnlyTerm:
        SIGTERM = SIGKILL = signal.SIGTERM
        Signals = signal.Signals

    monkeypatch.setattr(supervisors, "signal", OnlyTerm)
    code = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(5)\n"
    began = time.monotonic()
    assert supervisor.run(importing(code, limit=0.5)).status == "timeout"
    assert time.monotonic() - began > 5  # ended by itself, long after its limit and the grace


def test_without_asking_for_facts_a_silent_exit_would_count(
    supervisor: Supervisor, importing: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(supervisors, "_readable", lambda path: {})
    assert supervisor.run(importing("import os\nos._exit(0)\n")).status == "ok"


def test_without_the_cap_memory_is_taken(supervisor: Supervisor, importing: Callable[..., Job]):
    code = "import time\nheld = bytearray(b'x' * 900 * 2**20)\ntime.sleep(1)\n"
    assert supervisor.run(importing(code, caps=Caps(memory=2**50))).status == "ok"


def test_without_the_cap_a_huge_file_is_written(supervisor: Supervisor, importing: Callable[..., Job]):
    huge = importing("open('huge', 'wb').write(b'x' * 90 * 2**20)\n", caps=Caps(disk=2**50))
    assert supervisor.run(huge).status == "ok"
    assert (huge.folder / "huge").stat().st_size == 90 * MIB


def test_without_the_cap_the_log_grows_with_the_output(supervisor: Supervisor, importing: Callable[..., Job]):
    floods = importing("import sys\nfor _ in range(64):\n    sys.stdout.write('x' * 2**20)\n", caps=Caps(log=2**50))
    assert supervisor.run(floods).status == "ok"
    assert floods.log.stat().st_size == 64 * MIB


FORGES = """
import os, stat

lines = b"".join(b'{{"at": "%s", "section": "run"}}\\n' % at for at in (b"ready", b"lap", b"done"))
os.write(1, lines)
for descriptor in range(3, 256) if {on_the_socket} else ():
    try:
        if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            os.write(descriptor, lines)
    except OSError:
        pass
"""


@pytest.mark.parametrize("on_the_socket", [False, True])
def test_a_forged_lap_counts_on_the_marker_socket_and_nowhere_else(
    supervisor: Supervisor, importing: Callable[..., Job], on_the_socket: bool
):
    # Were markers read from the output, what a plugin prints would be timing.
    outcome = supervisor.run(importing(FORGES.format(on_the_socket=on_the_socket)))
    assert outcome.status == "ok"
    assert len(outcome.clock.laps("run")) == on_the_socket


def test_without_its_signs_device_memory_is_an_error_like_any(monkeypatch: pytest.MonkeyPatch):
    full = RuntimeError("CUDA error: out of memory")
    assert child.described(full)[0] == "out-of-memory(device)"
    monkeypatch.setattr(child, "DEVICE_FULL", ())
    assert child.described(full)[0] == "error"


def test_without_the_check_of_samples_a_wrong_tensor_is_scored(
    harming: Callable[..., tiny.Run], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(worker, "narrowed", lambda x, space, n: x.to(torch.uint8))
    assert harming(sampled="x + 256").candidate("harming")["status"] == "ok"  # 256 too many, and nobody saw it


@pytest.mark.parametrize("waits", [False, True])
def test_waiting_for_the_end_of_the_output_would_wait_for_a_daemon(
    importing: Callable[..., Job], monkeypatch: pytest.MonkeyPatch, waits: bool
):
    # A cold child's daemon is out of reach; it holds the pipe for 4 s.
    daemon = importing(
        "import subprocess\npid = subprocess.Popen(['sleep', '4'], start_new_session=True).pid\n"
        "open('pid', 'w').write(str(pid))\n"
    )

    def until_end_of_file(output: watch._Output) -> None:
        os.set_blocking(output.descriptor, True)
        while output.descriptor is not None:
            output.take()
        output._log.close()

    if waits:
        monkeypatch.setattr(watch._Output, "close", until_end_of_file)
    with Supervisor(ColdLauncher()) as cold:
        assert cold.run(daemon).status == "ok"
        assert runs(int((daemon.folder / "pid").read_text())) != waits


@pytest.mark.parametrize("verified", [True, False])
def test_data_that_are_not_copied_on_write_would_change_for_all(
    harming: Callable[..., tiny.Run],
    plain: tiny.Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    verified: bool,
):
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path / "cache"))
    mapped = np.load
    monkeypatch.setattr(np, "load", lambda path, mmap_mode=None, **o: mapped(path, mmap_mode and "r+", **o))
    if not verified:
        monkeypatch.setattr(dataset, "verify", lambda folder: None)
    candidate = harming(fit="data.train.x._array[:] = 0").candidate("plain")
    if verified:  # the second guard: the scorer holds the data against their hash
        assert candidate["status"] == "error"
        assert "are not as they were written" in candidate["reason"]
    else:
        assert candidate["evidence"] != plain.candidate("plain")["evidence"]


@pytest.mark.usefixtures("torch_as_it_was")
@pytest.mark.parametrize("asserted", [True, False])
def test_without_a_process_each_torchs_defaults_reach_the_next(
    harming: Callable[..., tiny.Run], plain: tiny.Run, monkeypatch: pytest.MonkeyPatch, asserted: bool
):
    if not asserted:
        monkeypatch.setattr(scorer, "_assert_defaults", lambda: None)
    candidate = harming(fit="torch.set_default_dtype(torch.float64)").candidate("plain")
    if asserted:  # the second guard: the scorer looks at its own process
        assert candidate["status"] == "error"
        assert "torch is not as it is when it starts: default dtype torch.float64" in candidate["reason"]
    else:
        assert tiny.without_clocks(candidate) != tiny.without_clocks(plain.candidate("plain"))


def test_without_the_lock_two_runs_share_a_folder(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    suite = tiny.write_suite(tmp_path)
    with locked(tmp_path / "runs/tiny"):
        with pytest.raises(GenbenchError, match="is in use by process"):
            tiny.run(supervisor, tmp_path, [PLAIN], ["plain"], suite)
        monkeypatch.setattr(session, "locked", nullcontext)
        assert tiny.run(supervisor, tmp_path, [PLAIN], ["plain"], suite).candidate("plain")["status"] == "ok"


def test_without_hashes_a_flipped_bit_would_count(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    suite = tiny.write_suite(tmp_path)
    monkeypatch.setattr(store, "sha256_of", lambda path: "the same for all")
    tiny.run(supervisor, tmp_path, [PLAIN], ["plain"], suite)
    path = tmp_path / "runs/tiny/plain.default.0/sample/default/samples.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    second = tiny.run(supervisor, tmp_path, [PLAIN], ["plain"], suite)
    assert (second.finished.damaged, second.heard.ran) == ((), set())


def test_without_patience_every_trial_of_a_dying_plugin_dies(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(conductor, "PATIENCE", 1000)
    (tmp_path / "harming.py").write_text(HARMS.format(fit="import os; os.abort()", sampled="x"))
    suite = tiny.write_suite(tmp_path)
    run = tiny.run(supervisor, tmp_path, [tmp_path / "harming.py"], ["harming"], suite, seeds=5, jobs=1)
    statuses = [r["stages"]["fit"]["status"] for r in run.finished.records if r["model"]["name"] == "harming"]
    assert statuses == ["crashed(SIGABRT)"] * 5


def test_an_import_without_a_worker_is_the_listers_own(tmp_path: Path):
    (tmp_path / "exits.py").write_text("raise SystemExit(7)")
    code = "from genbench import plugins; plugins.load(plugins.loose('exits.py'))"
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=False)
    assert ended.returncode == 7


LEAVES_A_CHILD = """
import sys
from pathlib import Path
from genbench.execution.job import Job
from genbench.execution.launcher import ColdLauncher
from genbench.execution.supervisor import Supervisor

folder = Path("job").absolute()
Supervisor(ColdLauncher()).run(Job("listing", folder, {arguments!r}, folder / "log.txt", 60, python={python!r}))
"""
DEAF = """#!{python}
import runpy, sys
from genbench.processes import machine

machine.die_with_parent = lambda: None
sys.argv = sys.argv[2:]  # without "-m"
runpy.run_module("genbench.execution.child", run_name="__main__")
"""


@pytest.mark.parametrize("deaf", [False, True])
def test_a_child_that_does_not_ask_to_die_with_its_parent_outlives_it(tmp_path: Path, deaf: bool):
    (tmp_path / "job").mkdir()
    (tmp_path / "sleeps.py").write_text(
        "import os, time\nopen('partial', 'w').write(str(os.getpid()))\nos.rename('partial', 'pid')\ntime.sleep(600)\n"
    )
    python = tmp_path / "deaf"
    python.write_text(DEAF.format(python=sys.executable))
    python.chmod(0o755)
    arguments = {"plugin": plugins.loose(str(tmp_path / "sleeps.py")).to_json()}
    code = LEAVES_A_CHILD.format(arguments=arguments, python=str(python) if deaf else "")
    harness = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    while not (tmp_path / "job/pid").exists() and harness.poll() is None:
        time.sleep(0.05)
    pid = int((tmp_path / "job/pid").read_text())
    harness.kill()
    harness.wait()
    time.sleep(1.0)
    alive = runs(pid)
    if alive:
        os.kill(pid, signal.SIGKILL)
    assert alive == deaf
