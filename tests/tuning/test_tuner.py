"""A tuning from its trials to its board: chosen on valid alone, the same after a kill, the best beside the default."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tiny

from genbench.cli import main
from genbench.contracts.dataset import Examples, Splits
from genbench.errors import GenbenchError
from genbench.execution.supervisor import Supervisor
from genbench.files.atomic import cache_path
from genbench.records import tuning as files
from genbench.records.files import read_records
from genbench.records.kinds import Direction
from genbench.records.space import Space
from genbench.records.tuning import Tuning
from genbench.runs import session
from genbench.runs.options import Options
from genbench.store import datasets
from genbench.tuning.tuner import Terms, Tuned, Tuner

KNOB = Path(__file__).parent / "plugins/knob.py"
TUNE = '\n[tune]\ncriterion = "fd"\nimages = 300\nbudgets = [0.5]\n'
TRIALS = 5
GIVEN = "knob[kind=flat]"


@dataclass(frozen=True)
class Done:
    """A finished tuning, and what was heard of each of its runs."""

    tuned: Tuned
    heard: list[tiny.Heard]
    root: Path

    @property
    def first(self) -> Tuning:
        return self.tuned.tunings[0]


def suite(folder: Path, table: str = TUNE) -> Path:
    path = tiny.write_suite(folder, quality="fd", coverage="recall")
    path.write_text(path.read_text() + table)
    return path


def tune(supervisor: Supervisor, out: Path, models: list[str], table: str = TUNE, **terms: object) -> Done:
    options = Options(models=models, plugin=[str(KNOB)], suite=str(suite(out, table)), out=out, device="cpu", jobs=2)
    plan = session.plan_of(options, session.catalogue_of(options, supervisor))
    heard: list[tiny.Heard] = []

    @contextmanager
    def listening() -> Iterator[tiny.Heard]:
        heard.append(tiny.Heard())
        yield heard[-1]

    for name in ("tiny", "tiny-tuning", "tiny-tuning-250"):
        tiny.keep_secret(out / "runs" / name)
    tuned = Tuner(plan, options, Terms(**{"trials": TRIALS, **terms}), supervisor, listening).tuned()
    return Done(tuned, heard, out / "runs")


@pytest.fixture(scope="module")
def whole(supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """Two models, tuned without a break."""
    return tune(supervisor, tmp_path_factory.mktemp("whole"), ["knob", GIVEN])


def test_every_model_gets_the_same_trials_and_training_images(whole: Done):
    records = read_records(whole.root / "tiny-tuning")
    assert [len(tuning.trials) for tuning in whole.tuned.tunings] == [TRIALS, TRIALS]
    assert {record.suite.images for record in records} == {tuning.images for tuning in whole.tuned.tunings} == {300}
    assert len(records) == len({trial.reference for tuning in whole.tuned.tunings for trial in tuning.trials})
    assert all(trial.settings["kind"] == "flat" for trial in whole.tuned.tunings[1].trials)
    assert list(whole.tuned.tunings[1].searched) == ["width"]


def test_the_best_is_what_has_the_best_value_and_a_failed_trial_has_none(whole: Done):
    known = {trial.number: trial.value for trial in whole.first.trials if trial.value is not None}
    assert whole.first.best.value == min(known.values())
    assert whole.first.direction is Direction.LOWER
    assert whole.first.best.value < known[0]  # the default is too wide
    broken = [trial for trial in whole.first.trials if trial.settings["kind"] == "broken"]
    assert broken
    assert {(trial.value, "this kind cannot be fitted" in trial.reason) for trial in broken} == {(None, True)}


def test_trials_see_no_row_of_test_or_held(whole: Done):
    (sha256,) = {record.dataset.sha256 for record in read_records(whole.root / "tiny-tuning")}
    splits = {name: datasets.read(cache_path("data") / sha256, name) for name in ("train", "valid", "test", "held")}
    (own,) = {record.dataset.sha256 for record in read_records(whole.root / "tiny")}
    real = {name: datasets.read(cache_path("data") / own, name) for name in splits}
    for name, stands in (("train", "train"), ("valid", "valid"), ("test", "valid"), ("held", "valid")):
        assert np.array_equal(splits[name].x, real[stands].x)
    secret = {row.tobytes() for name in ("test", "held") for row in real[name].x}
    assert not secret & {row.tobytes() for part in splits.values() for row in part.x}
    scores = [
        score
        for record in read_records(whole.root / "tiny-tuning")
        for candidate in record.candidates
        for score in candidate.scores.values()
        if score.reference
    ]
    assert scores
    assert all(score.reference.startswith(sha256[:8]) for score in scores)


def test_other_test_and_held_rows_leave_all_that_trials_are_given_as_it_is():
    rows = np.arange(40, dtype=np.uint8).reshape(40, 1)
    part = [Examples(rows[i : i + 10]) for i in range(0, 40, 10)]
    space = Space((1,), levels=256)
    one = Splits(space, part[0], part[1], part[2], part[3])
    other = Splits(space, part[0], part[1], part[3], Examples(rows[:3] + 100))
    assert one.sha256 != other.sha256
    assert one.watched.sha256 == other.watched.sha256


def test_trials_are_asked_for_samples_alone(whole: Done):
    stages = {name.split("/")[1] for name in whole.heard[0].results}
    assert stages == {"fit", "sample", "score"}


def test_the_best_and_the_default_are_run_under_the_suite_itself(whole: Done):
    records = read_records(whole.root / "tiny")
    own = {record.model.reference for record in records if record.model.control is None}
    tuned = {tuning.best.reference for tuning in whole.tuned.tunings}
    assert own == {"knob", GIVEN, *tuned}
    assert {record.suite.images for record in records} == {500}
    assert all(record.dataset.rows["test"] == 449 for record in records)
    assert whole.tuned.finished.board.tunings == whole.tuned.tunings


def test_both_are_compared_at_further_budgets(whole: Done):
    points = whole.first.budgets
    assert {(point.reference, point.images) for point in points} == {
        ("knob", 250),
        (whole.first.best.reference, 250),
    }
    assert all(len(point.values) == 1 for point in points)


def test_what_was_tuned_lies_beside_the_records_and_stands_on_every_page_that_is_made_of_them(whole: Done):
    kept = files.beside(whole.root / "tiny")
    assert sorted(kept, key=lambda tuning: tuning.default) == sorted(whole.tuned.tunings, key=lambda t: t.default)
    page = whole.tuned.finished.report.read_text()
    assert 'id="tuning"' in page
    assert f"trial {whole.first.best.number} " in page
    site = whole.root / "site"
    assert main(["report", str(whole.root / "tiny"), "--out", str(site)]) == 0
    assert 'id="tuning"' in (site / "tiny/boards/generate.html").read_text()


def test_the_same_call_again_runs_nothing_and_more_trials_keep_those_that_there_are(
    whole: Done, supervisor: Supervisor
):
    again = tune(supervisor, whole.root.parent, ["knob", GIVEN])
    assert [heard.ran for heard in again.heard] == [set()] * len(again.heard)
    assert again.tuned.tunings == whole.tuned.tunings
    more = tune(supervisor, whole.root.parent, ["knob", GIVEN], trials=TRIALS + 1)
    assert [tuning.trials[:TRIALS] for tuning in more.tuned.tunings] == [t.trials for t in whole.tuned.tunings]
    assert len({name.split("/")[0] for name in more.heard[0].ran}) == 2


def test_killed_half_way_and_resumed_it_ends_with_the_same_best(whole: Done, supervisor: Supervisor, tmp_path: Path):
    suite(tmp_path)
    for name in ("tiny", "tiny-tuning", "tiny-tuning-250"):
        tiny.keep_secret(tmp_path / "runs" / name)
    given = ["-m", "knob", "-m", GIVEN, "--trials", str(TRIALS), "--suite", "tiny.toml", "--plugin", str(KNOB)]
    command = [sys.executable, "-m", "genbench", "tune", *given, "--device", "cpu", "--jobs", "2"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env={**os.environ}) as killed:
        told = 0
        for line in killed.stderr:
            told += ": fit ok" in line
            if told == 3:
                break
        killed.kill()
    resumed = tune(supervisor, tmp_path, ["knob", GIVEN])
    fits = {name for name in resumed.heard[0].ran if name.endswith("/fit")}
    assert 0 < len(fits) <= 2 * TRIALS - 3
    assert resumed.tuned.tunings == whole.tuned.tunings


@pytest.mark.parametrize(
    ("models", "table", "terms", "words"),
    [
        (["knob"], "", {}, r"suite tiny has no \[tune\] table, .* criterion"),
        (["fixed"], TUNE, {}, r"fixed has nothing to tune: .*known: free"),
        (["knob[width=2,kind=flat]"], TUNE, {}, "nothing to tune"),
        (["copycat"], TUNE, {}, "copycat is a control"),
        (["knob"], '\n[tune]\ncriterion = "throughput"\n', {}, "a score of speed"),
        (["knob"], '\n[tune]\ncriterion = "fdd"\n', {}, "fdd"),
        (["knob"], '\n[tune]\ncriterion = "fd"\nimags = 3\n', {}, r"unknown key in \[tune\] imags"),
        (["knob"], TUNE, {"trials": 1}, "--trials takes an integer from 2 on"),
        (["knob"], TUNE, {"budgets": (0.5, -1.0)}, "--budgets takes positive shares"),
    ],
)
def test_what_cannot_be_tuned_is_one_line(
    models: list[str], table: str, terms: dict, words: str, supervisor: Supervisor, tmp_path: Path
):
    with pytest.raises(GenbenchError, match=words) as refused:
        tune(supervisor, tmp_path, models, table, **terms)
    assert "\n" not in str(refused.value)


def test_the_command_says_what_was_chosen(whole: Done, capsys: pytest.CaptureFixture[str]):
    given = ["-m", "knob", "-m", GIVEN, "--trials", str(TRIALS), "--plugin", str(KNOB), "--device", "cpu"]
    where = ["--suite", str(whole.root.parent / "tiny.toml"), "--out", str(whole.root.parent), "--budgets", "0.5"]
    code = main(["tune", *given, *where, "--json"])
    told = json.loads(capsys.readouterr().out)
    assert code == 0
    assert [own["default"] for own in told] == ["knob", GIVEN]
    main(["tune", *given, *where])
    shown = capsys.readouterr().out
    assert f"trial {whole.first.best.number}: {whole.first.best.reference}" in shown
