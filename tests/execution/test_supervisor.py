"""A supervised job ends as ok only by exit code 0 and facts; nothing that it started outlives it."""

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest
from calls import listing_call

from genbench.catalogue import plugins
from genbench.contracts.job import Call
from genbench.execution.launcher import WarmLauncher
from genbench.execution.supervisor import Supervisor
from genbench.records.status import Status

MAKES_AN_ORPHAN = """
import subprocess
from pathlib import Path
child = subprocess.Popen(["sleep", "600"])
Path("partial").write_text(str(child.pid))
Path("partial").rename("pid")
"""
IGNORES_SIGTERM = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open("started", "w").close()
time.sleep(600)
"""
LISTS_NOTHING = "import genbench\n\n@genbench.hookimpl\ndef genbench_models():\n    return []\n"
WRITES_ON_THE_MARKER_SOCKET = """
import os, stat
for descriptor in range(3, 256):
    try:
        is_socket = stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError:
        continue
    if is_socket:
        os.write(descriptor, {marker!r}.encode() + b"\\n")
"""
FORGED_MARKERS = {
    "no JSON": "at the moment",
    "a list": "[1]",
    "deep": "[" * 50_000,
    "progress without numbers": '{"at": "progress"}',
    "progress in words": '{"at": "progress", "images": "many", "share": "most"}',
    "progress without end": '{"at": "progress", "images": 1e999, "share": NaN}',
    "a lap of nothing": '{"at": "lap", "section": "nothing"}',
    "an end of a list": '{"at": "done", "section": ["run"]}',
}


@pytest.fixture
def importing(tmp_path: Path) -> Callable[..., Call]:
    """`importing(code)`: a call that imports a plugin file with this code, in the folder where it runs."""

    def job(code: str, limit: float = 60) -> Call:
        file = tmp_path / "plugin.py"
        file.write_text(code)
        folder = tmp_path / "job"
        folder.mkdir()
        return listing_call(plugins.loose(str(file)), folder, limit)

    return job


def _until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def _gone(pid: int) -> bool:
    """Whether no process of that id runs: a zombie that nobody has reaped yet runs no more."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_exit_code_0_with_facts_is_ok(supervisor: Supervisor, importing: Callable[..., Call]):
    outcome = supervisor.run(importing(LISTS_NOTHING))
    assert (outcome.status, outcome.reason) == (Status.OK, None)
    assert outcome.facts["faults"] == []


def test_exit_code_0_without_facts_is_no_evidence(supervisor: Supervisor, importing: Callable[..., Call]):
    outcome = supervisor.run(importing("import os\nos._exit(0)"))
    assert outcome.status is Status.NO_EVIDENCE
    assert outcome.facts is None


def test_facts_without_exit_code_0_are_no_evidence(supervisor: Supervisor, importing: Callable[..., Call]):
    outcome = supervisor.run(importing("import os\nopen('facts.json', 'w').write('{}')\nos._exit(3)"))
    assert (outcome.status, outcome.reason) == (Status.NO_EVIDENCE, "listing exited with code 3 and left no result")


@pytest.mark.parametrize("facts", ['{"a": NaN}', '{"a": 1, "a": 2}', "{", "[" * 40 + "]" * 40])
def test_facts_that_are_no_plain_json_are_no_evidence(
    supervisor: Supervisor, importing: Callable[..., Call], facts: str
):
    outcome = supervisor.run(importing(f"import os\nopen('facts.json', 'w').write({facts!r})\nos._exit(0)"))
    assert outcome.status is Status.NO_EVIDENCE


@pytest.mark.parametrize("status", ["ok", "interrupted", "crashed", "timeout", "fine"])
def test_a_child_may_claim_no_status_that_only_the_parent_can_know(
    supervisor: Supervisor, importing: Callable[..., Call], status: str
):
    failure = json.dumps({"status": status, "reason": "trust me"})
    outcome = supervisor.run(importing(f"import os\nopen('failure.json', 'w').write({failure!r})\nos._exit(1)"))
    assert outcome.status is Status.NO_EVIDENCE


def test_facts_of_an_earlier_job_in_the_folder_do_not_count(supervisor: Supervisor, importing: Callable[..., Call]):
    job = importing("import os\nos._exit(0)")
    (job.folder / "facts.json").write_text('{"from": "before"}')
    assert supervisor.run(job).status is Status.NO_EVIDENCE


def test_a_timeout_ends_the_whole_process_group(supervisor: Supervisor, importing: Callable[..., Call]):
    job = importing(MAKES_AN_ORPHAN + "import time; time.sleep(600)", limit=2)
    outcome = supervisor.run(job)
    assert outcome.status is Status.TIMEOUT
    assert _until(lambda: _gone(int((job.folder / "pid").read_text())))


def test_a_child_that_ignores_sigterm_is_killed_after_the_grace(warm: WarmLauncher, importing: Callable[..., Call]):
    job = importing(IGNORES_SIGTERM)
    outcome = Supervisor(warm, grace=0.5).run(job, cancelled=(job.folder / "started").exists)
    seconds = time.time() - (job.folder / "started").stat().st_mtime
    assert (outcome.status, outcome.exit_code) == (Status.INTERRUPTED, -signal.SIGKILL)
    assert 0.5 <= seconds < 0.5 + 3  # 3 s for a busy machine


def test_what_a_finished_job_left_running_in_its_group_is_ended(supervisor: Supervisor, importing: Callable[..., Call]):
    job = importing(MAKES_AN_ORPHAN + LISTS_NOTHING)
    outcome = supervisor.run(job)
    assert outcome.status is Status.OK
    assert _until(lambda: _gone(int((job.folder / "pid").read_text())))


def test_stop_ends_a_running_job_as_interrupted_and_starts_no_more(warm: WarmLauncher, importing: Callable[..., Call]):
    stopped, job, outcomes = Supervisor(warm), importing(MAKES_AN_ORPHAN + "import time; time.sleep(600)"), []
    thread = Thread(target=lambda: outcomes.append(stopped.run(job)))
    thread.start()
    assert _until((job.folder / "pid").exists)
    stopped.stop()
    thread.join()
    assert [outcome.status for outcome in outcomes] == [Status.INTERRUPTED]
    assert stopped.run(job).status is Status.INTERRUPTED
    assert _until(lambda: _gone(int((job.folder / "pid").read_text())))


@pytest.mark.parametrize("twice", [True, False])
def test_a_second_stop_waits_for_no_grace(warm: WarmLauncher, importing: Callable[..., Call], twice: bool):
    stopped, job, outcomes = Supervisor(warm, grace=3.0), importing(IGNORES_SIGTERM), []
    running = Thread(target=lambda: outcomes.append(stopped.run(job)))
    running.start()
    assert _until((job.folder / "started").exists)
    began = time.monotonic()
    stopped.stop()
    if twice:
        stopped.stop(at_once=True)
    running.join(timeout=20)
    assert [outcome.status for outcome in outcomes] == [Status.INTERRUPTED]
    assert (time.monotonic() - began < 2) == twice


@pytest.mark.parametrize("marker", FORGED_MARKERS.values(), ids=FORGED_MARKERS)
def test_a_forged_marker_spoils_no_outcome(supervisor: Supervisor, importing: Callable[..., Call], marker: str):
    outcome = supervisor.run(importing(WRITES_ON_THE_MARKER_SOCKET.format(marker=marker) + LISTS_NOTHING))
    assert (outcome.status, outcome.reason) == (Status.OK, None)


def test_output_goes_to_the_jobs_log_whatever_its_bytes_are(supervisor: Supervisor, importing: Callable[..., Call]):
    job = importing("import os\nos.write(1, b'\\xff\\x00out')\nos.write(2, b'err')\n" + LISTS_NOTHING)
    assert supervisor.run(job).ok
    assert job.log.read_bytes() == b"\xff\x00outerr"
