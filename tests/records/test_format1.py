import json
from pathlib import Path
from typing import Any

import pytest

from genbench.errors import GenbenchError
from genbench.files.plain import sealed
from genbench.leaderboard import Leaderboard
from genbench.records.audits import AuditStatus
from genbench.records.files import read, read_records, record_of, write
from genbench.records.gates import GateStatus
from genbench.records.kinds import Axis, ControlKind, Family, Likelihood, Scale
from genbench.records.score import failed, not_applicable
from genbench.records.status import Status

PUBLISHED = Path(__file__).parent / "format1"  # a board of three seeds, as it was published once
LEAST = {"format": 1, "protocol": "p", "seed": 0, "model": {"reference": "m"}, "candidates": [{"name": "m"}]}


def old(name: str = "ddpm.default.0.json") -> dict[str, Any]:
    """A published record as its file says it."""
    value: dict[str, Any] = json.loads((PUBLISHED / name).read_text())
    return value


def put(*path: str | int, to: Any) -> dict[str, Any]:
    """A published record with another value somewhere."""
    value = part = old()
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = to
    return value


def test_published_records_verify_and_rank_as_they_did() -> None:
    board = Leaderboard.of(read_records(PUBLISHED))
    assert board.sentence == (
        "Provisional, fewer than 5 seeds. No candidate wins quality, coverage and speed at once: each of the 3 in the "
        "running is significantly beaten on at least one axis (α = 0.05, Holm over 6 comparisons). Fragile: rests on "
        "ddpm/ddpm and gan."
    )
    assert [row.name for row in board.rows][:3] == ["ddpm/ddpm", "gan", "ddpm/ddim-25"]


def test_the_one_task_is_made_of_what_stood_at_the_top_of_the_suite() -> None:
    suite, told = read(PUBLISHED / "ddpm.default.0.json").suite, old()["suite"]
    assert list(suite.tasks) == ["generate"]
    terms = suite.tasks["generate"]
    assert (terms.count, list(terms.scores), dict(terms.axes)) == (told["count"], told["scores"], told["axes"])
    assert [axis for axis, _ in terms.ranked] == ["quality", "coverage", "speed"]
    assert (suite.images, suite.limits["fit"], suite.latency_seconds) == (300_000, 600.0, 5.0)


def test_a_candidate_keeps_all_that_it_said() -> None:
    found, told = read(PUBLISHED / "ddpm.default.0.json").candidates[0], old()["candidates"][0]
    assert (found.task, found.name, found.status, found.stage) == ("generate", "ddpm/ddpm", Status.OK, None)
    assert found.exhibits == {"grid": told["grid"]}
    assert found.likelihood is Likelihood.LOWER_BOUND
    assert found.timing is not None
    assert list(found.timing.batches) == told["timing"]["batches"]
    assert found.memorisation is not None
    assert (found.memorisation.status, len(found.memorisation.tests)) == (GateStatus.CLEAR, 4)
    assert {(test.bound, test.note) for test in found.memorisation.tests} == {(None, "")}
    assert "p = 0.08" in str(found.memorisation.tests[0])
    assert found.audits is not None
    assert found.audits.status is AuditStatus.PASSED
    assert {name: score.value for name, score in found.scores.items()} == {
        name: score["value"] for name, score in told["scores"].items()
    }


def test_a_machine_is_made_of_the_environment() -> None:
    machine = read(PUBLISHED / "ddpm.default.0.json").machine
    assert (machine.speed_class, machine.isolation, machine.tf32) == ("AMD EPYC, 1 thread", "landlock 7", False)


@pytest.mark.parametrize(
    ("name", "scale", "guard"),
    [
        ("clipped-density@digits-net", Scale.SHARE, "fd"),
        ("clipped-coverage@digits-net", Scale.SHARE, ""),
        ("fd@digits-net", Scale.DISTANCE, "fd"),
        ("throughput", Scale.SPEED, ""),
        ("nfe", Scale.SPEED, ""),
        ("bits-per-dim", Scale.PLAIN, ""),
    ],
)
def test_a_score_gets_the_scale_and_the_guard_that_format_1_knew_by_its_name(
    name: str, scale: Scale, guard: str
) -> None:
    score = read(PUBLISHED / "ddpm.default.0.json").candidates[0].scores[name]
    assert (score.scale, score.guard) == (scale, guard)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("real-held-out", ControlKind.CEILING),
        ("independent-pixels", ControlKind.FLOOR),
        ("copycat", ControlKind.COPY),
        ("copycat-noise", ControlKind.COPY),
        ("partial-copycat", ControlKind.COPY),
        ("test-copycat", ControlKind.COPY),
        ("mode-dropper", ControlKind.PROBE),
        ("noise", ControlKind.PROBE),
        ("mean-image", ControlKind.PROBE),
        ("vae", None),
    ],
)
def test_a_control_has_the_kind_that_its_name_says(name: str, kind: ControlKind | None) -> None:
    assert read(PUBLISHED / f"{name}.default.0.json").model.control is kind


def test_what_was_unavailable_because_it_failed_is_missing_as_failed() -> None:
    words = {"a": "failed: ZeroDivisionError: x", "b": "the model gives no likelihood", "c": "a failed: word"}
    found = record_of(put("candidates", 0, "unavailable", to=words)).candidates[0].missing
    assert found == {
        "a": failed("ZeroDivisionError: x"),
        "b": not_applicable("the model gives no likelihood"),
        "c": not_applicable("a failed: word"),
    }


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        ("crashed(SIGSEGV)", Status.CRASHED, -11),
        ("crashed(signal 64)", Status.CRASHED, -64),
        ("crashed", Status.CRASHED, None),
        ("out-of-memory(host)", Status.HOST_MEMORY, None),
        ("skipped", Status.SKIPPED, None),
    ],
)
def test_a_status_in_words_is_one_with_an_exit_code(words: str, status: Status, code: int | None) -> None:
    own = {"name": "m", "status": words, "phase": "fit", "reason": "why"}
    found = record_of({**LEAST, "candidates": [own], "stages": {"fit": {"status": words}}})
    assert (found.candidates[0].status, found.candidates[0].exit_code) == (status, code)
    assert (found.stages["fit"].status, found.stages["fit"].exit_code) == (status, code)
    assert found.candidates[0].stage == "fit"


def test_a_record_with_the_least_that_it_may_have_is_read_and_shown() -> None:
    found = record_of(LEAST)
    assert (found.model.family, found.dataset.space, found.suite.images) == (None, None, 0)
    assert (found.candidates[0].memorisation, found.candidates[0].timing, found.stages) == (None, None, {})
    board = Leaderboard.of([found])
    assert str(board.rows[0].missing) == "failed: no-evidence (the record does not say how it ended)"


@pytest.mark.parametrize("absent", [None, {}])
def test_gates_that_say_nothing_are_absent(absent: Any) -> None:
    own = {"name": "m", "status": "ok", "memorisation": absent, "audits": absent, "timing": absent}
    found = record_of({**LEAST, "candidates": [own]}).candidates[0]
    assert (found.memorisation, found.audits, found.timing) == (None, None, None)


def test_an_audit_may_have_found_numbers_that_no_score_may_have() -> None:
    found = record_of(put("candidates", 0, "audits", "audits", 0, "value", to=1e300)).candidates[0]
    assert found.audits is not None
    assert found.audits.audits[0].value is None
    assert found.audits.audits[0].words == old()["candidates"][0]["audits"]["audits"][0]["words"]


def test_fields_that_nobody_reads_are_left_out() -> None:
    assert record_of({**LEAST, "environment": {"weather": ["rain"]}, "more": {}}).machine == record_of(LEAST).machine


def test_a_record_of_format_1_is_written_in_format_2(tmp_path: Path) -> None:
    written = write(tmp_path / "a.json", read(PUBLISHED / "ddpm.default.0.json"))
    assert json.loads((tmp_path / "a.json").read_text())["format"] == 3
    assert read(tmp_path / "a.json") == written


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (put("seed", to=None), "a record has a protocol, a seed, and names"),
        (put("protocol", to=""), "a record has a protocol"),
        (put("seed", to=True), r"'record.seed' has type int, got True"),
        (put("candidates", to={"a": 1}), "'record.candidates' has type list"),
        (put("candidates", 0, "name", to=""), "names for its model and candidates"),
        (put("curve", to=[{"loss": float("nan")}]), "finite number, got nan"),
        (put("candidates", 0, "scores", "nfe", "value", to="12"), "nfe.value' has type float, got '12'"),
        (put("candidates", 0, "scores", "nfe", "value", to=10**400), "finite number"),
        (put("candidates", 0, "scores", "nfe", "direction", to="sideways"), "invalid enum value 'sideways'"),
        (put("candidates", 0, "memorisation", "status", to="Flagged"), "memorisation.status: invalid enum value"),
        (put("candidates", 0, "memorisation", "tests", to={}), "tests' has type list"),
        (put("candidates", 0, "memorisation", "tests", 0, "share", to="all"), "share' has type float"),
        (put("candidates", 0, "memorisation", "detectable", to={"train": float("nan")}), "finite number"),
        (put("candidates", 0, "audits", "status", to="ok"), "audits.status: invalid enum value 'ok'"),
        (put("candidates", 0, "status", to="fine"), r"record.candidates\[0\].status: invalid enum value 'fine'"),
        (put("model", "family", to="robot"), "record.model.family: invalid enum value 'robot'"),
        (put("dataset", "space", "shape", to=[0]), "record.dataset.space: shape takes positive integers"),
        (put("suite", "images", to=-5), "record.suite.images: expected int >= 0"),
    ],
)
def test_a_field_of_another_type_is_refused_in_one_line(value: Any, message: str) -> None:
    with pytest.raises(GenbenchError, match=message) as caught:
        record_of(value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_the_file_of_a_field_that_is_refused_is_named(tmp_path: Path) -> None:
    tmp_path.joinpath("odd.json").write_text(json.dumps(sealed(put("seed", to="0"))))
    with pytest.raises(GenbenchError, match=r"odd\.json: 'record.seed' has type int, got '0'"):
        read(tmp_path / "odd.json")


def test_words_that_are_not_stated_are_empty_and_the_rest_is_as_it_was() -> None:
    told = {key: value for key, value in old()["model"].items() if key != "needs"}
    found = record_of({**old(), "model": told}).model
    assert (found.needs, found.family) == ((), Family.DIFFUSION)
    assert record_of(old()).candidates[0].scores["nfe"].axis is Axis.SPEED
