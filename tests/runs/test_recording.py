"""Recording: what a trial's record says of how its steps ended, and that it is kept where nothing has changed."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from offered import entry, model, setting, solver, task
from scripted import DATA, SECRET, Run, Script, Scripted, crashed, done, ground, raised, scripted, trial

from genbench.catalogue.plugins import MODELS, Plugin, builtin
from genbench.contracts.assets import Asset
from genbench.contracts.job import Call, Outcome
from genbench.files.atomic import sha256_of
from genbench.files.plain import read_json, sealed, write_json
from genbench.protocol.inputs import Kept
from genbench.protocol.stages.stage import Ground, Posed
from genbench.protocol.trial import Trial
from genbench.records.files import read, write
from genbench.records.kinds import ControlKind, Likelihood
from genbench.records.record import Candidate, Record, StageFacts
from genbench.records.score import MissingKind, failed
from genbench.records.status import Status
from genbench.records.timing import told
from genbench.runs.recording import recorded
from genbench.store.stage_folder import Result

PATHS = task("paths", needs="interpolator", solvers=(solver("slerp", "encoder"),))
POSED = {"paths": Posed(*(Kept(f"/exams/paths/{name}", "0a") for name in ("questions", "warm-up", "key")))}
Recorded = Callable[..., Record]


@pytest.fixture
def record(tmp_path: Path) -> Recorded:
    """`record((text, script), …, trial=…, asked=(…))`: the record of a conducted trial."""

    def make(*scripts: tuple[str, Script], of: Trial | None = None, asked: tuple[Any, ...] = ()) -> Record:
        chosen = of or trial()
        run = Run(ground(tmp_path, [chosen], asked), [chosen], Scripted(scripted(*scripts))).conduct()
        (found,) = run.records
        return found

    return make


def only(found: Record) -> Candidate:
    (candidate,) = found.candidates
    return candidate


def test_a_record_says_what_was_asked_of_whom_where(record: Recorded, tmp_path: Path):
    of = replace(trial(needs=("network",), settings=(setting("hidden", 64),)), settings={"hidden": 32}, seed=3)
    found = record(of=of)
    assert (found.format, found.seed, found.secret) == (3, 3, SECRET)
    assert found.dataset == DATA
    assert found.protocol == ground(tmp_path, [of]).suite.protocol(DATA.sha256)
    assert found.suite == ground(tmp_path, [of]).suite.terms
    assert (found.machine.device_name, found.machine.threads) == ("EPYC", 1)
    told = found.model
    assert (told.name, told.reference, told.settings) == ("mine", "mine[hidden=32]", {"hidden": 32})
    assert (told.distribution, told.version, told.code) == ("genbench-theirs", "1", "0" * 64)
    assert (told.parameters, told.needs, told.control, told.pretrained_on) == (3, ("network",), None, ())
    assert told.checkpoint_bytes == (tmp_path / "runs/mine" / of.slug / "fit/checkpoint.safetensors").stat().st_size > 0
    assert found.curve == ({"images": 500.0, "loss": 0.5},)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found.finished)
    assert read(tmp_path / "runs/mine" / of.slug / "record.json") == found


def test_a_candidate_holds_its_evidence_its_clock_and_what_was_scored(record: Recorded, tmp_path: Path):
    score = {
        "sampler": "default",
        "status": "ok",
        "missing": {"fd@pixels": {"kind": "failed", "reason": "boom"}},
        "barred": {"ends": "they are others"},
        "exhibits": {"grid": "aGk="},
    }
    candidate = only(record(("score", lambda call: done(call, {"candidates": [score]}))))
    assert (candidate.task, candidate.name, candidate.sampler) == ("generate", "mine", "default")
    assert (candidate.status, candidate.stage, candidate.reason, candidate.log) == (Status.OK, None, None, "")
    left = tmp_path / "runs/mine/mine.default.0/sample/default"
    names = "samples.safetensors", "drawn.safetensors"
    assert candidate.evidence == {name: sha256_of(left / name) for name in names}
    assert (candidate.timing.images, len(candidate.timing.batches)) == (60, 3)
    assert candidate.elapsed == 5.0  # of the fit and of its own sampling
    assert candidate.likelihood is Likelihood.EXACT
    assert candidate.missing == {"fd@pixels": failed("boom")}
    assert (candidate.barred, candidate.exhibits) == ({"ends": "they are others"}, {"grid": "aGk="})


def test_every_stage_is_there_with_its_end(record: Recorded):
    found = record(("audit", crashed))
    assert set(found.stages) == {
        "fit",
        "sample/default",
        "audit",
        "stream",
        "density/first",
        "density/second",
        "score/generate",
    }
    stages = {name: replace(stage, measured="") for name, stage in found.stages.items()}
    assert stages["audit"] == StageFacts(Status.CRASHED, "audit was ended by SIGSEGV", 1.0, -11)
    assert stages["density/first"] == StageFacts(Status.OK, None, 2.5, 0)
    assert only(found).status is Status.OK  # an audit bars it from ranks, and is shown, and is no failure of its own


@pytest.mark.parametrize(
    ("stage", "script", "told"),
    [
        ("fit", raised, (Status.ERROR, "fit", "RuntimeError: boom", 1)),
        ("fit", crashed, (Status.CRASHED, "fit", "fit was ended by SIGSEGV", -11)),
        ("sample", raised, (Status.ERROR, "sample", "RuntimeError: boom", 1)),
        ("score", raised, (Status.ERROR, "score", "RuntimeError: boom", 1)),
        ("score", crashed, (Status.CRASHED, "score", "score was ended by SIGSEGV", -11)),
    ],
)
def test_the_first_stage_that_failed_is_the_candidates_end(record: Recorded, stage: str, script: Script, told: Any):
    candidate = only(record((f"mine.default.0/{stage}", script)))
    assert (candidate.status, candidate.stage, candidate.reason, candidate.exit_code) == told
    assert candidate.log == ("Fatal Python error\n" if script is crashed else "")
    assert candidate.scores == {}


def test_what_never_left_its_fit_has_no_evidence_no_clock_and_no_parameters(record: Recorded):
    found = record(("fit", raised))
    candidate = only(found)
    assert (candidate.evidence, candidate.timing, candidate.likelihood, candidate.missing) == ({}, None, None, {})
    assert candidate.elapsed == 1.0
    model = found.model
    assert (model.parameters, model.images, model.checkpoint_bytes, found.curve) == (None, None, None, ())


def test_a_record_holds_the_images_that_the_fit_was_handed(record: Recorded):
    assert record().model.images == 500


def test_evidence_that_the_scorer_refuses_fails_its_candidate_alone(record: Recorded):
    refused = {"sampler": "a", "status": "invalid-evidence", "reason": "holds values from 17 to 17"}
    facts = {"candidates": [refused, {"sampler": "b", "status": "ok"}]}
    found = record(("score", lambda call: done(call, facts)), of=trial(samplers=("a", "b"), described_sampler="b"))
    first, second = found.candidates
    assert (first.status, first.stage, first.reason) == (Status.INVALID_EVIDENCE, "score", refused["reason"])
    assert first.evidence != {}
    assert second.status is Status.OK
    assert (first.likelihood, second.likelihood) == (None, Likelihood.EXACT)  # the density is of one of them


def test_a_candidate_of_whom_the_scorer_says_nothing_has_failed(record: Recorded):
    candidate = only(record(("score", lambda call: done(call, {"candidates": []}))))
    assert (candidate.status, candidate.stage) == (Status.NO_EVIDENCE, "score")


def _skipped(call: Call) -> Outcome:
    return Outcome(Status.SKIPPED, "not with labels", 1.0, exit_code=1)


@pytest.mark.parametrize(
    ("script", "kind", "reason"),
    [
        (raised, MissingKind.FAILED, "RuntimeError: boom"),
        (crashed, MissingKind.FAILED, "density was ended by SIGSEGV"),
        (_skipped, MissingKind.NOT_APPLICABLE, "not with labels"),
    ],
)
def test_a_density_that_ended_otherwise_costs_the_likelihood_alone(
    record: Recorded, script: Script, kind: MissingKind, reason: str
):
    candidate = only(record(("density", script)))
    assert candidate.status is Status.OK
    assert candidate.likelihood is None
    missing = candidate.missing["bits-per-dim"]
    assert (missing.kind, missing.reason) == (kind, reason)


def test_a_task_that_a_model_cannot_answer_is_a_row_that_says_why(record: Recorded):
    asked = (task("generate"), PATHS)
    first, second = record(asked=asked).candidates
    assert (first.task, first.status) == ("generate", Status.OK)
    assert (second.task, second.name, second.sampler, second.status) == ("paths", "mine", "", Status.SKIPPED)
    assert second.reason == "it is no interpolator, nor what a solver here lifts (slerp lifts encoder)"
    assert second.stage is None


def test_a_control_has_rows_in_the_tasks_that_name_it_alone(record: Recorded):
    control = Trial(entry(model("copycat", control=ControlKind.COPY), builtin(MODELS)), {}, 0)
    found = record(of=control, asked=(task("generate", controls=("copycat",)), PATHS))
    assert [candidate.task for candidate in found.candidates] == ["generate"]
    assert found.model.control is ControlKind.COPY


def test_a_loose_model_is_told_by_its_file_and_a_pretrained_one_by_what_it_saw(record: Recorded, tmp_path: Path):
    (tmp_path / "weights").write_text("weights")
    asset = Asset(str(tmp_path / "weights"), sha256_of(tmp_path / "weights"), "Imagenet")
    loose = Plugin("own", MODELS, "", "/home/me/own.py", "", "", "3" * 64)
    found = record(of=Trial(entry(model("own", assets=(asset,)), loose), {}, 0)).model
    assert (found.distribution, found.version, found.pretrained_on) == ("own.py", "", ("Imagenet",))


@pytest.fixture
def ended(tmp_path: Path) -> tuple[Trial, Ground, dict[str, Result[Any]]]:
    """A trial that was conducted and recorded, what it stood on, and its results by step."""
    of = trial()
    stands_on = ground(tmp_path, [of])
    run = Run(stands_on, [of], Scripted()).conduct()
    return of, stands_on, {name.removeprefix(f"{of.slug}/"): result for name, result in run.results.items()}


def test_a_record_is_kept_to_the_byte_where_nothing_has_changed(ended: Any):
    of, stands_on, results = ended
    path = stands_on.root / of.slug / "record.json"
    first = write(path, replace(read(path), finished="2001-01-01T00:00:00Z"))
    before = path.read_bytes()
    again = recorded(of, stands_on, {name: replace(result, reused=True) for name, result in results.items()})
    assert (again.record, again.damage) == (first, "")
    assert path.read_bytes() == before


@pytest.mark.parametrize("changes", [{"seconds": 9.0}, {"status": Status.TIMEOUT, "reason": "past its limit"}])
def test_another_end_of_a_step_is_another_record(ended: Any, changes: dict[str, Any]):
    of, stands_on, results = ended
    results["density/second"] = replace(results["density/second"], **changes)
    found = recorded(of, stands_on, results)
    assert found.damage == ""
    assert read(stands_on.root / of.slug / "record.json") == found.record
    assert found.record.stages["density/second"].status is results["density/second"].status


def test_another_secret_is_another_record(ended: Any):
    of, stands_on, results = ended
    other = replace(stands_on, secrets={of.slug: "77" * 32})
    assert recorded(of, other, results).record.secret == "77" * 32


def test_a_run_that_asks_less_keeps_what_an_earlier_one_asked_of_the_same_fit(tmp_path: Path):
    of = trial(capabilities=("generate", "density", "encoder"))
    draws, both = (task("generate"),), (task("generate"), PATHS)

    def conducted(asked: tuple[Any, ...], secret: str = SECRET) -> Record:
        stands_on = replace(ground(tmp_path, [of], asked), secrets={of.slug: secret}, exams=POSED)
        (found,) = Run(stands_on, [of], Scripted()).conduct().records
        return found

    first = conducted(both)
    assert {candidate.task for candidate in first.candidates} == {"generate", "paths"}
    again = conducted(draws)
    assert again.candidates == first.candidates
    assert (again.suite, set(again.stages)) == (first.suite, set(first.stages))
    assert {candidate.task for candidate in conducted((PATHS,)).candidates} == {"generate", "paths"}
    skipped = (task("more", needs="interpolator"),)
    found = conducted(skipped)  # for which the model is not even fitted
    assert (found.candidates[0].task, found.candidates[0].status) == ("more", Status.SKIPPED)
    assert sorted(found.candidates[1:], key=lambda one: one.task) == sorted(first.candidates, key=lambda one: one.task)
    assert (found.model, found.curve, found.stages) == (first.model, first.curve, first.stages)
    assert {candidate.task for candidate in conducted(draws, "77" * 32).candidates} == {"generate"}  # another trial


def test_calls_stand_in_the_stages_folder_and_their_quantiles_in_the_record(ended: Any):
    of, stands_on, results = ended
    sample = results["sample/default"]
    manifest = read_json(stands_on.root / of.slug / "sample/default/manifest.json")
    assert manifest["result"]["timing"]["latencies"] == list(sample.timing.latencies)
    calls = (0.3, 0.1, 0.2)
    timed = {**results, "sample/default": replace(sample, timing=replace(sample.timing, latencies=calls))}
    assert only(recorded(of, stands_on, timed).record).timing == told(replace(sample.timing, latencies=calls))
    assert only(read(stands_on.root / of.slug / "record.json")).timing.alone.p50 == 0.2


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"format": 3}'])
def test_a_record_that_cannot_be_read_is_told_and_written_again(ended: Any, damage: bytes):
    of, stands_on, results = ended
    path = stands_on.root / of.slug / "record.json"
    path.write_bytes(damage)
    found = recorded(of, stands_on, results)
    assert found.damage.startswith(str(path))
    assert found.damage.endswith("; written again")
    assert read(path) == found.record


def test_each_stage_says_when_it_was_measured_and_one_that_did_not_run_says_nothing(record: Recorded):
    before = datetime.now(UTC).replace(microsecond=0)
    found = record(("sample", crashed))
    times = {name: stage.measured for name, stage in found.stages.items() if stage.seconds}
    assert {"fit", "sample/default"} <= times.keys() < found.stages.keys()
    assert {found.stages[name].measured for name in found.stages.keys() - times.keys()} == {""}
    assert all(before <= datetime.fromisoformat(time) <= datetime.now(UTC) for time in times.values())
    assert all(time.endswith("Z") for time in times.values())


def test_a_rescoring_is_no_new_measurement(tmp_path: Path):
    own, old = trial(), "2020-01-01T00:00:00Z"
    Run(ground(tmp_path, [own]), [own], Scripted()).conduct()
    for path in (tmp_path / "runs/mine").rglob("manifest.json"):
        value = read_json(path)
        value["result"]["measured"] = old
        write_json(path, sealed({name: part for name, part in value.items() if name != "sha256"}))
    stands_on = ground(tmp_path, [own])
    stands_on = replace(stands_on, suite=replace(stands_on.suite, extractor="digits-net"))
    (found,) = Run(stands_on, [own], Scripted()).conduct().records
    assert {name for name, stage in found.stages.items() if stage.measured != old} == {"score/generate"}
    assert found.finished > old
