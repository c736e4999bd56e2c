import copy
from pathlib import Path
from typing import Any

import pytest
import records
from schemas import faults

from genbench.files.codec import encoded
from genbench.records import record_schema
from genbench.records.files import read_records
from genbench.records.record import Record

PUBLISHED = Path(__file__).parents[2] / "leaderboards" / "digits" / "records"
SCHEMA = record_schema()


def wrong(value: Any) -> list[str]:
    return list(faults(value, SCHEMA, SCHEMA))


def test_every_published_record_is_what_the_schema_says() -> None:
    found = read_records(PUBLISHED)
    assert len(found) == len([*PUBLISHED.glob("*.json")]) >= 69
    assert [fault for record in found for fault in wrong(encoded(record))] == []


def test_a_full_board_is_what_the_schema_says() -> None:
    assert [fault for record in records.board_records(1) for fault in wrong(encoded(record))] == []


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        (("seed",), -1, "$.seed: -1 against minimum"),
        (("seed",), True, "$.seed: True is no integer"),
        (("format",), 1, "$.format: 1 against minimum"),
        (("protocol",), "", "$.protocol: '' against minLength"),
        (("extra",), 1, "$.extra is unknown"),
        (("suite", "tasks"), {}, "$.suite.tasks: {} against minProperties"),
        (("candidates", 0, "status"), "fine", "$.candidates[0].status: 'fine' against enum"),
        (("candidates", 0, "scores", "throughput", "value"), 1e31, "$.candidates[0].scores.throughput.value: 1e+31"),
    ],
)
def test_the_schema_refuses_what_is_no_record(path: tuple[str | int, ...], value: Any, fault: str) -> None:
    whole = copy.deepcopy(encoded(records.record()))
    *parents, last = path
    part = whole
    for key in parents:
        part = part[key]
    part[last] = value
    assert wrong(whole)[0].startswith(fault)


def test_the_schema_describes_every_field() -> None:
    parts = SCHEMA["$defs"]
    assert {"Record", "Candidate", "ScoreRecord", "Missing", "Machine", "Space", "CopyVerdict"} <= set(parts)
    bare = [
        f"{name}.{field}"
        for name, part in parts.items()
        for field, found in part.get("properties", {}).items()
        if not found.get("description")
    ]
    assert bare == []
    assert SCHEMA["$ref"] == f"#/$defs/{Record.__name__}"
