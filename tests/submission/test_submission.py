"""What a run's bundle says is computed again; a forged one is refused, by the check that is there for it."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import forging
import numpy as np
import pytest
import tiny
from forging import RECORD, SAMPLE, TRIAL, Value

from genbench import catalogue as catalogues
from genbench.builtin.datasets.digits import Digits
from genbench.cli import main
from genbench.errors import GenbenchError
from genbench.execution.supervisor import Supervisor
from genbench.files.plain import JSON_LIMIT
from genbench.protocol.stages.pose import QUESTIONS, WARM_UP
from genbench.records import vouchers
from genbench.records.vouchers import Extent
from genbench.store.tensors import read_named
from genbench.submission import clocks, folder as folders
from genbench.submission.differences import LOOSE, differences
from genbench.submission.finding import Check
from genbench.submission.reading import Bundled
from genbench.submission.rescoring import Sources
from genbench.submission.terms import protocol_faults, terms_of
from genbench.submission.verification import Verified, verified
from genbench.submission.writing import Author, written

pytestmark = pytest.mark.usefixtures("whatever_the_load")

Verify = Callable[[Path], Verified]
Forge = Callable[[Path], object]
INTERPOLATING = """
[tasks.interpolate]
ask = "interpolate[frames=3]"
solvers = ["slerp"]
count = 10
batch = 4
scores = ["path-energy", "end-rmse", "throughput"]
axes = { fidelity = "path-energy", realism = "end-rmse", speed = "throughput" }
"""


@pytest.fixture(scope="module")
def own(plain: tiny.Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of one model, which has a density, without the controls."""
    place = tmp_path_factory.mktemp("bundles") / "own"
    written(plain.root, place, Author("A. Nother", "a@example.org"), ["plain"])
    return place


@pytest.fixture
def forged(own: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(own, tmp_path / "forged"))


@pytest.fixture
def verify(supervisor: Supervisor, plain: tiny.Run, tmp_path: Path) -> Verify:
    """Verifies a bundle of the tiny suite."""
    return lambda folder: verdict(folder, plain.root.parents[1] / "tiny.toml", supervisor, tmp_path)


def verdict(folder: Path, suite: Path, supervisor: Supervisor, tmp_path: Path) -> Verified:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return verified(folder, scratch, Sources(str(suite)), supervisor)


def refusals(found: Verified) -> list[tuple[Check, str]]:
    """What is refused: each in one line."""
    lines = [(finding.check, str(finding)) for finding in found.findings if finding.refused]
    assert all("\n" not in line and line.isprintable() for _, line in lines)
    return lines


def test_one_model_with_its_density_passes_and_comes_out_to_the_bit(own: Path, verify: Verify) -> None:
    found = verify(own)
    assert refusals(found) == []
    assert found.exact
    assert [found.status(record) for record in found.records] == [Extent.RECOMPUTED]
    told = [str(finding) for finding in found.findings]
    (spoken,) = [line for line in told if line.endswith("nobody can compute them again")]
    assert set(spoken.removeprefix("self-reported: ").partition(", and how")[0].split(", ")) == {
        "throughput",
        "latency",
    }
    assert any(line.startswith("plugin: plain: its code is unknown") for line in told)


def test_a_whole_run_passes_with_its_controls(plain: tiny.Run, verify: Verify, tmp_path: Path) -> None:
    made = written(plain.root, tmp_path / "whole", Author())
    found = verify(tmp_path / "whole")
    assert refusals(found) == []
    assert len(found.records) == len(plain.finished.records) > 3
    assert not [file for file in made.bundle.files if "check" in file.path]  # no checkpoint
    assert made.left_out[0].startswith("checkpoints and their checks: ")


def test_two_seeds_that_answer_questions_pass_and_other_questions_do_not(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    suite = tiny.write_suite(tmp_path)
    suite.write_text(suite.read_text().replace("[limits]", f"{INTERPOLATING}\n[limits]\nanswer = 60"))
    plugin = Path(__file__).parents[2] / "plugins/autoencoder/genbench_autoencoder.py"
    run = tiny.run(supervisor, tmp_path, [plugin], ["autoencoder"], suite, seeds=2)
    answers = [own for record in run.finished.records for own in record.candidates if own.task == "interpolate"]
    asked = next(own for own in answers if own.sampler == "slerp")
    assert (asked.timing.batch, len(asked.timing.batches)) == (4, 3)  # as the task says, and not as the suite does
    posed, before = (read_named(run.root / "exams/interpolate" / path)["a"] for path in (QUESTIONS, WARM_UP))
    splits = Digits().splits()
    assert all((splits.test.x == row).all((1, 2, 3)).any() for row in posed)
    assert all((splits.valid.x == row).all((1, 2, 3)).any() for row in before)  # a cache of the warm-up gains nothing
    made = written(run.root, tmp_path / "two", Author(), ["autoencoder"])
    assert refusals(verdict(tmp_path / "two", suite, supervisor, tmp_path)) == []
    assert list(made.bundle.exams) == ["interpolate"]
    forging.noted(tmp_path / "two", lambda note: note["exams"].update(interpolate="0" * 64))
    shutil.rmtree(tmp_path / "scratch")
    found = refusals(verdict(tmp_path / "two", suite, supervisor, tmp_path))
    assert found
    assert {check for check, _ in found} <= {Check.SCORES, Check.GATES, Check.EVIDENCE}


def test_a_bundle_of_some_of_a_suites_tasks_passes_and_one_of_a_task_that_is_none_does_not(
    own: Path, forged: Path, plain: tiny.Run, supervisor: Supervisor, tmp_path: Path
) -> None:
    tiny_suite = plain.root.parents[1] / "tiny.toml"
    more = tiny_suite.with_name("more.toml")
    more.write_text(f"{tiny_suite.read_text()}\n{INTERPOLATING}")
    assert refusals(verdict(own, more, supervisor, tmp_path)) == []
    terms = terms_of("tiny", str(more), catalogues.read(supervisor), ["all"])  # as where another record asked both
    assert list(terms.suite.tasks) == ["generate", "interpolate"]
    for record in plain.finished.records:
        assert list(protocol_faults(Bundled("records/a.json", record), terms.suite, record.dataset)) == []
        wanting = replace(terms.suite, tasks={"interpolate": terms.suite.tasks["interpolate"]})
        assert list(protocol_faults(Bundled("records/a.json", record), wanting, record.dataset))

    def invented(record: Value) -> None:
        record["suite"]["tasks"]["other"] = record["suite"]["tasks"]["generate"]

    forging.recorded(forged, invented)
    shutil.rmtree(tmp_path / "scratch")
    ((check, line),) = refusals(verdict(forged, more, supervisor, tmp_path))
    assert check is Check.PROTOCOL
    assert "no task is named 'other'" in line


def score(record: Value) -> None:
    record["candidates"][0]["scores"]["clipped-density@pixels"]["value"] += 1e-9


def future(record: Value) -> None:
    record["finished"] = "2999-01-01T00:00:00Z"


def named(text: str) -> Callable[[Value], None]:
    return lambda record: record["model"].update(description=text)


def of_suite(key: str, value: object) -> Callable[[Value], None]:
    return lambda record: record["suite"].update({key: value})


def stage(name: str) -> Callable[[Value], None]:
    """Scoring under another name, or under none."""

    def change(record: Value) -> None:
        facts = record["stages"].pop("score/generate")
        record["stages"] |= {"score/generate": facts, f"score/{name}": facts} if name else {}

    return change


def control(record: Value) -> None:
    record["model"].update(control="ceiling", distribution="genbench")


def gate(record: Value) -> None:
    record["candidates"][0]["memorisation"].update(status="flagged", reason="it copies")


def linked(folder: Path) -> None:
    (folder / "records/other.default.0.json").symlink_to(folder / RECORD)


def huge(folder: Path) -> None:
    os.truncate(folder / RECORD, JSON_LIMIT + 1)


def large(folder: Path) -> None:
    os.truncate(folder / SAMPLE / "samples.safetensors", 2**30 + 1)


def outside(folder: Path) -> None:
    forging.noted(folder, lambda note: note["files"][0].update(path="../../etc/passwd"))


def elsewhere(folder: Path) -> None:
    (folder / "sitecustomize").mkdir()
    (folder / "sitecustomize/x.json").write_text("{}")
    forging.listed(folder)


def deep(folder: Path) -> None:
    (folder / "bundle.json").write_text("[" * 1000 + "]" * 1000)


def nan(folder: Path) -> None:
    path = folder / RECORD
    path.write_text(path.read_text().replace('"elapsed": ', '"elapsed": NaN, "x": ', 1))
    forging.listed(folder)


def swapped_suite(folder: Path) -> None:
    forging.recorded(folder, of_suite("name", "digits"))
    forging.noted(folder, lambda note: note.update(suite="digits"))


def swapped_protocol(folder: Path) -> None:
    forging.recorded(folder, lambda record: record.update(protocol="e" * 64))
    forging.noted(folder, lambda note: note.update(protocol="e" * 64))


def again_as_seed_1(folder: Path) -> None:
    forging.recorded(folder, lambda record: record.update(seed=1), to="records/plain.default.1.json")
    shutil.copytree(folder / TRIAL, folder / "evidence/plain.default.1")
    forging.listed(folder)


def doubled(folder: Path) -> None:
    shutil.copy(folder / RECORD, folder / "records/plain.default.1.json")
    forging.listed(folder)


def pickled(folder: Path) -> None:
    (folder / SAMPLE / "samples.safetensors").write_bytes(b"\x80\x04K\x01.")
    forging.listed(folder)


def rotten(folder: Path) -> None:
    path = folder / RECORD
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 3', 1))


def busy(timing: Value) -> None:
    for own in timing["repetitions"]:
        own["cpu"] = own["seconds"] / 5


def hurried(timing: Value) -> None:
    for own in timing["repetitions"]:
        own["seconds"] += 9


def sped_up(record: Value) -> None:
    record["candidates"][0]["scores"]["throughput"]["value"] *= 10


FORGED: dict[str, tuple[Forge, Check]] = {
    "a score by a billionth": (lambda folder: forging.recorded(folder, score), Check.SCORES),
    "a gate's verdict": (lambda folder: forging.recorded(folder, gate), Check.GATES),
    "noise as samples": (
        lambda folder: forging.drawn(folder, np.random.default_rng(0).integers(0, 17, (100, 1, 8, 8)).astype(np.uint8)),
        Check.SCORES,
    ),
    "another seed's samples": (again_as_seed_1, Check.EVIDENCE),
    "another protocol": (swapped_protocol, Check.PROTOCOL),
    "another suite": (swapped_suite, Check.PROTOCOL),
    "another extractor": (
        lambda folder: forging.recorded(folder, of_suite("extractor", "digits-net")),
        Check.PROTOCOL,
    ),
    "a larger budget": (lambda folder: forging.recorded(folder, of_suite("images", 501)), Check.PROTOCOL),
    "one trial twice": (doubled, Check.RECORDS),
    "a model that says it is a control": (lambda folder: forging.recorded(folder, control), Check.PLUGIN),
    "a pickle called samples": (pickled, Check.EVIDENCE),
    "a pickle": (lambda folder: (folder / "x.pkl").write_bytes(b"\x80\x04."), Check.FOLDER),
    "a link": (linked, Check.FOLDER),
    "a pipe": (lambda folder: os.mkfifo(folder / "x.json"), Check.FOLDER),
    "a path that leaves": (outside, Check.LISTING),
    "a file at no place": (elsewhere, Check.LISTING),
    "a file that is not listed": (lambda folder: (folder / "records/x.json").write_text("{}"), Check.LISTING),
    "a file that is missing": (lambda folder: (folder / SAMPLE / "drawn.safetensors").unlink(), Check.LISTING),
    "a file that was changed": (rotten, Check.LISTING),
    "huge JSON": (huge, Check.FOLDER),
    "a file of more than a GiB": (large, Check.FOLDER),
    "deep JSON": (deep, Check.LISTING),
    "NaN": (nan, Check.RECORDS),
    "a number for a text": (
        lambda folder: forging.recorded(folder, lambda record: record["model"].update(name=3)),
        Check.RECORDS,
    ),
    "control characters": (lambda folder: forging.recorded(folder, named("\x1b[2Jgood")), Check.RECORDS),
    "a record of the future": (lambda folder: forging.recorded(folder, future), Check.RECORDS),
    "an author written backwards": (
        lambda folder: forging.noted(folder, lambda note: note.update(author="\u202eevil")),
        Check.LISTING,
    ),
    "no record": (
        lambda folder: [(folder / RECORD).unlink(), shutil.rmtree(folder / "evidence"), forging.listed(folder)],
        Check.LISTING,
    ),
    "a speed that was not clocked": (lambda folder: forging.recorded(folder, sped_up), Check.SCORES),
    "a speed of a busy machine": (lambda folder: forging.timed(folder, busy), Check.SPEED),
    "a speed that its clock denies": (lambda folder: forging.timed(folder, hurried), Check.SPEED),
    "a stage of no suite": (lambda folder: forging.recorded(folder, stage("extra")), Check.EVIDENCE),
    "a stage that is left out": (lambda folder: forging.recorded(folder, stage("")), Check.EVIDENCE),
    "an empty folder": (lambda folder: [shutil.rmtree(folder), folder.mkdir()], Check.FOLDER),
}


@pytest.mark.parametrize("fault", FORGED)
def test_a_forged_bundle_is_refused_by_the_check_that_is_there_for_it(
    fault: str, forged: Path, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    forge, check = FORGED[fault]
    forge(forged)
    if fault == "a speed of a busy machine":
        monkeypatch.setattr(clocks, "LEAST_ATTENDED", 0.25)
    found = refusals(verify(forged))
    assert found
    assert found[0][0] is check
    if fault == "a score by a billionth":
        ((_, line),) = found
        assert line.startswith("scores: plain seed 0, generate default: scores.clipped-density@pixels.value: recorded ")


@pytest.mark.parametrize("split", ["train", "valid", "test", "held"])
def test_copies_of_the_data_are_seen_by_the_gate_whatever_the_record_says(
    split: str, forged: Path, verify: Verify
) -> None:
    forging.drawn(forged, np.ascontiguousarray(getattr(Digits().splits(), split).x[:100]))
    lines = [line for check, line in refusals(verify(forged)) if check is Check.GATES]
    assert any("memorisation.status: recorded 'clear', recomputed 'flagged'" in line for line in lines)


def test_a_folder_of_too_many_bytes_is_refused_before_any_is_read(
    forged: Path, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "MOST_BYTES", 1000)
    ((check, line),) = refusals(verify(forged))
    assert check is Check.FOLDER
    assert "expected at most" in line


def test_code_that_differs_from_the_installed_one_of_its_version_is_altered(
    forged: Path, verify: Verify, site: Path
) -> None:
    info = site / "genbench_altered-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: genbench-altered\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[genbench.models]\naltered = genbench_altered\n")
    (site / "genbench_altered.py").write_text("")
    forging.recorded(forged, lambda record: record["model"].update(distribution="genbench-altered", version="1.0"))
    try:
        lines = [line for check, line in refusals(verify(forged)) if check is Check.PLUGIN]
    finally:
        shutil.rmtree(info)
        (site / "genbench_altered.py").unlink()
    assert len(lines) == 1
    assert lines[0].endswith("is another one: altered")


def test_the_commands_write_and_verify_and_never_write_over_anything(
    plain: tiny.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, suite = tmp_path / "mine", str(plain.root.parents[1] / "tiny.toml")
    words = ["bundle", str(plain.root), "-o", str(place), "-m", "plain", "--author", "A. Nother"]
    assert main(words) == 0
    assert main(words) == 2
    assert "is there already" in capsys.readouterr().err
    assert main(["verify", str(place), "--suite", suite, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["passed"]
    assert said["bundle"]["author"] == "A. Nother"
    forging.recorded(place, score)
    assert main(["verify", str(place), "--suite", suite]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[-1] == "refused: 1 finding"
    assert any(line.startswith("refused: scores: plain seed 0") for line in out)
    assert main(["verify", str(tmp_path / "nothing")]) == 2


def test_a_suite_that_is_not_here_is_said(own: Path, supervisor: Supervisor, tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    ((check, line),) = refusals(verified(own, tmp_path / "scratch", Sources(), supervisor))
    assert check is Check.PROTOCOL
    assert line.startswith("protocol: the suite tiny cannot be had here: no suite is named 'tiny'")


def test_a_record_whose_evidence_was_changed_is_not_bundled(plain: tiny.Run, tmp_path: Path) -> None:
    root = Path(shutil.copytree(plain.root, tmp_path / "run"))
    with (root / "plain.default.0/sample/default/samples.safetensors").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(GenbenchError, match=r"samples\.safetensors is not what the record beside it was made of"):
        written(root, tmp_path / "bundle", Author(), ["plain"])
    assert not list(tmp_path.glob("*bundle*"))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (1.0, 1.00001, True),
        (1.0, 1.0001, False),
        ("p = 0.0021, 3 rows", "p = 0.0022, 3 rows", True),
        ("p = 0.0021, 3 rows", "p = 0.0021, 4 rows", False),
        ("p = 1e-05", "p = 2e-05", True),
        ("p = 1e-05", "p = 1e-03", False),
        (3, 4, False),
        (True, False, False),
    ],
)
def test_on_another_machine_numbers_may_differ_a_little_and_nothing_else(
    one: object, other: object, same: bool
) -> None:
    found = list(differences({"scores": {"fd": one}}, {"scores": {"fd": other}}, LOOSE, ()))
    assert (not found) is same
    assert list(differences({"elapsed": 1.0}, {"elapsed": 1.00001}, LOOSE, ())) != []  # what no machine computes


def test_merge_takes_a_bundle_that_passes_and_nothing_of_one_that_does_not(
    plain: tiny.Run, own: Path, forged: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite, board = str(plain.root.parents[1] / "tiny.toml"), tmp_path / "board"
    (board / "records").mkdir(parents=True)
    forging.recorded(forged, score)
    assert main(["merge", str(own), str(forged), "--into", str(board), "--suite", suite]) == 1
    assert f"{forged}: refused: scores: plain seed 0" in capsys.readouterr().err
    assert [path.name for path in board.rglob("*")] == ["records"]
    assert main(["merge", str(own), "--into", str(board), "--suite", suite, "--no-report"]) == 0
    assert not (board / "report").exists()
    kept = board / "records/plain.default.0.json"
    assert kept.read_bytes() == (own / RECORD).read_bytes()
    (status,) = json.loads((board / "verified.json").read_text())["records"].items()
    assert status[0] == json.loads(kept.read_text())["sha256"]
    assert (status[1]["status"], status[1]["author"]) == ("recomputed", "A. Nother")
    before = (board / "verified.json").read_bytes()
    assert main(["merge", str(own), "--into", str(board), "--suite", suite]) == 0  # once more changes nothing
    assert (board / "verified.json").read_bytes() == before
    first = capsys.readouterr().out.splitlines()[-1]
    assert first.startswith(f"report: {board}/report/")
    assert "recomputed" in Path(first.removeprefix("report: ")).read_text()
    assert main(["report", str(board), "--out", str(tmp_path / "site")]) == 0  # no file of the report is a record


def test_a_bundle_says_how_far_records_were_verified_that_lay_on_the_board_before(
    plain: tiny.Run, own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board, suite = tmp_path / "boards/new", str(plain.root.parents[1] / "tiny.toml")
    assert main(["merge", str(plain.root), "--into", str(board), "--no-report"]) == 0
    assert not (board / "verified.json").exists()
    assert main(["report", str(board.parent), "--out", str(tmp_path / "site")]) == 0  # a folder of boards
    assert main(["merge", str(own), "--into", str(board), "--suite", suite, "--no-report"]) == 0
    sha256 = json.loads((board / "records/plain.default.0.json").read_text())["sha256"]
    assert json.loads((board / "verified.json").read_text())["records"][sha256]["status"] == "recomputed"
    main(["key", str(tmp_path / "m.key"), "--name", "M. Aintainer"])
    capsys.readouterr()
    main(["key", str(tmp_path / "m.key"), "--name", "M. Aintainer"])  # prints it again
    (board.parent / "keys.toml").write_text(capsys.readouterr().out)
    again = ["merge", str(plain.root), "--into", str(board), "--no-report", "--key", str(tmp_path / "m.key")]
    assert main(again) == 0  # what is noted already is signed
    (voucher,) = vouchers.read(board).values()
    assert (voucher.by, voucher.status.value) == ("M. Aintainer", "recomputed")


def test_merge_names_both_files_of_a_trial_that_differ_and_writes_nothing(
    plain: tiny.Run, own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board, suite = tmp_path / "board", str(plain.root.parents[1] / "tiny.toml")
    other = Path(shutil.copytree(own, tmp_path / "other"))
    forging.recorded(other, lambda record: record["machine"].update(isolation="landlock 9"))  # which no score tells
    (board / "records").mkdir(parents=True)
    shutil.copy(other / RECORD, board / "records/plain.default.0.json")
    assert main(["merge", str(own), "--into", str(board), "--suite", suite]) == 2
    said = capsys.readouterr().err
    assert "two different records of plain seed 0" in said
    assert str(own / RECORD) in said
    assert not (board / "verified.json").exists()
