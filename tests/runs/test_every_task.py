"""Tasks of every kind under the suites whose data are at hand, by real models and controls, from fit to board."""

import re
from pathlib import Path

import pytest
import tiny

from genbench import builtin
from genbench.records.status import Status

pytestmark = pytest.mark.slow

SUITES = {path.stem: path for path in builtin.genbench_suites()}
SMALL = {  # of a suite, in place of what it says
    "images": "4_000",
    "count": "40",
    "seeds": "1",
    "latency_seconds": "0.02",
    "run_seconds": "0",
    "density_rows": "20",
}
ASKED = {"digits": ["generate", "interpolate", "box", "classify"]}  # of a suite with many tasks of a kind
MODELS = {
    "digits": ["gaussian", "class-gaussians", "vae"],
    "digits-tinted": ["gaussian"],
    "digits-bold": ["vae"],
    "digits-slanted": ["vae"],
    "digits-outlined": ["vae"],
    "digits-captions": ["caption-pixelcnn"],
}


def small(name: str, folder: Path) -> Path:
    """The suite with few questions and little training."""
    text = SUITES[name].read_text(encoding="utf-8").partition("[quick]")[0]
    for key, value in SMALL.items():
        text = re.sub(rf"^{key} = [\d_.]+", f"{key} = {value}", text, flags=re.MULTILINE)
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", MODELS)
def test_tasks_of_a_suite_end_on_their_boards_with_the_truth_first(name, supervisor, tmp_path):
    suite = small(name, tmp_path)
    tasks = ASKED.get(name) or re.findall(r"^\[tasks\.([\w-]+)\]", suite.read_text(encoding="utf-8"), re.MULTILINE)
    run = tiny.run(supervisor, tmp_path, [], MODELS[name], suite, tasks=tasks, jobs=2)
    boards = run.finished.boards
    assert run.finished.failed == []
    assert sorted(boards) == sorted(tasks)
    for task, board in boards.items():
        own = [
            (record.model, found)
            for record in run.finished.records
            for found in record.candidates
            if found.task == task and found.status is Status.OK
        ]
        assert {model.control is None for model, _ in own} == {True, False}, task
        assert run.finished.report.with_name(f"{task}.html").exists()
        fidelity = next(iter(board.standings.columns.values()))
        values = {
            model.name: fidelity.oriented(found.scores[fidelity.name].value)
            for model, found in own
            if fidelity.name in found.scores
        }
        if truth := {"truth", "true-class", "true-pair", "real-captioned"} & values.keys():
            assert max(values.values()) == values[truth.pop()], task
