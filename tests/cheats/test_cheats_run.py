"""Every dishonest plugin loads, is fitted and draws, confined as in a run: one that no longer runs proves nothing."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from genbench.builtin.controls import CONTROLS
from genbench.builtin.datasets.digits import Digits
from genbench.builtin.extractors.digits_net import DigitsNet
from genbench.catalogue import plugins
from genbench.contracts.job import Call, Confinement, Outcome
from genbench.execution.supervisor import Supervisor
from genbench.files import codec
from genbench.protocol.inputs import SplitFiles
from genbench.records.status import Status

HERE = Path(__file__).parent
SAMPLERS = {  # file → how many ways of drawing its models have
    "replays": 11,
    "mixtures": 8,
    "clock": 17,
    "banks": 2,
    "trees": 4,
    "density": 13,
    "labels": 7,
    "budgets_bent": 6,
    "peeks": 6,
    "trespass": 9,
}
FORK = {"trees"}  # within a process that has threads: what a thread held at that moment its child waits for, for ever


def _outcome(supervisor: Supervisor, file: Path, folder: Path) -> Outcome:
    """How a confined child ended in which every model of a file was made, fitted and asked."""
    folder.mkdir(exist_ok=True)
    plugin, data = plugins.loose(str(file)), SplitFiles(str(folder), "", ("valid",))
    np.save(folder / "valid.x.npy", np.zeros((20, 1, 8, 8), np.uint8))
    inputs = {"plugin": codec.encoded(plugin), "data": codec.encoded(data)}
    call = Call("fit", "drawn_cheats:drawn", folder, inputs, limit=60)
    return supervisor.run(replace(call, confinement=Confinement(plugin.reads, (*Digits.hides, *DigitsNet.hides))))


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_cheat_of_a_file_is_fitted_and_draws(supervisor: Supervisor, site: Path, tmp_path: Path, name: str):
    shutil.copy(HERE / "drawn.py", site / "drawn_cheats.py")
    outcome = _outcome(supervisor, HERE / f"{name}.py", tmp_path)
    if name in FORK and outcome.status is Status.TIMEOUT:
        outcome = _outcome(supervisor, HERE / f"{name}.py", tmp_path / "again")
    Path("/dev/shm/genbench-tests-weights").unlink(missing_ok=True)  # which one of them leaves for its next seed
    assert (outcome.status, outcome.reason) == (Status.OK, None)
    assert set(outcome.facts["found"].values()) == {"ok"}
    assert len(outcome.facts["found"]) == SAMPLERS[name]


def test_no_cheat_has_the_name_of_a_part_of_the_harness_which_would_be_taken_in_its_place():
    named = {text for name in SAMPLERS for text in re.findall(r' name = "(.+)"', (HERE / f"{name}.py").read_text())}
    assert not named & {control.name for control in CONTROLS}


def test_no_file_of_cheats_is_left_out():
    files = {path.stem for path in HERE.glob("*.py")} - {"drawn", "test_cheats_run", "test_budgets_seen"}
    assert files == set(SAMPLERS)
