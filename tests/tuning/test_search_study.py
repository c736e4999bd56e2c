"""The study that Optuna keeps: the defaults first, draws that no order of ends changes, and what it refuses."""

import random
import subprocess
import sys
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from genbench.errors import GenbenchError
from genbench.records.kinds import Direction
from genbench.tuning.space import Numbers, Options
from genbench.tuning.study import JOURNAL, ModelStudy

SPACE = (
    Numbers("lr", 1e-4, 1e-1, log=True, whole=False),
    Numbers("width", 8, 64, log=True, whole=True),
    Options("kind", ("a", "b", "c")),
)
DEFAULTS = {"lr": 0.01, "width": 32, "kind": "b", "untouched": 7}


def study(folder: Path, seed: int = 0, space: tuple = SPACE, model: str = "gan") -> ModelStudy:
    return ModelStudy(folder, model, seed, space, DEFAULTS, Direction.LOWER)


def kept(folder: Path, model: str = "gan") -> optuna.Study:
    storage = JournalStorage(JournalFileBackend(str(folder / JOURNAL)))
    return optuna.load_study(study_name=model, storage=storage)


def test_the_first_trial_is_the_defaults_and_the_others_are_draws(tmp_path: Path):
    first, *others = study(tmp_path).configurations(6)
    assert first == {"lr": 0.01, "width": 32, "kind": "b"}
    assert len({own["lr"] for own in others}) == 5
    assert all(1e-4 <= own["lr"] <= 1e-1 and 8 <= own["width"] <= 64 for own in others)


def test_draws_depend_on_the_trials_number_and_on_no_end_of_another(tmp_path: Path):
    whole = study(tmp_path / "whole").configurations(8)
    pieces = tmp_path / "pieces"
    study(pieces).configurations(3)
    for number in random.Random(1).sample(range(3), 3):  # told in another order, one as failed
        study(pieces).tell(number, None if number == 1 else float(number))
    assert study(pieces).configurations(8) == whole
    assert study(tmp_path / "fewer").configurations(2) == whole[:2]


def test_another_seed_and_another_model_are_drawn_otherwise(tmp_path: Path):
    whole = study(tmp_path).configurations(3)
    assert study(tmp_path, model="vae").configurations(3)[1:] != whole[1:]
    assert study(tmp_path / "seed", seed=1).configurations(3)[1:] != whole[1:]


def test_optuna_has_every_value_and_what_was_told_stays(tmp_path: Path):
    own = study(tmp_path)
    own.configurations(3)
    for number, value in ((2, 1.5), (0, 4.0), (1, None), (2, 9.0)):
        own.tell(number, value)
    found = kept(tmp_path)
    assert [trial.value for trial in found.trials] == [4.0, None, 1.5]
    assert found.trials[1].state is TrialState.FAIL
    assert found.best_trial.number == 2  # the lowest is the best


@pytest.mark.parametrize(
    ("changes", "words"), [({"seed": 5}, "seed 0, not 5"), ({"space": SPACE[:2]}, "another space of settings")]
)
def test_a_journal_of_another_search_is_refused(changes: dict, words: str, tmp_path: Path):
    study(tmp_path).configurations(2)
    with pytest.raises(GenbenchError, match=words):
        study(tmp_path, **changes)


def test_without_optuna_one_line_says_how_to_get_it(tmp_path: Path):
    code = (
        "import sys; sys.modules['optuna'] = None\n"
        "from pathlib import Path\n"
        "from genbench.records.kinds import Direction\n"
        "from genbench.tuning.search import searches\n"
        "try:\n    searches(Path('.'), {}, 2, 0, None, Direction.LOWER)\n"
        "except Exception as error:\n    print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout == "GenbenchError genbench tune needs optuna: pip install 'genbench[tune]'\n", done.stderr
