"""Scored draws follow from the run's secret, and training does not; a record's secret draws its samples again."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny

from genbench.errors import GenbenchError
from genbench.execution.supervisor import Supervisor
from genbench.protocol.trial import Trial
from genbench.records.record import Record
from genbench.runs import session
from genbench.runs.options import Options
from genbench.runs.secrets import secrets_of
from genbench.seeds import commitment, derived

PLAIN = Path(__file__).parents[1] / "contracts/plugins/plain.py"
SECRET, OTHER = "5a" * 32, "c3" * 32
SAMPLES, CHECKPOINT = "sample/default/samples.safetensors", "fit/checkpoint.safetensors"


@pytest.fixture(scope="module")
def trials(supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> tuple[Trial, ...]:
    """The trials of two seeds of the plain model, and the controls."""
    suite = tiny.write_suite(tmp_path_factory.mktemp("trials"))
    options = Options(models=["plain"], plugin=[str(PLAIN)], suite=str(suite), seeds=2)
    return session.plan_of(options, session.catalogue_of(options, supervisor)).trials


def test_a_secret_is_derived_of_the_other_and_of_every_name():
    found = derived(SECRET, "trial", "plain", 0)
    assert re.fullmatch("[0-9a-f]{64}", found)
    others = [(OTHER, "trial", "plain", 0), (SECRET, "trial", "plain", 1), (SECRET, "trialplain", 0)]
    assert len({found, *(derived(*other) for other in others)}) == 4
    assert derived(SECRET, "trial", "plain", 0) == found


def test_a_commitment_fixes_a_secret_and_is_not_the_secret():
    assert commitment(SECRET) == commitment(SECRET.upper()) != commitment(OTHER)
    assert SECRET not in commitment(SECRET)


def test_each_trial_has_a_secret_of_its_own_that_the_data_and_the_runs_secret_make(trials: tuple[Trial, ...]):
    found = secrets_of(trials, SECRET, "data", [])
    assert set(found) == {trial.slug for trial in trials}
    assert len({*found.values(), SECRET}) == len(trials) + 1
    assert secrets_of(trials[1:], SECRET, "data", []) == {trial.slug: found[trial.slug] for trial in trials[1:]}
    assert not {*found.values()} & {*secrets_of(trials, SECRET, "other data", []).values()}
    other = secrets_of(trials, OTHER, "data", [])
    controls = {trial.slug for trial in trials if trial.listing.control is not None}
    assert {slug for slug in found if found[slug] == other[slug]} == controls
    assert controls


def test_no_control_of_a_plugin_draws_in_public(trials: tuple[Trial, ...]):
    control = next(trial for trial in trials if trial.listing.control is not None)
    theirs = replace(control, model=replace(control.model, plugin=replace(control.model.plugin, module="theirs")))
    own, other = (secrets_of([theirs], secret, "data", []) for secret in (SECRET, OTHER))
    assert own[theirs.slug] != other[theirs.slug]


def test_a_replayed_record_gives_its_trial_its_secret_and_no_other(trials: tuple[Trial, ...], plain: tiny.Run):
    record = replace(plain.record("plain"), secret=OTHER)
    data = record.dataset.sha256
    own = secrets_of(trials, SECRET, data, [])
    assert secrets_of(trials, SECRET, data, [record]) == own | {"plain.default.0": OTHER}
    assert secrets_of(trials, SECRET, data, [replace(record, seed=1)]) == own | {"plain.default.1": OTHER}


def _of_a_stranger(record: Record) -> Record:
    return replace(record, model=replace(record.model, reference="stranger"))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (lambda record: replace(record, secret=""), "plain, seed 0, holds no secret"),
        (lambda record: replace(record, seed=7), "plain, seed 7, belongs to no trial of this run"),
        (_of_a_stranger, "stranger, seed 0, belongs to no trial of this run; choose that model and seed"),
    ],
)
def test_a_record_that_cannot_be_replayed_is_refused(trials, plain, other, message):
    record = plain.record("plain")
    with pytest.raises(GenbenchError, match=f"^--replay: the record of {message}"):
        secrets_of(trials, SECRET, record.dataset.sha256, [other(record)])


def test_a_record_of_other_data_is_not_replayed(trials: tuple[Trial, ...], plain: tiny.Run):
    with pytest.raises(
        GenbenchError, match=r"^--replay: the record of plain, seed 0, is of other data than this run's"
    ):
        secrets_of(trials, SECRET, "other data", [plain.record("plain")])


def _run(supervisor: Supervisor, out: Path, **options: Any) -> tiny.Run:
    out.mkdir(exist_ok=True)
    return tiny.run(supervisor, out, [PLAIN], ["plain"], tiny.write_suite(out, run=0.3), **options)


def _scored(run: tiny.Run) -> str:
    """The hash of the scored samples; how many others a run of .3 s draws is the machine's doing."""
    return run.candidate("plain").evidence[Path(SAMPLES).name]


def test_a_secret_fixes_the_samples_and_nothing_of_the_training(supervisor: Supervisor, tmp_path: Path):
    files = {name: tmp_path / name for name in ("one", "other")}
    for name, secret in (("one", SECRET), ("other", OTHER)):
        files[name].write_text(secret)
    runs = {
        name: _run(supervisor, tmp_path / f"run-{name}", secret=file)
        for name, file in [("first", files["one"]), ("second", files["one"]), ("third", files["other"])]
    }

    def content(name: str, file: str) -> bytes:
        return (runs[name].root / "plain.default.0" / file).read_bytes()

    assert content("first", SAMPLES) == content("second", SAMPLES) != content("third", SAMPLES)
    assert content("first", CHECKPOINT) == content("second", CHECKPOINT) == content("third", CHECKPOINT)
    assert _run(supervisor, tmp_path / "run-first", secret=files["one"]).heard.ran == set()
    again = _run(supervisor, tmp_path / "run-first", secret=files["other"])
    assert not any(name.endswith("/fit") for name in again.heard.ran)
    assert _scored(again) == _scored(runs["third"])

    record = runs["second"].root / "plain.default.0/record.json"
    replayed = _run(supervisor, tmp_path / "run-replayed", replay=[record])
    assert _scored(replayed) == _scored(runs["second"])
    assert replayed.record("plain").secret == runs["second"].record("plain").secret
