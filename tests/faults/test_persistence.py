"""What a run does about plugins that always die, files that rot, and a disk without room."""

from pathlib import Path

import pytest
import tiny

from genbench import conductor
from genbench.processes.supervisor import Supervisor

PLAIN = Path(__file__).parents[1] / "contracts/plugins/plain.py"
DIES = '''
import os

import genbench


class Dying(genbench.Model):
    """Dies in every fit, or raises."""

    name, family, source = "dying", genbench.Family.BASELINE, "made for the tests"

    def __init__(self, space, *, raises: bool = False, trial: int = 0):
        super().__init__()
        self.raises = raises

    def fit(self, data):
        if self.raises:
            raise RuntimeError("at least it says so")
        os.abort()

    def sample(self, n, *, labels=None):
        """Never reached."""


@genbench.hookimpl
def genbench_models():
    return [Dying]
'''
TRIALS = 20


@pytest.fixture
def dying(supervisor: Supervisor, tmp_path: Path):
    """`dying(raises)`: a run of 20 trials of a model that fails in each."""
    (tmp_path / "dying.py").write_text(DIES)

    def run(raises: str) -> tiny.Run:
        models = [f"dying[raises={raises},trial={trial}]" for trial in range(TRIALS)]
        return tiny.run(supervisor, tmp_path, [tmp_path / "dying.py"], models, tiny.write_suite(tmp_path), jobs=1)

    return run


def _statuses(run: tiny.Run) -> list[str]:
    stages = [record["stages"]["fit"] for record in run.finished.records if record["model"]["name"] == "dying"]
    return sorted(stage["status"] for stage in stages)


def test_a_plugin_that_dies_three_times_in_a_row_is_left_alone(dying):
    run = dying("false")
    assert _statuses(run) == ["crashed(SIGABRT)"] * 3 + ["skipped"] * (TRIALS - 3)
    skipped = [c for r in run.finished.records for c in r["candidates"] if c["reason"] and "the last 3" in c["reason"]]
    assert len(skipped) == TRIALS - 3
    assert skipped[0]["reason"] == "the last 3 fits of plugin dying died"


def test_a_plugin_that_says_what_is_wrong_is_heard_every_time(dying):
    assert _statuses(dying("true")) == ["error"] * TRIALS


@pytest.fixture
def again(supervisor: Supervisor, tmp_path: Path):
    """`again()`: the same run of the plain model, over the same store."""
    return lambda: tiny.run(supervisor, tmp_path, [PLAIN], ["plain"], tiny.write_suite(tmp_path))


KEPT = (
    "fit/checkpoint.safetensors",
    "fit/curve.json",
    "sample/default/samples.safetensors",
    "density/nats.safetensors",
)


@pytest.mark.parametrize("name", [*KEPT, "sample/default/manifest.json", "score/manifest.json"])
def test_a_flipped_bit_is_named_and_its_stage_runs_again_with_the_same_result(again, name: str):
    first = again()
    path = first.root / "plain.default.0" / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    second = again()
    stage = name.rpartition("/")[0]
    again_scored = {"plain.default.0/score"} if stage in ("fit", "sample/default") else set()  # its clock is scored
    assert {f"plain.default.0/{stage}"} | again_scored == second.heard.ran
    (damage,) = second.finished.damaged
    assert str(path) in damage
    assert "is not as it was written; set aside as .damaged-" in damage
    assert tiny.without_clocks(second.candidate("plain")) == tiny.without_clocks(first.candidate("plain"))


def test_a_record_that_rots_is_written_again(again):
    first = again()
    path = first.root / "plain.default.0" / "record.json"
    before = path.read_bytes()
    path.write_bytes(before[:-20])
    second = again()
    (damage,) = second.finished.damaged
    assert damage.startswith(f"{path} is not readable JSON")
    assert tiny.without_clocks(second.candidate("plain")) == tiny.without_clocks(first.candidate("plain"))
    assert again().finished.damaged == ()


def test_a_full_disk_fails_what_is_new_and_keeps_what_is_there(
    again, supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    again()
    monkeypatch.setattr(conductor, "FREE_SPACE", 1 << 60)
    models = ["plain", "plain[smoothing=2]"]
    full = tiny.run(supervisor, tmp_path, [PLAIN], models, tiny.write_suite(tmp_path))
    assert full.candidate("plain")["status"] == "ok"
    assert full.candidate("plain[smoothing=2.0]")["status"] == "disk-full"
    monkeypatch.undo()
    freed = tiny.run(supervisor, tmp_path, [PLAIN], models, tiny.write_suite(tmp_path))
    assert freed.candidate("plain[smoothing=2.0]")["status"] == "ok"
