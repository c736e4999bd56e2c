"""The MLflow tracker, against MLflow itself and a store of files."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import genbench_mlflow as tracker
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from records import HOSTILE, VALUES, candidate, record

import genbench
from genbench.catalogue import plugins
from genbench.records.record import Record


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the tracker is told to write."""
    for name in tracker.DEFAULTS:  # what the tracker sets goes with the test
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv(tracker.WHERE, str(tmp_path / "store"))
    return str(tmp_path / "store")


def tell(own: Record) -> None:
    """As the harness does, through the hook."""
    found = plugins.Plugin("mlflow", plugins.PARTS, "genbench_mlflow", "", "genbench-mlflow", "0.1.0", "")
    plugins.load(found).tell("genbench_trial_done", record=own)


def runs(store: str) -> list[Run]:
    client = MlflowClient(tracking_uri=store)
    return list(client.search_runs([own.experiment_id for own in client.search_experiments()]))


def sealed(own: Record, number: int = 1) -> Record:
    return replace(own, sha256=f"{number:064x}")


def test_a_trial_is_a_run_with_settings_scores_and_a_curve_by_images(store: str) -> None:
    own = record("vae", 3)
    own = sealed(replace(own, model=replace(own.model, images=300_000, settings={"hidden": 256, "rate": 1e-3})))
    tell(own)
    (run,) = runs(store)
    assert (run.info.run_name, run.info.status) == ("vae seed 3", "FINISHED")
    assert run.data.params == {
        "model": "vae",
        "seed": "3",
        "suite": "digits",
        "images": "300000",
        "setting/hidden": "256",
        "setting/rate": "0.001",
    }
    scores = {name: value for name, value in run.data.metrics.items() if not name.startswith("curve/")}
    assert scores == {f"generate/default/{name.replace('@', '_')}": value for name, value in VALUES.items()}
    told = MlflowClient(tracking_uri=store).get_metric_history(run.info.run_id, "curve/loss")
    assert {point.step: point.value for point in told} == {point["images"]: point["loss"] for point in own.curve}
    assert run.data.tags["genbench.protocol"] == own.protocol
    assert run.data.tags["genbench.hardware"] == "AMD EPYC, 1 thread"


def test_a_record_that_is_there_is_not_written_again_and_another_one_is(store: str) -> None:
    for number in (1, 1, 2):
        tell(sealed(record(), number))
    assert len(runs(store)) == 2


def test_a_trial_that_failed_is_a_failed_run_with_the_reason(store: str) -> None:
    tell(sealed(record("vae", candidates=[candidate("vae")], curve=())))
    (run,) = runs(store)
    assert run.info.status == "FAILED"
    assert run.data.tags["genbench.failed/generate/default"] == "error: RuntimeError: boom"


@pytest.mark.parametrize("kind", sorted(HOSTILE))
def test_names_of_strangers_stay_in_the_store(store: str, kind: str, tmp_path: Path) -> None:
    name = HOSTILE[kind].encode("utf-8", "replace").decode()
    own = record("vae", candidates=[replace(candidate("vae", VALUES), sampler=name)], curve=({"images": 1, name: 2.0},))
    tell(sealed(replace(own, model=replace(own.model, settings={name: name}, reference=name))))
    assert len(runs(store)) == 1
    assert os.listdir(tmp_path) == ["store"]


def test_nothing_is_written_or_imported_unless_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text("")
    code = """
import sys
import genbench_mlflow as tracker
from records import record
tracker.genbench_trial_done(record())
assert "mlflow" not in sys.modules
"""
    run(code, tmp_path, MLFLOW_TRACKING_URI=str(tmp_path / "other"))
    assert os.listdir(tmp_path) == ["record.json"]


LISTENED = """
import json, sys
called = []
watched = ("socket.connect", "socket.getaddrinfo", "socket.sendto")
sys.addaudithook(lambda event, told: called.append(event) if event in watched else None)
{code}
import time
time.sleep(1)
print(json.dumps(called))
"""
WRITES = """
import dataclasses
import genbench_mlflow as tracker
from records import record
for number in range(3):
    tracker.genbench_trial_done(dataclasses.replace(record(), sha256=str(number)))
"""


def run(code: str, folder: Path, **environment: str) -> str:
    """What a fresh interpreter prints, which does not look like a test or a CI to any library."""
    ours = {name: own for name, own in os.environ.items() if not name.startswith(("PYTEST", "MLFLOW", "CI", "GITHUB"))}
    places = [str(Path(__file__).parents[1]), str(Path(tracker.__file__).parent), os.environ.get("PYTHONPATH", "")]
    environment = ours | {"PYTHONPATH": os.pathsep.join(places)} | environment
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout


def test_nobody_is_called(tmp_path: Path) -> None:
    told = run(LISTENED.format(code=WRITES), tmp_path, GENBENCH_MLFLOW=str(tmp_path / "store"))
    assert json.loads(told.splitlines()[-1]) == []


def test_a_missing_library_is_told_in_a_line_with_the_way_out(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(
        genbench.GenbenchError, match=r"MLflow is not installed .*: pip install mlflow-skinny, or unset"
    ):
        tracker.genbench_run_started(genbench.RunStarted("digits", "", "", "", (), (), (), 0, Path()))
