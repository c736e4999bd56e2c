"""What a run does about plugins that always die, files that rot, and a disk without room."""

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny

from genbench.execution.supervisor import Supervisor
from genbench.records.status import Status
from genbench.runs.conductor import Bounds

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


def _statuses(run: tiny.Run) -> Counter[Status]:
    return Counter(r.stages["fit"].status for r in run.finished.records if r.model.name == "dying")


def test_a_plugin_that_dies_three_times_in_a_row_is_left_alone(dying):
    run = dying("false")
    assert _statuses(run) == {Status.CRASHED: 3, Status.SKIPPED: TRIALS - 3}
    reasons = [candidate.reason for record in run.finished.records for candidate in record.candidates]
    assert reasons.count("the last 3 fits of plugin dying died") == TRIALS - 3


def test_a_plugin_that_says_what_is_wrong_is_heard_every_time(dying):
    assert _statuses(dying("true")) == {Status.ERROR: TRIALS}


@pytest.fixture
def again(supervisor: Supervisor, copy: Path, tmp_path: Path) -> Callable[[], tiny.Run]:
    """`again()`: the finished run's call once more, in a copy of it."""
    return lambda: tiny.run(supervisor, tmp_path, [PLAIN], ["plain"], tmp_path / "tiny.toml")


KEPT = (
    "fit/checkpoint.safetensors",
    "fit/curve.json",
    "sample/default/samples.safetensors",
    "stream/first.safetensors",
    "density/first/nats.safetensors",
)


@pytest.mark.parametrize("name", [*KEPT, "sample/default/manifest.json", "score/generate/manifest.json"])
def test_a_flipped_bit_is_named_and_its_stage_runs_again_with_the_same_result(
    finished: tiny.Run, again: Callable[[], tiny.Run], copy: Path, name: str
):
    path = copy / "plain.default.0" / name
    _flipped(path)
    second = again()
    stage = name.rpartition("/")[0]
    again_scored = {"plain.default.0/score/generate"} if stage in ("fit", "sample/default") else set()  # by its clock
    assert {f"plain.default.0/{stage}"} | again_scored == second.heard.ran
    (damage,) = second.finished.damaged
    assert str(path) in damage
    assert "is not as it was written; set aside as .damaged-" in damage
    assert tiny.without_clocks(second.candidate("plain")) == tiny.without_clocks(finished.candidate("plain"))


def _flipped(path: Path, at: float = 0.5) -> None:
    data = bytearray(path.read_bytes())
    data[int(len(data) * at)] ^= 4
    path.write_bytes(data)


def test_cached_features_that_rot_are_set_aside_and_computed_again(supervisor: Supervisor, cache: Path, tmp_path: Path):
    suite = tiny.write_suite(tmp_path, quality="clipped-density", coverage="clipped-coverage")
    shutil.rmtree(cache / "features", ignore_errors=True)  # those of other tests
    first = tiny.run(supervisor, tmp_path, [PLAIN], ["plain"], suite)
    files = sorted((cache / "features").glob("*.npy"))
    for path in files:
        _flipped(path, 0.9)
    for scores in first.root.glob("*/score"):
        shutil.rmtree(scores)
    shutil.rmtree(cache / "stages")  # what the controls did is not taken from there
    second = tiny.run(supervisor, tmp_path, [PLAIN], ["plain"], suite)
    assert len(files) > 2  # of the training and the test split, and of each candidate
    assert sorted(word.partition(" ")[0] for word in second.finished.damaged) == sorted(map(str, files))
    assert all("is not as it was written; set aside as .damaged-" in word for word in second.finished.damaged)
    assert tiny.without_clocks(second.candidate("plain")) == tiny.without_clocks(first.candidate("plain"))


@pytest.mark.parametrize("name", ["train.x.npy", "test.x.npy", "test.y.npy", "dataset.json"])
def test_data_that_rot_are_set_aside_and_laid_down_again(
    finished: tiny.Run, again: Callable[[], tiny.Run], cache: Path, name: str
):
    home = cache / "data" / finished.record("plain").dataset.sha256
    _flipped(home / name)
    second = again()
    (damage,) = second.finished.damaged
    assert damage.startswith(f"the data at {home} ")
    assert "set aside as .damaged-" in damage
    assert (second.heard.ran, second.files()) == (set(), finished.files())


@pytest.mark.parametrize("rot", ["flipped", "cut off"])
def test_a_record_that_rots_is_written_again(finished: tiny.Run, again: Callable[[], tiny.Run], copy: Path, rot: str):
    path = copy / "plain.default.0" / "record.json"
    before = path.read_bytes()
    if rot == "flipped":
        path.write_bytes(before.replace(b'"seed": 0', b'"seed": 1'))
    else:
        path.write_bytes(before[:-20])
    second = again()
    (damage,) = second.finished.damaged
    words = {"flipped": "is not as genbench wrote it", "cut off": "is not readable JSON"}
    assert damage.startswith(f"{path} {words[rot]}")
    assert tiny.without_clocks(second.candidate("plain")) == tiny.without_clocks(finished.candidate("plain"))
    assert again().finished.damaged == ()


def test_a_full_disk_fails_what_is_new_and_keeps_what_is_there(supervisor: Supervisor, copy: Path, tmp_path: Path):
    models, suite = ["plain", "plain[smoothing=2]"], tmp_path / "tiny.toml"
    full = tiny.run(supervisor, tmp_path, [PLAIN], models, suite, bounds=Bounds(free_space=1 << 60))
    assert full.candidate("plain").status is Status.OK
    assert full.candidate("plain[smoothing=2.0]").status is Status.DISK_FULL
    freed = tiny.run(supervisor, tmp_path, [PLAIN], models, suite)
    assert freed.candidate("plain[smoothing=2.0]").status is Status.OK
