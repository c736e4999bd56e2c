"""`genbench schema`: programs that read records can hold them against it."""

import json

import pytest

from genbench.cli import main


def test_the_schema_of_a_record_describes_every_field(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "record"]) == 0
    text, error = capsys.readouterr()
    schema = json.loads(text)
    kinds = {name: kind["properties"] for name, kind in schema["$defs"].items() if "properties" in kind}
    assert error == ""
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$ref"] == "#/$defs/Record"
    assert {"format", "suite", "dataset", "model", "machine", "stages", "candidates"} <= set(kinds["Record"])
    fields = [(name, field) for name, fields in kinds.items() for field in fields]
    assert [(name, field) for name, field in fields if not kinds[name][field].get("description")] == []


def test_the_schema_of_a_check_describes_every_field(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "check"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["$ref"] == "#/$defs/CheckReports"
    kinds = {name: kind["properties"] for name, kind in schema["$defs"].items() if "properties" in kind}
    assert set(kinds) == {"CheckReports", "CheckReport", "CheckFinding"}
    assert all(field.get("description") for fields in kinds.values() for field in fields.values())


def test_there_is_no_schema_of_something_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "leaderboard"]) == 2
    assert "argument what: invalid choice: 'leaderboard'" in capsys.readouterr().err
