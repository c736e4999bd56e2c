import copy
import gc
import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from records import VALUES, board_records, candidate, memorisation, record

from genbench.errors import GenbenchError
from genbench.files.codec import encoded
from genbench.files.plain import sealed
from genbench.records.files import read, read_records, record_of, undated, write
from genbench.records.gates import GateStatus
from genbench.records.score import failed


def plain(**changes: Any) -> dict[str, Any]:
    """A record as JSON, with other values at its top."""
    return {**copy.deepcopy(encoded(record())), **changes}


def test_a_record_reads_back_as_it_was_written(tmp_path: Path) -> None:
    for own in board_records(1):
        written = write(tmp_path / "record.json", own)
        assert read(tmp_path / "record.json") == written
        assert replace(written, sha256="") == own


def test_a_record_is_sealed_with_the_hash_of_its_text(tmp_path: Path) -> None:
    written = write(tmp_path / "a.json", record())
    text = (tmp_path / "a.json").read_text()
    assert json.loads(text)["sha256"] == written.sha256
    assert hashlib.sha256(text.replace(written.sha256, "").encode()).hexdigest() == written.sha256
    assert write(tmp_path / "b.json", written) == written  # a seal is not of a seal


@pytest.mark.parametrize("layout", [{"indent": 4}, {"separators": (",", ":")}, {"ensure_ascii": False}])
def test_a_record_that_is_laid_out_anew_says_the_same(tmp_path: Path, layout: dict[str, Any]) -> None:
    own = record()
    own = replace(own, suite=replace(own.suite, title="Ziffern, größer"))
    written = write(tmp_path / "a.json", own)
    value = json.loads((tmp_path / "a.json").read_text())
    (tmp_path / "a.json").write_text(json.dumps(value, **layout))
    assert read(tmp_path / "a.json") == written


@pytest.mark.parametrize(
    ("before", "after"), [('"seed": 0', '"seed": 1'), ('"sha256": "', '"sha256": "0'), ('"seed": 0,', "")]
)
def test_a_record_that_was_changed_is_refused(tmp_path: Path, before: str, after: str) -> None:
    write(tmp_path / "a.json", record())
    text = (tmp_path / "a.json").read_text()
    assert before in text
    (tmp_path / "a.json").write_text(text.replace(before, after))
    with pytest.raises(GenbenchError, match="its content and its sha256 differ; take the original"):
        read(tmp_path / "a.json")


def test_garbage_is_collected_again_after_reading(tmp_path: Path) -> None:
    write(tmp_path / "a.json", record())
    assert gc.isenabled()
    read_records(tmp_path)
    (tmp_path / "b.json").write_text("{")
    with pytest.raises(GenbenchError):
        read_records(tmp_path)
    assert gc.isenabled()


def test_a_file_has_the_fields_in_their_order(tmp_path: Path) -> None:
    own = record()
    tasks = {"walk": own.suite.tasks["generate"], **own.suite.tasks}
    write(tmp_path / "a.json", replace(own, suite=replace(own.suite, tasks=tasks)))
    assert list(json.loads((tmp_path / "a.json").read_text()))[:3] == ["format", "protocol", "suite"]
    assert list(read(tmp_path / "a.json").suite.tasks) == ["walk", "generate"]


def test_a_missing_score_keeps_its_kind(tmp_path: Path) -> None:
    own = candidate("vae", VALUES, missing={"bits-per-dim": failed("boom")})
    write(tmp_path / "a.json", record(candidates=[own]))
    assert read(tmp_path / "a.json").candidates[0].missing == {"bits-per-dim": failed("boom")}


def test_what_a_record_says_is_compared_without_when_it_was_written(tmp_path: Path) -> None:
    early = write(tmp_path / "a.json", record(finished="2026-01-01T00:00:00Z"))
    late = write(tmp_path / "b.json", record(finished="2026-02-01T00:00:00Z"))
    assert early != late
    assert undated(early) == undated(late)


def test_records_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    names = [f"{i:02}.json" for i in range(20)]
    for name in (*random.Random(0).sample(names, 20), "notes.txt"):
        write(tmp_path / name, record(name))
    assert [r.model.name for r in read_records(tmp_path)] == names


def test_the_records_of_a_runs_trials_are_read_from_its_folder(tmp_path: Path) -> None:
    for name in ("b", "a"):
        tmp_path.joinpath(name).mkdir()
        write(tmp_path / name / "record.json", record(name))
    assert [r.model.name for r in read_records(tmp_path)] == ["a", "b"]


def test_a_record_that_was_changed_after_it_was_written_is_refused_by_name(tmp_path: Path) -> None:
    write(tmp_path / "a.json", record("a"))
    text = (tmp_path / "a.json").read_text()
    (tmp_path / "a.json").write_text(text.replace('"seed": 0', '"seed": 1', 1))
    with pytest.raises(GenbenchError, match=r"a\.json is not as genbench wrote it: its content and its sha256 differ"):
        read_records(tmp_path)
    (tmp_path / "a.json").write_text(text)
    assert len(read_records(tmp_path)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"format": 3, "format": 3}',
        '{"format": NaN}',
        '{"format": [], "sha256": ""}',
        '{"format": {}, "sha256": ""}',
        '{"format": 3, "sha256": 3}',
        '{"format": 3, "sha256": ""}',
        "[]",
        json.dumps(sealed({"format": 2})),
        json.dumps(sealed({"format": 2, "deep": json.loads("[" * 40 + "]" * 40)})),
    ],
)
def test_a_file_that_holds_no_record_is_named(tmp_path: Path, text: str) -> None:
    tmp_path.joinpath("bad.json").write_text(text)
    with pytest.raises(GenbenchError, match=r"bad\.json") as caught:
        read_records(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "a record is a JSON object of format 1 to 3, got a list"),
        ({}, "got format None"),
        (plain(format=4), "got format 4; a newer genbench wrote it, which reads it too"),
        (plain(format=True), "got format True"),
        (plain(protocol=""), r"record.protocol: expected str of length >= 1"),
        (plain(seed=None), r"record.seed: expected int, got null"),
        (plain(seed=True), r"record.seed: expected int, got bool"),
        (plain(seed="0"), r"record.seed: expected int, got str"),
        (plain(candidates={"a": 1}), "record.candidates: expected array, got object"),
        (plain(curve=[{"loss": float("nan")}]), r"record.curve\[0\].*expected float"),
        (plain(surplus=1), "record.surplus is no field that genbench knows"),
        ({key: value for key, value in plain().items() if key != "machine"}, "missing required field machine"),
    ],
)
def test_a_record_of_another_form_is_refused_with_the_field(value: Any, message: str) -> None:
    with pytest.raises(GenbenchError, match=message) as caught:
        record_of(value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def put(*path: str | int, to: Any) -> Callable[[Any], None]:
    """Puts a value at a path of a record's only candidate."""

    def change(candidate: Any) -> None:
        for key in path[:-1]:
            candidate = candidate[key]
        candidate[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("name", to=""), r"candidates\[0\].name: expected str of length >= 1"),
        (put("status", to="Flagged"), r"candidates\[0\].status: invalid enum value 'Flagged'"),
        (put("scores", "throughput", "value", to=float("inf")), "expected float <"),
        (put("scores", "throughput", "value", to="12"), "expected float, got str"),
        (put("scores", "throughput", "value", to=10**400), "value: number out of range"),
        (put("scores", "throughput", "direction", to="sideways"), "invalid enum value 'sideways'"),
        (put("missing", "x", to={"kind": "failed"}), "missing required field reason"),
        (put("memorisation", "status", to="Flagged"), r"memorisation.status: invalid enum value 'Flagged'"),
        (put("memorisation", "tests", 0, "share", to=1.5), r"tests\[0\].share: expected float <= 1"),
        (put("memorisation", "tests", 0, "flagged", to=1), r"tests\[0\].flagged: expected bool"),
        (put("memorisation", "suspicious", 0, "row", to=1.5), r"suspicious\[0\].row: expected int"),
        (put("memorisation", "pairs", to=7), r"memorisation.pairs: expected str"),
        (put("audits", to={"status": "passed "}), "audits.status: invalid enum value 'passed '"),
        (put("exhibits", to=["grid"]), "exhibits: expected object"),
    ],
)
def test_a_candidate_of_another_form_is_refused_with_the_field(change: Callable[[Any], None], message: str) -> None:
    value = plain()
    change(value["candidates"][0])
    with pytest.raises(GenbenchError, match=message) as caught:
        record_of(value)
    assert "\n" not in str(caught.value)


def test_text_that_utf_8_cannot_spell_is_replaced(tmp_path: Path) -> None:
    write(tmp_path / "a.json", record("lone \ud800 half", candidates=[candidate("lone \ud800 half", VALUES)]))
    found = read(tmp_path / "a.json")
    assert (found.model.name, found.candidates[0].name) == ("lone ? half", "lone ? half")


def test_a_gate_that_flags_says_so() -> None:
    assert memorisation(GateStatus.FLAGGED).flagged
    assert not memorisation(GateStatus.UNAVAILABLE).flagged
