"""`python -m genbench.execution JOBFILE`: a job that is written down is carried out, and what has ended stays known."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import tiny
from calls import listing_call

from genbench.catalogue import plugins
from genbench.contracts.job import CALL, Call, Job, Outcome
from genbench.execution.job_file import Outcomes, outcomes_file, progress_file
from genbench.files import codec
from genbench.records.status import Status
from genbench.seeds import derived

SLEEPS = "import os, time\nopen('partial', 'w').write(str(os.getpid()))\nos.rename('partial', 'pid')\ntime.sleep(600)\n"


def _until(condition: Callable[[], bool], seconds: float = 100) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def _outcomes(job: Path) -> tuple[Outcome, ...]:
    return codec.read(Outcomes, outcomes_file(job)).outcomes if outcomes_file(job).exists() else ()


@pytest.fixture
def importing(tmp_path: Path) -> Callable[[str, str], Call]:
    """`importing(name, code)`: a call that imports a plugin with this code."""

    def make(name: str, code: str) -> Call:
        (tmp_path / f"{name}.py").write_text(code)
        (tmp_path / name).mkdir()
        return listing_call(plugins.loose(str(tmp_path / f"{name}.py")), tmp_path / name)

    return make


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[[Job], "subprocess.Popen[str]"]]:
    """`started(job)`: the program at work on the file of a job, `job.json` in the test's folder."""
    running: list[subprocess.Popen[str]] = []

    def start(job: Job) -> "subprocess.Popen[str]":
        codec.write(tmp_path / "job.json", job)
        command = [sys.executable, "-m", "genbench.execution", "job.json"]
        running.append(subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()


def _of_a_trial(run: tiny.Run, step: str, folder: Path) -> Call:
    """A step of the plain model's trial, as it was called, in a folder of its own."""
    trial = run.root / "plain.default.0"
    call = codec.read(Call, trial / step / CALL)
    folder.mkdir()
    secret = derived(run.record("plain").secret, step)
    return replace(call, folder=folder, secrets=dict.fromkeys(("run", "density"), secret))


def test_a_trials_ready_calls_are_carried_out_one_after_the_other_until_it_is_told_to_stop(
    plain: tiny.Run, started: Callable[[Job], "subprocess.Popen[str]"], importing: Callable[..., Call], tmp_path: Path
):
    raising = importing("raising", "raise RuntimeError('boom')\n")
    ready = [_of_a_trial(plain, step, tmp_path / step[:7]) for step in ("sample/default", "density/first")]
    calls = (raising, *ready, importing("sleeping", SLEEPS), importing("never", ""))
    program, job = started(Job("plain", calls)), tmp_path / "job.json"
    _until((tmp_path / "sleeping/pid").exists)
    assert [outcome.status for outcome in _outcomes(job)] == [Status.ERROR, Status.OK, Status.OK]
    program.send_signal(signal.SIGTERM)
    _, errors = program.communicate(timeout=60)
    assert (program.returncode, errors) == (0, "")
    assert [outcome.status for outcome in _outcomes(job)[3:]] == [Status.INTERRUPTED] * 2
    assert _outcomes(job)[0].reason == "RuntimeError: boom"
    assert _outcomes(job)[1].timeline.ran_once("run")
    lines = [json.loads(line) for line in progress_file(job).read_text().splitlines()]
    assert {place for place, images, share in lines if images and 0 < share <= 1} == {1, 2}
    # Under the same secrets they are the same bytes, wherever the call was carried out.
    for name, step in (("sample/samples.safetensors", "sample/default"), ("density/nats.safetensors", "density/first")):
        whole = plain.root / "plain.default.0" / step / Path(name).name
        assert (tmp_path / name).read_bytes() == whole.read_bytes()


def test_a_killed_one_leaves_what_had_ended_and_nothing_that_runs(
    started: Callable[[Job], "subprocess.Popen[str]"], importing: Callable[..., Call], tmp_path: Path
):
    raising, sleeping = importing("raising", "raise RuntimeError('boom')\n"), importing("sleeping", SLEEPS)
    program = started(Job("killed", (raising, sleeping)))
    _until((tmp_path / "sleeping/pid").exists)
    program.kill()
    program.wait()
    assert [outcome.status for outcome in _outcomes(tmp_path / "job.json")] == [Status.ERROR]
    _until(lambda: not Path(f"/proc/{(tmp_path / 'sleeping/pid').read_text()}").exists(), 10)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[", "is not readable JSON"),
        ('{"name": "x"}', "missing required field calls"),
        ('{"name": "x", "calls": [], "why": 1}', "job.json.why is no field that genbench knows"),
        (None, "No such file or directory"),
    ],
)
def test_a_file_that_holds_no_job_is_refused_in_one_line(tmp_path: Path, text: str | None, words: str):
    if text is not None:
        (tmp_path / "job.json").write_text(text)
    command = [sys.executable, "-m", "genbench.execution", "job.json"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1)
    assert ended.stderr.startswith("genbench: ")
    assert words in ended.stderr
    assert os.listdir(tmp_path) == ["job.json"] * (text is not None)
