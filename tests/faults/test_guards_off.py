"""Each guard switched off: the fault that it stops gets through, so the tests of the guards can fail.

The guards that confine, adopt and limit by caps have their controls beside them, in test_caps and test_confined_runs.
"""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from calls import listing_call
from pids import runs

from genbench.catalogue import plugins
from genbench.contracts.dataset import Examples, Splits
from genbench.contracts.job import CALL, FACTS, FAILURE, Call, Caps
from genbench.errors import GenbenchError, InvalidEvidence
from genbench.execution.channel import Markers
from genbench.execution.child import carry_out, described
from genbench.execution.launcher import Child, ColdLauncher, Launcher, WarmLauncher
from genbench.execution.supervisor import Supervisor
from genbench.files import codec
from genbench.files.plain import read_json, sealed, write_json
from genbench.records.space import Space
from genbench.records.status import Status
from genbench.runs.conductor import Bounds
from genbench.store import datasets
from genbench.store.run_folder import locked
from genbench.store.tensors import narrowed, read_samples, write_tensors

pytestmark = pytest.mark.slow

MIB = 2**20
PLAIN = Path(__file__).parents[1] / "contracts/plugins/plain.py"
LISTS_NOTHING = "\nimport genbench\n\n@genbench.hookimpl\ndef genbench_models():\n    return []\n"
ABORTS = '''
import os

import genbench


class Aborting(genbench.Model):
    """Dies in its fit."""

    name, family, source = "aborting", genbench.Family.BASELINE, "made for the tests"

    def __init__(self, space):
        super().__init__()

    def fit(self, data):
        os.abort()

    def sample(self, n, *, labels=None):
        """Never reached."""


@genbench.hookimpl
def genbench_models():
    return [Aborting]
'''


@pytest.fixture
def importing(tmp_path: Path) -> Callable[..., Call]:
    """`importing(code, …)`: a call that imports a plugin with this code."""

    def make(code: str, limit: float = 60, **options: object) -> Call:
        (tmp_path / "plugin.py").write_text(code + LISTS_NOTHING)
        folder = tmp_path / "call"
        folder.mkdir()
        return replace(listing_call(plugins.loose(str(tmp_path / "plugin.py")), folder, limit), **options)

    return make


def _written(call: Call) -> Call:
    """The call, as its process finds it in its folder."""
    codec.write(call.folder / CALL, call)
    return call


def _here(folder: Path) -> None:
    """Carry out a call that lies in a folder in this very process: no process of its own."""
    carry_out(folder, Markers(lambda message: ""))


def test_without_the_workers_catch_the_reason_is_lost(importing: Callable[..., Call]):
    raising = _written(importing("raise RuntimeError('boom')"))
    with pytest.raises(RuntimeError, match="boom"):
        _here(raising.folder)
    assert not (raising.folder / FAILURE).exists()


@pytest.mark.parametrize(("code", "ending"), [("ctypes.string_at(0)", -signal.SIGSEGV), ("raise SystemExit(7)", 7)])
def test_an_import_without_a_process_of_its_own_is_the_harnesses(tmp_path: Path, code: str, ending: int):
    (tmp_path / "dies.py").write_text(f"import ctypes\n{code}\n")
    harness = "from genbench.catalogue import plugins; plugins.load(plugins.loose('dies.py'))"
    ended = subprocess.run([sys.executable, "-c", harness], cwd=tmp_path, capture_output=True, check=False)
    assert ended.returncode == ending


def test_without_a_limit_a_hang_lasts(supervisor: Supervisor, importing: Callable[..., Call]):
    outcome = supervisor.run(importing("import time\ntime.sleep(1)\n"))
    assert outcome.status is Status.OK
    assert outcome.seconds > 1


class Gentle(Child):
    """A child that gets SIGTERM where others get SIGKILL."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self.pid, self.markers, self.output = child.pid, child.markers, child.output

    def status(self) -> int | None:
        return self._child.status()

    def wait(self, seconds: float) -> None:
        self._child.wait(seconds)

    def close(self) -> None:
        self._child.close()

    def signal(self, number: signal.Signals) -> None:
        self._child.signal(signal.SIGTERM)


class GentleLauncher(Launcher):
    """Starts gentle children."""

    def __init__(self, warm: WarmLauncher) -> None:
        self._warm = warm

    def prepare(self) -> None: ...

    def start(self, call: Call) -> Child:
        return Gentle(self._warm.start(call))

    def close(self) -> None: ...


@pytest.mark.parametrize("killed", [True, False])
def test_without_sigkill_who_ignores_sigterm_stays(warm: WarmLauncher, importing: Callable[..., Call], killed: bool):
    ignoring = importing(
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "open('ignores', 'w').close()\ntime.sleep(3)\n",
    )
    supervisor = Supervisor(warm if killed else GentleLauncher(warm), grace=0.1)
    outcome = supervisor.run(ignoring, cancelled=(ignoring.folder / "ignores").exists)
    assert outcome.status is Status.INTERRUPTED
    assert (outcome.seconds > 3) != killed  # else it ended by itself


@pytest.fixture
def launched(warm: WarmLauncher) -> Callable[[Call], Child]:
    """`launched(call)`: a child that nobody supervises, once it has ended."""

    def start(call: Call) -> Child:
        child = warm.start(_written(call))
        while child.status() is None:
            time.sleep(0.01)
        return child

    return start


def test_without_asking_for_facts_a_silent_exit_would_count(
    launched: Callable[[Call], Child], importing: Callable[..., Call]
):
    silent = importing("import os\nos._exit(0)\n")
    child = launched(silent)
    assert child.status() == 0  # as if all were well
    assert not (silent.folder / FACTS).exists()
    child.close()


def test_without_the_cap_memory_is_taken(supervisor: Supervisor, importing: Callable[..., Call]):
    code = "import time\nheld = bytearray(b'x' * 900 * 2**20)\ntime.sleep(0.5)\n"  # two looks at what it takes
    assert supervisor.run(importing(code, caps=Caps(memory=2**50))).status is Status.OK


def test_without_the_cap_a_huge_file_is_written(supervisor: Supervisor, importing: Callable[..., Call]):
    huge = importing("open('huge', 'wb').write(b'x' * 90 * 2**20)\n", caps=Caps(disk=2**50))
    assert supervisor.run(huge).status is Status.OK
    assert (huge.folder / "huge").stat().st_size == 90 * MIB


def test_without_the_cap_the_log_grows_with_the_output(supervisor: Supervisor, importing: Callable[..., Call]):
    floods = importing("import sys\nfor _ in range(64):\n    sys.stdout.write('x' * 2**20)\n", caps=Caps(log=2**50))
    assert supervisor.run(floods).status is Status.OK
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
    supervisor: Supervisor, importing: Callable[..., Call], on_the_socket: bool
):
    # Were markers read from the output, what a plugin prints would be timing.
    outcome = supervisor.run(importing(FORGES.format(on_the_socket=on_the_socket)))
    assert outcome.status is Status.OK
    assert len(outcome.timeline.laps("run")) == on_the_socket


def test_without_its_signs_device_memory_is_an_error_like_any():
    full = RuntimeError("CUDA error: out of memory")
    assert described(full)[0] is Status.DEVICE_MEMORY
    assert described(full, device_full=())[0] is Status.ERROR


def test_without_the_check_of_samples_a_wrong_tensor_is_scored(tmp_path: Path):
    space = Space((1, 8, 8), levels=17)
    x = torch.randint(17, (10, 1, 8, 8)) + 256  # 256 too many
    with pytest.raises(InvalidEvidence, match="expected integers in"):
        narrowed(x, space, 10)
    write_tensors(tmp_path / "samples.safetensors", {"x": x.to(torch.uint8)})
    found, _ = read_samples(tmp_path / "samples.safetensors", space, 10)  # the scorer sees nothing of it
    assert (found == x.numpy() - 256).all()


class Overheard(Launcher):
    """Starts cold children, whose output somebody else can read as well."""

    output: int

    def prepare(self) -> None: ...

    def start(self, call: Call) -> Child:
        child = ColdLauncher().start(call)
        self.output = os.dup(child.output)
        return child

    def close(self) -> None:
        os.close(self.output)


def test_waiting_for_the_end_of_the_output_would_wait_for_a_daemon(importing: Callable[..., Call]):
    # A cold child's daemon is out of reach; it holds the pipe for 3 s.
    daemon = importing(
        "import subprocess\npid = subprocess.Popen(['sleep', '3'], start_new_session=True).pid\n"
        "open('pid', 'w').write(str(pid))\n"
    )
    with Supervisor(start := Overheard()) as supervisor:
        assert supervisor.run(daemon).status is Status.OK
        pid = int((daemon.folder / "pid").read_text())
        assert runs(pid)  # nobody waited for it
        os.set_blocking(start.output, True)
        while os.read(start.output, 4096):
            pass
        time.sleep(0.2)  # between its last word and its end
        assert not runs(pid)


@pytest.mark.parametrize("copied", [True, False])
def test_data_that_are_not_copied_on_write_would_change_for_all(tmp_path: Path, copied: bool):
    x = np.full((4, 2), 3, np.uint8)
    datasets.write(Splits(Space((2,), levels=4), *(Examples(x) for _ in range(4))), tmp_path)
    mine = datasets.read(tmp_path, "train").x if copied else np.load(tmp_path / "train.x.npy", mmap_mode="r+")
    mine[:] = 0
    if copied:
        datasets.verify(tmp_path)
    else:  # the second guard: the scorer holds the data against their hash
        with pytest.raises(GenbenchError, match="are not as they were written"):
            datasets.verify(tmp_path)
    assert datasets.read(tmp_path, "train").x.any() == copied


@pytest.fixture
def torch_as_it_was() -> Iterator[None]:
    """Torch's defaults come back after the test."""
    before, threads = torch.get_default_dtype(), torch.get_num_threads()
    yield
    torch.set_default_dtype(before)
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("torch_as_it_was")
def test_without_a_process_each_torchs_defaults_reach_the_next(copy: Path):
    trial = copy / "plain.default.0"
    checkpoint = (trial / "fit/checkpoint.safetensors").read_bytes()
    _here(trial / "fit")
    assert (trial / "fit/checkpoint.safetensors").read_bytes() == checkpoint
    torch.set_default_dtype(torch.float64)  # as a plugin might, whose fit ran here before
    _here(trial / "fit")
    assert (trial / "fit/checkpoint.safetensors").read_bytes() != checkpoint
    # The second guard: the scorer looks at its own process.
    with pytest.raises(GenbenchError, match=r"torch is not as it is when it starts: default dtype torch\.float64"):
        _here(trial / "score/generate")


def test_without_the_lock_two_runs_share_a_folder(supervisor: Supervisor, copy: Path, tmp_path: Path):
    suite = tmp_path / "tiny.toml"
    with locked(copy):
        with pytest.raises(GenbenchError, match="is in use by process"):
            tiny.run(supervisor, tmp_path, [PLAIN], ["plain"], suite)
        (copy / ".lock").unlink()  # what is locked next is another file
        assert tiny.run(supervisor, tmp_path, [PLAIN], ["plain"], suite).candidate("plain").status is Status.OK


def test_without_hashes_a_flipped_bit_would_count(supervisor: Supervisor, copy: Path, tmp_path: Path):
    folder = copy / "plain.default.0/sample/default"
    data = bytearray((folder / "samples.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "samples.safetensors").write_bytes(data)
    manifest = read_json(folder / "manifest.json")
    manifest["result"]["outputs"]["samples.safetensors"] = hashlib.sha256(data).hexdigest()
    write_json(folder / "manifest.json", sealed(manifest))  # its hash was all that knew
    again = tiny.run(supervisor, tmp_path, [PLAIN], ["plain"], tmp_path / "tiny.toml")
    assert again.finished.damaged == ()
    assert not {name for name in again.heard.ran if "/sample/" in name}


def test_without_patience_every_trial_of_a_dying_plugin_dies(supervisor: Supervisor, tmp_path: Path):
    (tmp_path / "aborting.py").write_text(ABORTS)
    suite, bounds = tiny.write_suite(tmp_path), Bounds(patience=1000)
    run = tiny.run(supervisor, tmp_path, [tmp_path / "aborting.py"], ["aborting"], suite, seeds=5, bounds=bounds)
    found = [r.stages["fit"] for r in run.finished.records if r.model.name == "aborting"]
    assert [(stage.status, stage.exit_code) for stage in found] == [(Status.CRASHED, -signal.SIGABRT)] * 5


LEAVES_A_CHILD = """
import sys
from pathlib import Path
from genbench.contracts.job import Call
from genbench.execution.launcher import ColdLauncher
from genbench.execution.supervisor import Supervisor
from genbench.files import codec

Supervisor(ColdLauncher()).run(codec.read(Call, Path("call.json")))
"""
DEAF = """#!{python}
import sys
from pathlib import Path
from genbench.execution.child import main

main(Path(sys.argv[-2]), int(sys.argv[-1]))  # and nobody asks to die with the parent
"""


@pytest.mark.parametrize("deaf", [False, True])
def test_a_child_that_does_not_ask_to_die_with_its_parent_outlives_it(
    importing: Callable[..., Call], tmp_path: Path, deaf: bool
):
    python = tmp_path / "deaf"
    python.write_text(DEAF.format(python=sys.executable))
    python.chmod(0o755)
    sleeping = importing(
        "import os, time\nopen('partial', 'w').write(str(os.getpid()))\nos.rename('partial', 'pid')\ntime.sleep(600)\n",
        python=str(python) if deaf else "",
    )
    codec.write(tmp_path / "call.json", sleeping)
    harness = subprocess.Popen([sys.executable, "-c", LEAVES_A_CHILD], cwd=tmp_path)
    while not (sleeping.folder / "pid").exists() and harness.poll() is None:
        time.sleep(0.05)
    pid = int((sleeping.folder / "pid").read_text())
    harness.kill()
    harness.wait()
    until = time.monotonic() + (1 if deaf else 10)
    while runs(pid) and time.monotonic() < until:
        time.sleep(0.05)
    alive = runs(pid)
    if alive:
        os.kill(pid, signal.SIGKILL)
    assert alive == deaf
