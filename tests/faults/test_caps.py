"""Caps and confinement: what a plugin takes or touches beyond its share costs its own candidate, and nothing else."""

import json
import os
import platform
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from calls import listing_call

from genbench.catalogue import plugins
from genbench.contracts.job import Call, Caps, Confinement, Outcome
from genbench.execution import isolation, machine, seccomp
from genbench.execution.supervisor import Supervisor
from genbench.records.status import Status

MIB = 2**20
LISTS_NOTHING = "\nimport genbench\n\n@genbench.hookimpl\ndef genbench_models():\n    return []\n"
TAKES_MEMORY = """
import time
held = []
for _ in range(200):
    held.append(bytearray(b'x' * 8 * 2**20))
    time.sleep(0.02)
"""
SHARES_MEMORY = TAKES_MEMORY.replace("import time\n", "import time, mmap\n").replace(
    "bytearray(b'x' * 8 * 2**20)", "mmap.mmap(-1, 8 * 2**20)); held[-1].write(b'x' * 8 * 2**20"
)
IN_A_CHILD = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', {code!r}])\n"
ONE_HUGE_FILE = """
import time
f = open('huge', 'wb')
while True:
    f.write(b'x' * 2**20)
    time.sleep(0.01)
"""
MANY_SMALL_FILES = """
import itertools, time
for i in itertools.count():
    open(f'small{i}', 'wb').write(b'x' * 4096)
    if i % 256 == 0:
        time.sleep(0.01)
"""
FLOODS = """
import sys
for _ in range(1000):
    sys.stdout.write('x' * 2**20)
sys.stdout.write('the end')
sys.stdout.flush()
"""
SHOWS = """
import json, os
open('seen', 'w').write(json.dumps(dict(os.environ)))
open(os.path.expanduser('~/x'), 'w').write('x')
"""
DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open("daemon", "w").write(str(os.getpid()))
        os.rename("daemon", "pid")
        time.sleep(600)
    os._exit(0)
os.wait()
while not os.path.exists("pid"):
    time.sleep(0.01)
"""


@pytest.fixture
def outcome(supervisor: Supervisor, tmp_path: Path) -> Callable[..., tuple[Outcome, Call]]:
    """`outcome(code, …)`: how the import of a plugin with this code ends, and the call that it was."""

    def run(code: str, **options: object) -> tuple[Outcome, Call]:
        file = tmp_path / "plugin.py"
        file.write_text(code + LISTS_NOTHING)
        folder = tmp_path / "call"
        folder.mkdir()
        call = replace(listing_call(plugins.loose(str(file)), folder), **options)
        return supervisor.run(call), call

    return run


def _gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


@pytest.mark.parametrize("code", [TAKES_MEMORY, SHARES_MEMORY, IN_A_CHILD.format(code=TAKES_MEMORY)])
def test_memory_beyond_the_cap_ends_the_call_and_says_how_much_it_was(outcome, code: str):
    ended, _ = outcome(code, caps=Caps(memory=600 * MIB))
    assert ended.status is Status.HOST_MEMORY
    assert ended.reason.startswith("listing used ")
    assert ended.reason.endswith("MiB of memory, its limit is 600 MiB")


def test_memory_below_the_cap_is_nobodys_business(outcome):
    ended, _ = outcome("held = bytearray(b'x' * 100 * 2**20)\n", caps=Caps(memory=900 * MIB))
    assert ended.status is Status.OK


@pytest.mark.parametrize("code", [ONE_HUGE_FILE, MANY_SMALL_FILES])
def test_a_folder_beyond_the_cap_is_disk_full(outcome, code: str):
    ended, call = outcome(code, caps=Caps(disk=30 * MIB))
    assert ended.status is Status.DISK_FULL
    held = sum(path.stat().st_size for path in call.folder.rglob("*") if path.is_file())
    assert held < 300 * MIB  # at most 100 MiB a second are written: within three seconds of the cap


def test_a_flood_of_output_is_kept_from_both_ends_and_stops_nothing(outcome):
    ended, call = outcome(FLOODS, caps=Caps(log=4 * MIB))
    assert ended.status is Status.OK
    log = call.log.read_bytes()
    assert len(log) < 5 * MIB + 100  # the cap, one block and the line between both ends
    assert log.startswith(b"xxx")
    assert log.endswith(b"xxxthe end")
    assert b"bytes of output are left out here" in log


def test_a_daemon_that_left_its_session_is_ended_with_its_call(outcome):
    ended, call = outcome(DAEMON)
    assert ended.status is Status.OK
    assert _gone(int((call.folder / "pid").read_text()))


def test_without_adoption_the_daemon_would_stay(tmp_path: Path):
    # The control of the test above: a process that adopts no orphans loses sight of the daemon.
    lone = tmp_path / "lone"
    lone.mkdir()
    pid = os.fork()
    if pid == 0:
        os.chdir(lone)
        exec(DAEMON, {})
        os._exit(0)
    os.waitpid(pid, 0)
    daemon = int((lone / "pid").read_text())
    alive = daemon not in machine.children(os.getpid()) and not _gone(daemon)
    os.kill(daemon, 9)
    assert alive


@pytest.fixture
def listening() -> Iterator[int]:
    """The port of a TCP server on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


TOUCHES = {
    "writes outside": "open({outside!r}, 'w').write('x')",
    "reads outside": "open({secret!r}).read()",
    "lists outside": "import os; os.listdir({above!r})",
    "connects": "import socket; socket.create_connection(('127.0.0.1', {port}), timeout=5)",
    "reads the harness's environment": "open('/proc/{parent}/environ', 'rb').read()",
    "signals the harness": "import os; os.kill({parent}, 0)",
    "limits the harness": "import resource; resource.prlimit({parent}, resource.RLIMIT_CPU, (10**6, 10**6))",
    "slows the harness": "import os; os.setpriority(os.PRIO_PROCESS, {parent}, 1)",
    "moves the harness": "import os; os.sched_setaffinity({parent}, os.sched_getaffinity({parent}))",
    "leaves shared memory": "import ctypes; c = ctypes.CDLL(None, use_errno=True)\n"
    "i = c.shmget(0, 4096, 0o1600)\nif i < 0: raise PermissionError(ctypes.get_errno(), 'Permission')\n"
    "c.shmctl(i, 0, None)",
    "leaves an attribute": "import os; os.setxattr({neighbour!r}, 'user.note', b'x')",
    "gives its child away": "import ctypes, os; c = ctypes.CDLL(None, use_errno=True)\n"
    "pid = c.syscall({clone}, 0x8000 | 17, 0, 0, 0, 0)\nif pid == 0: os._exit(0)\n"
    "if pid < 0: raise PermissionError(ctypes.get_errno(), 'Permission')",
    "gives its grandchildren away": "import ctypes; c = ctypes.CDLL(None, use_errno=True)\n"
    "if c.prctl(36, 0): raise PermissionError(ctypes.get_errno(), 'Permission')",
    "removes its neighbour": "import shutil; shutil.rmtree({neighbour!r})",
}


@pytest.fixture
def touch(outcome, tmp_path: Path, listening: int) -> Callable[..., Outcome]:
    """`touch(what, …)`: how a plugin that touches something ends; the things to touch are there."""
    (tmp_path / "secret").write_text("key")
    (tmp_path / "neighbour").mkdir()
    things = {
        "above": str(tmp_path.parent),
        "outside": str(tmp_path.parent / "outside"),
        "secret": str(tmp_path.parent / "secret-of-the-user"),
        "port": listening,
        "parent": os.getpid(),
        "neighbour": str(tmp_path / "neighbour"),
        "clone": seccomp.ARCHITECTURES[platform.machine()][1]["clone"],
    }
    Path(things["secret"]).write_text("key")

    def run(what: str, confinement: Confinement | None) -> Outcome:
        return outcome(TOUCHES[what].format(**things) + "\n", confinement=confinement)[0]

    return run


@pytest.mark.parametrize(
    ("version", "highest"), [(1, 12), (2, 13), (3, 14), (4, 14), (5, 15), (6, 15), (7, 15), (8, 15), (9, 16), (10, 16)]
)
def test_a_ruleset_asks_for_the_rights_that_its_kernel_knows(version: int, highest: int):
    # From Linux's include/uapi/linux/landlock.h; a bit that a kernel does not know makes it refuse the ruleset.
    assert isolation.file_rights(version) == (1 << highest + 1) - 1


def test_words_say_whether_unix_sockets_are_within_reach():
    assert "may reach Unix sockets" in isolation.words("landlock 8")
    assert "reach no Unix socket" in isolation.words("landlock 9")


def test_this_kernel_can_confine():
    # Where it cannot, the next tests would prove nothing; every supported CI kernel has Landlock.
    assert isolation.level().startswith("landlock")


@pytest.mark.parametrize("what", TOUCHES)
def test_a_confined_plugin_cannot(touch, tmp_path: Path, what: str):
    ended = touch(what, Confinement(reads=(str(tmp_path),)))
    assert ended.status is Status.ERROR
    assert "Permission" in ended.reason or "not permitted" in ended.reason


@pytest.mark.parametrize("what", TOUCHES)
def test_an_unconfined_plugin_can(touch, what: str):
    assert touch(what, None).status is Status.OK


@pytest.mark.parametrize(("counted", "status"), [(True, Status.ERROR), (False, Status.OK)])
def test_a_plugin_whose_time_counts_cannot_have_its_children_forgotten(
    outcome, tmp_path: Path, counted: bool, status: Status
):
    code = "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
    ended, _ = outcome(code, confinement=Confinement((str(tmp_path),), counted=counted))
    assert ended.status is status
    assert ("sets no handler of SIGCHLD" in str(ended.reason)) is counted


def test_a_plugin_whose_time_counts_may_start_children_and_handle_other_signals(outcome, tmp_path: Path):
    code = (
        "import signal, subprocess; signal.signal(signal.SIGTERM, lambda *_: None); "
        "assert signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL; subprocess.run(['/bin/true'], check=True)\n"
    )
    ended, _ = outcome(code, confinement=Confinement((str(tmp_path),), counted=True))
    assert ended.status is Status.OK


SHARED = "import os; open('/dev/shm/genbench-test', 'w').close(); os.unlink('/dev/shm/genbench-test')"
LEAVES = {  # to other stages, once it has gone or while it runs
    "a mode": "import os; os.chmod({readable!r}, 0o640)",
    "a time": "import os; os.utime({readable!r}, ns=(1, 1))",
    "a datagram": "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()",
    "words to a socket's file": "import socket; socket.socket(socket.AF_UNIX).close()",
}


@pytest.mark.parametrize("what", LEAVES)
def test_a_sealed_plugin_leaves_nothing(outcome, tmp_path: Path, what: str):
    (tmp_path / "readable").touch()
    code, reads = LEAVES[what].format(readable=str(tmp_path / "readable")) + "\n", (str(tmp_path),)
    sealed, _ = outcome(code, confinement=Confinement(reads, sealed=True))
    assert sealed.status is Status.ERROR
    assert "Permission" in sealed.reason or "not permitted" in sealed.reason


@pytest.mark.parametrize("what", LEAVES)
def test_one_that_is_not_sealed_leaves_it(outcome, tmp_path: Path, what: str):
    (tmp_path / "readable").touch()
    code, reads = LEAVES[what].format(readable=str(tmp_path / "readable")) + "\n", (str(tmp_path),)
    assert outcome(code, confinement=Confinement(reads))[0].status is Status.OK


WORKERS = """
import torch
assert list(torch.utils.data.DataLoader(range(8), batch_size=4, num_workers=1))[1].tolist() == [4, 5, 6, 7]
"""
TENSORS = "import torch; torch.zeros(1000).share_memory_()"
LIMITS = """
import os, resource, subprocess, threading
import torch
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
os.sched_setaffinity(0, os.sched_getaffinity(0))
os.nice(1)
torch.set_num_threads(2)
torch.ones(300, 300) @ torch.ones(300, 300)
thread = threading.Thread(target=lambda: None)
thread.start()
thread.join()
subprocess.run(["true"], check=True)
"""


@pytest.mark.parametrize("sealed", [False, True])
def test_a_confined_plugin_limits_itself_and_starts_threads_and_processes(outcome, tmp_path: Path, sealed: bool):
    ended, _ = outcome(LIMITS, confinement=Confinement(reads=(str(tmp_path),), sealed=sealed))
    assert (ended.status, ended.reason) == (Status.OK, None)


@pytest.mark.parametrize(("sealed", "status"), [(False, Status.OK), (True, Status.ERROR)])
def test_who_asked_for_shared_memory_has_it_where_nothing_is_sealed(outcome, tmp_path: Path, sealed, status):
    code = f"{SHARED}\n{TENSORS}\n{WORKERS}"
    ended, _ = outcome(code, confinement=Confinement((str(tmp_path),), shared=True, sealed=sealed))
    assert ended.status is status


@pytest.mark.parametrize("code", [SHARED, TENSORS, WORKERS], ids=["a file", "tensors", "workers"])
def test_who_asked_for_none_is_told_how_to_have_it(outcome, tmp_path: Path, code: str):
    ended, _ = outcome(code + "\n", confinement=Confinement(reads=(str(tmp_path),)))
    assert ended.status is Status.ERROR
    assert 'needs = ("shared-memory",)' in ended.reason


def test_who_asked_for_the_network_connects_and_still_writes_nothing_outside(touch, outcome, tmp_path: Path):
    assert touch("connects", Confinement(reads=(str(tmp_path),), network=True)).status is Status.OK


def test_who_asked_for_everything_writes_outside(touch):
    assert touch("writes outside", Confinement(everything=True)).status is Status.OK


def test_a_confined_plugin_sees_a_cleared_environment_and_a_home_that_goes_with_it(
    outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HF_TOKEN", "secret")
    _, call = outcome(SHOWS, confinement=Confinement(reads=(str(tmp_path),)))
    seen = json.loads((call.folder / "seen").read_text())
    assert seen["HOME"].startswith(str(call.folder))
    assert not {"SSH_AUTH_SOCK", "AWS_SECRET_ACCESS_KEY", "HF_TOKEN"} & set(seen)
    assert seen["TMPDIR"] == str(call.temporary)
    assert not (call.folder / isolation.HOME).exists()
    assert not call.temporary.exists()


@pytest.mark.parametrize("name", ["AWS_SECRET_ACCESS_KEY", "HF_TOKEN", "SSH_AUTH_SOCK", "PIP_INDEX_URL"])
def test_secrets_in_the_environment_are_not_handed_on(name: str, tmp_path: Path):
    kept = isolation.cleared({name: "secret", "PATH": "/bin", "LC_ALL": "C"}, tmp_path)
    assert name not in kept
    assert (kept["PATH"], kept["LC_ALL"], kept["HOME"]) == ("/bin", "C", str(tmp_path / isolation.HOME))
