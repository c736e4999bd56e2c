"""A run resumes what is missing and nothing else, keeps its folder to itself, and stops when it is told to."""

import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import tiny

from genbench import catalogue
from genbench.contracts.node import Probe
from genbench.errors import GenbenchError
from genbench.execution.supervisor import Supervisor
from genbench.records.machine import Machine
from genbench.records.status import Status
from genbench.runs import session
from genbench.runs.options import Options
from genbench.store.run_folder import locked

PLAIN = Path(__file__).parents[1] / "contracts/plugins/plain.py"
WAITS = """
import os
import time
from pathlib import Path

import torch

import genbench


class Waits(genbench.Model):
    \"\"\"Fits once it is released.\"\"\"

    name, family, source = "waits", genbench.Family.BASELINE, "made for the tests"

    def __init__(self, space):
        super().__init__()
        self.space = space

    def fit(self, data):
        here = Path(__file__).parent
        (here / "pid").write_text(str(os.getpid()))
        while not (here / "release").exists():
            time.sleep(0.05)

    def sample(self, n, *, labels=None):
        return torch.randint(self.space.levels, (n, *self.space.shape))


@genbench.hookimpl
def genbench_models():
    return [Waits]
"""
BREAKS = """
        if (Path(__file__).parent / "broken").exists():
            raise OSError("flaky")
"""
FLAKY = WAITS.replace("waits", "flaky").replace("    def fit(self, data):\n", f"    def fit(self, data):{BREAKS}")
Again = Callable[..., tiny.Run]


@pytest.fixture(scope="module")
def first(supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> tiny.Run:
    """A run of a plain model and of one that fails, from which the tests go on, each in a copy of its own."""
    out = tmp_path_factory.mktemp("first")
    shutil.copy(PLAIN, out)
    (out / "flaky.py").write_text(FLAKY)
    (out / "release").touch()
    (out / "broken").touch()
    return _run(supervisor, out, afresh=True)


@pytest.fixture
def out(first: tiny.Run, tmp_path: Path) -> Path:
    """A copy of the first run, with its plugins."""
    return Path(shutil.copytree(first.root.parents[1], tmp_path / "copy"))


@pytest.fixture
def again(supervisor: Supervisor, out: Path) -> Again:
    """`again(**options)`: the first run's call once more, in its copy."""
    return lambda **options: _run(supervisor, out, **options)


def _run(supervisor: Supervisor, out: Path, **options: object) -> tiny.Run:
    files = [out / "plain.py", out / "flaky.py"]
    unconfined = {"isolation": "process"} | options  # the flaky one leaves its process id beside its file
    return tiny.run(supervisor, out, files, ["plain", "flaky"], tiny.write_suite(out), **unconfined)


def test_the_same_call_again_runs_nothing_and_leaves_the_records_as_they_are(first: tiny.Run, again: Again):
    second = again()
    assert second.heard.ran == second.heard.awaited == set()
    assert second.files() == first.files()
    assert second.finished.board.to_json() == first.finished.board.to_json()


def test_an_edited_plugin_is_fitted_again_and_no_other(out: Path, again: Again):
    with (out / "plain.py").open("a") as file:
        file.write("# another comment\n")
    # Its samples are the same bytes, so that it is asked the same.
    steps = ("fit", "sample/default", "audit", "density/first", "density/second", "score/generate")
    heard = again().heard
    assert heard.ran == {f"plain.default.0/{step}" for step in steps}
    assert heard.ran <= heard.awaited
    assert all(name.startswith("plain.default.0/") for name in heard.awaited)


def test_a_smaller_run_keeps_the_bigger_board(out: Path, supervisor: Supervisor, first: tiny.Run):
    run = tiny.run(supervisor, out, [out / "plain.py"], ["plain"], tiny.write_suite(out), isolation="process")
    assert not run.finished.failed
    assert run.finished.board.to_json() == first.finished.board.to_json()
    assert "flaky" in run.finished.report.read_text()


def test_the_report_lies_in_the_runs_folder_and_nothing_is_written_beside_it(out: Path, again: Again):
    before = {path.name for path in out.iterdir()}
    assert again().finished.report.relative_to(out) == Path("runs/tiny/report/tiny/boards/generate.html")
    assert {path.name for path in out.iterdir()} == before
    assert not (out / "reports").exists()


def test_an_earlier_record_that_cannot_be_read_is_named_and_left_out(out: Path, supervisor: Supervisor):
    (out / "runs/tiny/flaky.default.0/record.json").write_text("{")
    run = tiny.run(supervisor, out, [out / "plain.py"], ["plain"], tiny.write_suite(out), isolation="process")
    (words,) = run.finished.left_out
    assert "flaky.default.0/record.json" in words
    assert words.endswith("it is not on the board")


def test_other_settings_are_another_trial_and_leave_the_first(out: Path, supervisor: Supervisor, first: tiny.Run):
    models = ["plain[smoothing=2]", "plain"]
    run = tiny.run(supervisor, out, [out / "plain.py"], models, tiny.write_suite(out), isolation="process")
    assert {name.partition("/")[2] for name in run.heard.ran} == {
        "fit",
        "sample/default",
        "audit",
        "stream",
        "density/first",
        "density/second",
        "score/generate",
    }
    assert not any(name.startswith("plain.default.0/") for name in run.heard.ran)
    assert run.record("plain") == first.record("plain")


def test_another_extractor_of_the_suite_is_another_verdict_and_nothing_else(out: Path, supervisor: Supervisor):
    suite = tiny.write_suite(out)
    suite.write_text(suite.read_text().replace('extractor = "pixels"', 'extractor = "digits-net"'))
    run = tiny.run(supervisor, out, [out / "plain.py"], ["plain"], suite, isolation="process")
    assert {name.partition("/")[2] for name in run.heard.ran} == {"score/generate"}
    assert run.candidate("plain").memorisation.extractor.startswith("digits-net/")


@pytest.mark.parametrize(
    ("file", "steps"),
    [
        ("sample/default/samples.safetensors", {"sample/default", "score/generate"}),
        ("audit/audit.safetensors", {"audit"}),
        ("stream/key.safetensors", {"stream"}),
        ("density/first/nats.safetensors", {"density/first"}),
        ("fit/checkpoint.safetensors", {"fit"}),
    ],
)
def test_a_damaged_output_is_computed_again(out: Path, again: Again, first: tiny.Run, file: str, steps: set[str]):
    path = out / "runs/tiny/plain.default.0" / file
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    second = again()
    # What follows runs again only where its inputs changed: bytes that are computed anew are the same bytes.
    assert steps <= {name.removeprefix("plain.default.0/") for name in second.heard.ran} <= {*steps, "score/generate"}
    assert path.read_bytes() == whole
    assert tiny.without_clocks(second.candidate("plain")) == tiny.without_clocks(first.candidate("plain"))


@pytest.mark.parametrize("damage", [b"", b"{", b'{"status": "ok"}', b"[]"])
def test_a_damaged_manifest_is_no_result(out: Path, again: Again, damage: bytes):
    (out / "runs/tiny/plain.default.0/density/first/manifest.json").write_bytes(damage)
    assert "plain.default.0/density/first" in again().heard.ran


def test_a_failed_result_is_kept_until_a_retry_is_asked_for(out: Path, again: Again):
    (out / "broken").unlink()
    kept = again()
    assert (kept.heard.ran, kept.candidate("flaky").reason) == (set(), "OSError: flaky")
    retried = again(existing="retry-failed")
    assert retried.heard.ran == {f"flaky.default.0/{step}" for step in ("fit", "sample/default", "score/generate")}
    assert retried.candidate("flaky").status is Status.OK


def test_force_runs_everything_and_the_samples_are_the_same_bytes(first: tiny.Run, again: Again):
    forced = again(existing="force")
    assert forced.heard.ran == first.heard.ran
    assert forced.candidate("plain").evidence == first.candidate("plain").evidence != {}
    assert tiny.without_clocks(forced.candidate("plain")) == tiny.without_clocks(first.candidate("plain"))


def test_a_fresh_run_elsewhere_gives_the_same_samples(first: tiny.Run, plain: tiny.Run):
    assert first.root != plain.root
    assert first.candidate("plain").evidence == plain.candidate("plain").evidence != {}


def test_a_second_coordinator_of_a_folder_is_told_who_holds_it(out: Path, again: Again):
    with locked(out / "runs/tiny"), pytest.raises(GenbenchError, match=r"is in use by process \d+; wait for it"):
        again()
    assert again().heard.ran == set()


def test_the_dataset_is_laid_down_once_for_all_runs(first: tiny.Run, again: Again, cache: Path):
    laid_down = cache / "data" / first.record("plain").dataset.sha256
    before = {path: path.stat().st_mtime_ns for path in [laid_down, *laid_down.iterdir()]}
    again()
    assert {path: path.stat().st_mtime_ns for path in [laid_down, *laid_down.iterdir()]} == before
    assert list((cache / "data").glob(".partial-*")) == []


@pytest.mark.parametrize(("option", "value"), [("existing", "maybe"), ("seeds", 0), ("jobs", -1)])
def test_an_option_that_makes_no_sense_is_refused(again: Again, option: str, value: object):
    with pytest.raises(GenbenchError, match=f"--{option} takes"):
        again(**{option: value})


def _started(command: list[str], folder: Path) -> "subprocess.Popen[str]":
    """A `genbench run` of the waiting model, once its fit has begun."""
    (folder / "pid").unlink(missing_ok=True)
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 100
    while not (folder / "pid").exists() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    assert (folder / "pid").exists(), process.communicate(timeout=5)
    return process


def _gone(pid: int) -> bool:
    end = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(0.02)
    return not Path(f"/proc/{pid}").exists()


def test_a_run_that_was_interrupted_and_then_killed_is_completed_by_the_command_it_named(
    supervisor: Supervisor, tmp_path: Path
):
    (tmp_path / "waits.py").write_text(WAITS)
    suite = tiny.write_suite(tmp_path)
    given = ["run", "-m", "waits", "--plugin", "waits.py", "--suite", "tiny.toml", "--isolation", "process"]
    genbench = [sys.executable, "-m", "genbench"]

    interrupted = _started([*genbench, *given], tmp_path)
    interrupted.send_signal(signal.SIGINT)
    _, errors = interrupted.communicate(timeout=30)
    assert interrupted.returncode == 130
    resuming = shlex.split(re.search(r"goes on from it:\n  (.*)", errors)[1])
    assert resuming == ["genbench", *given]

    killed = _started([*genbench, *resuming[1:]], tmp_path)
    child = int((tmp_path / "pid").read_text())
    killed.kill()
    killed.communicate(timeout=30)
    assert _gone(child)

    (tmp_path / "release").touch()
    completed = tiny.run(supervisor, tmp_path, [tmp_path / "waits.py"], ["waits"], suite, isolation="process")
    assert completed.candidate("waits").status is Status.OK
    assert not any(name.startswith("copycat.default.0/fit") for name in completed.heard.ran)


def test_debug_stops_in_a_debugger_at_the_line_that_raised(supervisor: Supervisor, tmp_path: Path):
    (tmp_path / "flaky.py").write_text(FLAKY)
    catalogue.read(supervisor, [str(tmp_path / "flaky.py")])  # is cached, which spares the command a fork server
    (tmp_path / "broken").touch()
    tiny.write_suite(tmp_path)
    command = ["run", "-m", "flaky", "--plugin", "flaky.py", "--suite", "tiny.toml", "--device", "cpu", "--debug"]
    done = subprocess.run(
        [sys.executable, "-m", "genbench", *command],
        cwd=tmp_path,
        input="p self.name\nq\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert '-> raise OSError("flaky")' in done.stdout
    assert "(Pdb) 'flaky'" in done.stdout
    assert done.returncode == 1
    assert done.stderr.endswith("OSError: flaky\n")
    assert "a bug of genbench" not in done.stderr


def _debugged(folder: Path, model: str, typed: str) -> "subprocess.CompletedProcess[str]":
    command = ["run", "-m", model, "--plugin", f"{model}.py", "--suite", "tiny.toml", "--device", "cpu", "--debug"]
    return subprocess.run(
        [sys.executable, "-m", "genbench", *command, "--isolation", "process"],
        cwd=folder,
        input=typed,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_debug_after_an_ordinary_failure_stops_where_it_failed(out: Path):
    done = _debugged(out, "flaky", "q\n")
    assert '-> raise OSError("flaky")' in done.stdout
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "OSError: flaky")


def test_a_debugger_that_is_quit_is_no_evidence_of_anything(tmp_path: Path):
    stops = WAITS.replace("waits", "stops").replace(
        "        return torch", "        breakpoint()\n        return torch"
    )
    (tmp_path / "stops.py").write_text(stops)
    (tmp_path / "release").touch()
    tiny.write_suite(tmp_path)
    done = _debugged(tmp_path, "stops", "q\n")
    assert done.returncode == 130
    assert done.stderr.splitlines()[-1].startswith("genbench: the debugger was quit")
    assert "invalid-evidence" not in done.stdout + done.stderr
    assert list((tmp_path / "runs/tiny").glob("*/record.json")) == []


@pytest.mark.parametrize(
    ("device", "devices", "jobs", "expected"),
    [
        ("cpu", (), None, 2),  # of four cores with two threads each
        ("cuda:0", ("cuda:0", "cuda:1", "cuda:2"), None, 3),
        ("cuda:1", ("cuda:1",), None, 1),
        ("mps", (), None, 1),
        ("cuda:0", ("cuda:0", "cuda:1"), 8, 8),
    ],
)
def test_as_many_jobs_as_gpus_or_as_cores_hold_the_threads(device, devices, jobs, expected):
    plan = SimpleNamespace(suite=SimpleNamespace(threads=2))
    probe = Probe(Machine(device=device, cpus=4), devices=devices)
    assert session.jobs_of(Options(["vae"], jobs=jobs), plan, probe) == expected
