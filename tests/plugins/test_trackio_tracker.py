"""The trackio tracker, against trackio itself, on this machine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import genbench_trackio as tracker
import pytest
from records import HOSTILE, VALUES

import genbench

ROOMS = [str(Path(__file__).parents[1]), str(Path(tracker.__file__).parent)]
TOLD = """
import dataclasses, json, sys
called = []
watched = ("socket.connect", "socket.getaddrinfo", "socket.sendto")
sys.addaudithook(lambda event, told: called.append(event) if event in watched else None)
import threading
import genbench_trackio as tracker
from records import HOSTILE, VALUES, candidate, record
{code}
print(json.dumps({{"called": called, "threads": len(threading.enumerate()), "imported": "trackio" in sys.modules}}))
"""
WRITES = """
tracker.genbench_run_started(None)
for number in (1, 1, 2):
    own = record("vae", 3)
    own = dataclasses.replace(own, sha256=f"{number}", model=dataclasses.replace(own.model, images=79_000))
    tracker.genbench_trial_done(own)
"""
STRANGE = """
for kind, name in HOSTILE.items():
    name = name.encode("utf-8", "replace").decode()
    scored = dataclasses.replace(candidate("vae", VALUES), sampler=name)
    own = record("vae", candidates=[scored], curve=({"images": 1, name: 2.0},))
    model = dataclasses.replace(own.model, settings={name: name}, reference=name)
    tracker.genbench_trial_done(dataclasses.replace(own, sha256=kind, model=model))
"""
READS = """
import json
from trackio.sqlite_storage import SQLiteStorage
from trackio import Api
found = [[run.name, run.config, SQLiteStorage.get_logs("mine", run.name, run_id=run.id)] for run in Api().runs("mine")]
print(json.dumps(found, default=str))
"""


def run(code: str, folder: Path, **environment: str) -> list[str]:
    """What a fresh interpreter prints, which does not look like a test or a CI to any library."""
    ours = {name: own for name, own in os.environ.items() if not name.startswith(("PYTEST", "TRACKIO", "CI", "GITHUB"))}
    ours |= {"PYTHONPATH": os.pathsep.join([*ROOMS, os.environ.get("PYTHONPATH", "")])}
    ours |= {"TRACKIO_DIR": str(folder / "trackio"), "HOME": str(folder / "home"), **environment}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder, env=ours, capture_output=True, text=True, check=True).stdout.splitlines()


def test_a_trial_is_a_run_with_settings_scores_and_a_curve_by_images(tmp_path: Path) -> None:
    (told,) = run(TOLD.format(code=WRITES), tmp_path, GENBENCH_TRACKIO="mine")  # trackio's greetings are not there
    assert json.loads(told) == {"called": [], "threads": 1, "imported": True}  # nobody was called, nothing runs on
    found = json.loads(run(READS, tmp_path)[-1])
    assert [(name, config[tracker.RECORD]) for name, config, _ in found] in (
        [("vae seed 3", "1"), ("vae seed 3", "2")],
        [("vae seed 3", "2"), ("vae seed 3", "1")],
    )
    _, config, logs = found[0]
    assert config["settings"] == {"hidden": 256}
    assert (config["model"], config["hardware"]) == ("vae", "AMD EPYC, 1 thread")
    losses = {log["step"]: log["curve/loss"] for log in logs if "curve/loss" in log}
    assert losses == {1000 * i: pytest.approx(3.0 / i + 0.03) for i in range(1, 80)}
    scores = [log for log in logs if "generate/default/throughput" in log]
    assert [{name: log[f"generate/default/{name}"] for name in VALUES} for log in scores] == [VALUES]
    assert scores[0]["step"] == 79_000


def test_names_of_strangers_are_text(tmp_path: Path) -> None:
    run(TOLD.format(code=STRANGE), tmp_path, GENBENCH_TRACKIO="mine")
    assert len(json.loads(run(READS, tmp_path)[-1])) == len(HOSTILE)
    assert set(os.listdir(tmp_path)) <= {"trackio", "home"}


def test_nothing_is_written_or_imported_unless_it_is_asked_for(tmp_path: Path) -> None:
    (told,) = run(TOLD.format(code=WRITES), tmp_path)
    assert json.loads(told)["imported"] is False
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", tracker.ELSEWHERE)
def test_what_would_send_runs_elsewhere_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(tracker.PROJECT, "mine")
    monkeypatch.setenv(name, "somebody/space")
    with pytest.raises(genbench.GenbenchError, match=f"this machine alone, and {name} is set"):
        tracker.genbench_run_started(genbench.RunStarted("digits", "", "", "", (), (), (), 0, Path()))


def test_a_missing_library_is_told_in_a_line_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(tracker.PROJECT, "mine")
    monkeypatch.setitem(sys.modules, "trackio", None)
    with pytest.raises(genbench.GenbenchError, match=r"trackio is not installed .*: pip install trackio, or unset"):
        tracker.genbench_run_started(genbench.RunStarted("digits", "", "", "", (), (), (), 0, Path()))
