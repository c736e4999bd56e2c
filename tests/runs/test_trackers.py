"""Trackers: the parts that are told of a run, in their order; and what one that raises costs, which is nothing."""

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny

from genbench.execution.supervisor import Supervisor
from genbench.protocol.stages.stage import Step
from genbench.runs import session
from genbench.runs.interruption import Interrupted
from genbench.runs.trackers import Trackers
from genbench.store.stage_folder import Result

LEARNING = '''
import torch

import genbench


class Learning(genbench.Model):
    """Logs its way."""

    name, family, source = "learning", genbench.Family.BASELINE, "made for the tests"

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space = space
        self.register_buffer("mean", torch.zeros(()))

    def fit(self, data: genbench.TrainingData) -> None:
        for x, _ in data.batches(250):
            self.mean.copy_(x.float().mean())
            data.log(level=float(self.mean))

    def sample(self, n: int, *, labels: torch.Tensor | None = None) -> torch.Tensor:
        return torch.randint(self.space.levels, (n, *self.space.shape))


@genbench.hookimpl
def genbench_models():
    return [Learning]
'''
HEARING = """
import json, os

import genbench


def told(hook, value):
    with open(os.environ["HEARD"], "a") as file:
        file.write(json.dumps([hook, value], default=str) + "\\n")


@genbench.hookimpl
def genbench_run_started(run):
    told("started", [run.suite, run.models, run.seeds, run.trials, run.folder, len(run.protocol)])


@genbench.hookimpl
def genbench_stage_ended(stage):
    told("stage", [stage.model, stage.seed, stage.stage, stage.status.value, stage.reason, stage.reused, stage.control])


@genbench.hookimpl
def genbench_curve_point(point):
    told("point", [point.model, point.seed, point.images, point.numbers])


@genbench.hookimpl
def genbench_trial_done(record):
    told("trial", [record.model.reference, record.seed])


@genbench.hookimpl
def genbench_run_done(run):
    boards = [[board.task, board.verdict, board.candidates, board.failures] for board in run.boards]
    told("done", [run.finished, run.reason, run.report, boards, run.seconds > 0])
"""
RAISING = """
import genbench


@genbench.hookimpl
def genbench_stage_ended(stage):
    {raises}
"""


def install(site: Path, name: str, text: str) -> None:
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    module = name.replace("-", "_")
    (info / "entry_points.txt").write_text(f"[genbench.parts]\n{name} = {module}\n")
    (site / f"{module}.py").write_text(text)


@pytest.fixture
def heard(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What the hearing tracker wrote; it is uninstalled at the end, and all that a test installed."""
    monkeypatch.setenv("HEARD", str(tmp_path / "heard.jsonl"))
    install(site, "hearing-part", HEARING)
    yield tmp_path / "heard.jsonl"
    for info in site.glob("*_part-1.0.dist-info"):
        (info / "entry_points.txt").unlink(missing_ok=True)
        sys.modules.pop(info.name.partition("-")[0], None)


@pytest.fixture
def learning(tmp_path: Path) -> Path:
    (tmp_path / "learning.py").write_text(LEARNING)
    return tmp_path / "learning.py"


def news(heard: Path, kind: str) -> list[list[object]]:
    return [value for hook, value in map(json.loads, heard.read_text().splitlines()) if hook == kind]


def test_a_tracker_hears_the_run_from_its_start_to_its_end(
    heard: Path, learning: Path, supervisor: Supervisor, tmp_path: Path
) -> None:
    suite = tiny.write_suite(tmp_path, count=40)
    run = tiny.run(supervisor, tmp_path, [learning], ["learning"], suite)
    kinds = [json.loads(line)[0] for line in heard.read_text().splitlines()]
    assert (kinds[0], kinds[-1]) == ("started", "done")
    trials = len(run.finished.records)
    assert news(heard, "started") == [["tiny", ["learning"], [0], trials, str(run.root), 64]]
    assert news(heard, "trial").count(["learning", 0]) == 1
    assert len(news(heard, "trial")) == trials
    assert [point[2] for point in news(heard, "point")] == [250, 500]
    assert all(point[:2] == ["learning", 0] and set(point[3]) == {"level"} for point in news(heard, "point"))
    own = [stage for stage in news(heard, "stage") if stage[0] == "learning"]
    assert {stage[2] for stage in own} == set(run.record("learning").stages)
    assert ["learning", 0, "fit", "ok", "", False, False] in own
    assert {stage[6] for stage in news(heard, "stage") if stage[0] != "learning"} == {True}
    order = [json.loads(line) for line in heard.read_text().splitlines() if "learning" in line]
    assert [kind for kind, _ in order[:4]] == ["started", "point", "point", "stage"]
    assert order[-2][0] == "trial"
    board = run.finished.board
    names = [row.name for row in board.rows]
    report = str(run.finished.report)
    assert news(heard, "done") == [[True, "", report, [["generate", board.sentence, names, len(board.failures)]], True]]

    heard.unlink()
    tiny.run(supervisor, tmp_path, [learning], ["learning"], suite)
    assert news(heard, "point") == []  # its record has them
    assert {stage[5] for stage in news(heard, "stage") if stage[3] == "ok"} == {True}
    assert len(news(heard, "trial")) == trials


@pytest.mark.parametrize("raises", ["raise RuntimeError(chr(10).join(('no', 'idea')))", "raise SystemExit(3)"])
def test_a_tracker_that_raises_is_told_once_and_costs_nobody_anything(
    heard: Path,
    learning: Path,
    site: Path,
    supervisor: Supervisor,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    raises: str,
) -> None:
    install(site, "raising-part", RAISING.format(raises=raises))
    with caplog.at_level(logging.WARNING):
        run = tiny.run(supervisor, tmp_path, [learning], ["learning"], tiny.write_suite(tmp_path, count=40))
    error = "RuntimeError: no idea" if "Runtime" in raises else "SystemExit: 3"
    words = f"genbench: raising-part is told no more of this run: genbench_stage_ended raised {error}"
    assert [record.getMessage() for record in caplog.records if "raising" in record.getMessage()] == [words]
    assert run.candidate("learning").ok
    assert len(news(heard, "done")) == 1  # the other one hears all of it


class Stopping(session.Silence):
    """Has the run stopped at its first end of a step."""

    def ended(self, step: Step, result: Result[object]) -> None:
        raise Interrupted("interrupted")


def test_a_run_that_is_stopped_is_told_of_as_such(
    heard: Path, learning: Path, supervisor: Supervisor, tmp_path: Path
) -> None:
    suite = str(tiny.write_suite(tmp_path, count=40))
    options = session.Options(models=["learning"], plugin=[str(learning)], suite=suite, out=tmp_path)
    plan = session.plan_of(options, session.catalogue_of(options, supervisor))
    with pytest.raises(Interrupted):
        session.execute(plan, options, supervisor, Stopping())
    assert news(heard, "done") == [[False, "interrupted", None, [], True]]


def test_what_ends_before_it_has_started_is_not_told_of(heard: Path) -> None:
    Trackers([]).stopped(KeyboardInterrupt())
    assert not heard.exists()
