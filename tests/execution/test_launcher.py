"""A warm child and a cold one are the same to the supervisor."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread

import pytest
from calls import listing_call

from genbench.catalogue import plugins
from genbench.contracts.job import CALL, Call
from genbench.errors import GenbenchError
from genbench.execution import elsewhere, machine
from genbench.execution.launcher import ColdLauncher, WarmLauncher
from genbench.execution.supervisor import Supervisor
from genbench.files import codec

PLAIN = Path(__file__).parents[1] / "contracts/plugins/plain.py"


@pytest.fixture
def listing(tmp_path: Path) -> Callable[[str, Path], Call]:
    """`listing(name, file)`: a call that lists a plugin file, in a folder of that name."""

    def job(name: str, file: Path) -> Call:
        folder = tmp_path / name
        folder.mkdir()
        return listing_call(plugins.loose(str(file)), folder, 120)

    return job


def test_a_cold_child_gives_the_same_outcome_as_a_warm_one(
    supervisor: Supervisor, listing: Callable[[str, Path], Call]
):
    cold, warm = Supervisor(ColdLauncher()).run(listing("cold", PLAIN)), supervisor.run(listing("warm", PLAIN))
    assert (cold.status, cold.reason, cold.facts) == (warm.status, warm.reason, warm.facts)
    assert [model["name"] for model in cold.facts["models"]] == ["plain"]


@pytest.mark.parametrize("cold", [False, True])
def test_a_wait_for_a_child_ends_with_it_or_with_its_time(
    warm: WarmLauncher, listing: Callable[[str, Path], Call], tmp_path: Path, cold: bool
):
    waits = tmp_path / "waits.py"
    waits.write_text("import os\nwhile not os.path.exists('go'): pass\nos._exit(7)\n")
    job = listing("waits", waits)
    codec.write(job.folder / CALL, job)
    child = (ColdLauncher() if cold else warm).start(job)
    child.wait(0.01)
    assert child.status() is None
    (job.folder / "go").touch()
    child.wait(60)  # far longer than the end takes
    assert child.status() == 7
    child.close()


def test_a_warm_child_starts_in_the_jobs_folder_with_empty_input(
    supervisor: Supervisor, listing: Callable[[str, Path], Call], tmp_path: Path
):
    looks = tmp_path / "looks.py"
    looks.write_text("import os, sys\nopen('seen', 'w').write(f'{os.getcwd()} {sys.stdin.read()!r}')\n")
    job = listing("looks", looks)
    supervisor.run(job)
    assert (job.folder / "seen").read_text() == f"{job.folder} ''"


def test_a_fork_server_that_dies_takes_its_children_along_and_the_next_job_says_so(
    listing: Callable[[str, Path], Call], tmp_path: Path
):
    sleeps = tmp_path / "sleeps.py"
    sleeps.write_text(
        "import os, time\nopen('partial', 'w').write(str(os.getppid()))\nos.rename('partial', 'server')\n"
        "time.sleep(600)\n"
    )
    launcher, job = WarmLauncher(), listing("running", sleeps)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(Supervisor(launcher).run, job)
        while not (job.folder / "server").exists() and not running.done():
            time.sleep(0.01)
        os.kill(int((job.folder / "server").read_text()), signal.SIGKILL)
        with pytest.raises(GenbenchError, match="the fork server ended; start the run again"):
            running.result(timeout=20)  # the plugin is not to blame
    with pytest.raises(GenbenchError, match="the fork server ended; start the run again"):
        Supervisor(launcher).run(listing("next", PLAIN))
    launcher.close()


def test_a_fork_server_that_cannot_start_is_a_clear_error(
    listing: Callable[[str, Path], Call], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "torch.py").write_text("raise ImportError('no torch here')")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]]))
    launcher = WarmLauncher()
    with pytest.raises(GenbenchError, match="cannot be imported in a new process"):
        Supervisor(launcher).run(listing("never", PLAIN))
    launcher.close()


def test_a_device_that_leaves_no_sign_is_refused_before_torch_is_loaded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(machine, "GPU_FILES", ("/dev/no-such-card",))
    for asked in ("cuda", "cuda:1"):
        with pytest.raises(GenbenchError, match=f"--device {asked}: this machine has no GPU that torch could use"):
            machine.check_device(asked)
    monkeypatch.setattr(machine, "GPU_FILES", ("/dev/null",))
    for asked in ("cuda", "cpu", "auto"):
        machine.check_device(asked)


def test_elsewhere_than_on_linux_a_process_tree_is_known_with_its_memory():
    with subprocess.Popen([sys.executable, "-c", "x = bytearray(50_000_000); input()"], stdin=subprocess.PIPE) as child:
        until = time.monotonic() + 60
        while elsewhere.private_bytes(child.pid) < 50_000_000 and time.monotonic() < until:
            time.sleep(0.05)
        found = elsewhere.family(os.getpid()), elsewhere.private_bytes(child.pid)
        child.communicate(b"\n")
    assert {os.getpid(), child.pid} <= set(found[0])
    assert 50_000_000 <= found[1] < 150_000_000
    assert elsewhere.private_bytes(child.pid) == 0  # it has ended


def test_a_fork_server_that_is_still_starting_ends_with_its_parent(tmp_path: Path):
    (tmp_path / "torch.py").write_text(  # it imports for ever
        "import os, time\nopen('partial', 'w').write(str(os.getpid()))\nos.rename('partial', 'pid')\ntime.sleep(600)\n"
    )
    code = (
        "from pathlib import Path; from genbench.contracts.job import Call; "
        "from genbench.execution.launcher import WarmLauncher; WarmLauncher().start(Call('x', 'x:x', Path(), {}, 1))"
    )
    path = os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]])
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env=os.environ | {"PYTHONPATH": path})
    while not (tmp_path / "pid").exists() and parent.poll() is None:
        time.sleep(0.02)
    server = Path(f"/proc/{(tmp_path / 'pid').read_text()}")
    assert server.exists()
    parent.kill()
    parent.wait()
    until = time.monotonic() + 10
    while server.exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert not server.exists()


def test_a_fork_server_that_is_closed_while_it_starts_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "torch.py").write_text(  # it imports for ever
        "import os, time\nopen('partial', 'w').write(str(os.getpid()))\nos.rename('partial', 'pid')\ntime.sleep(600)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]]))
    launcher = WarmLauncher()
    launcher.prepare()
    while not (tmp_path / "pid").exists():
        time.sleep(0.02)
    closing = Thread(target=launcher.close, daemon=True)
    closing.start()
    closing.join(timeout=20)
    assert not closing.is_alive()
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text()}").exists()
