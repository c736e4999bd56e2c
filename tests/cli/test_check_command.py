"""`genbench check` from the command line: its exit code, its lines and its report."""

from pathlib import Path

import pytest

from genbench.cli import main
from genbench.files import codec
from genbench.records.checks import CheckReports, CheckStatus


def test_a_plugin_that_cannot_be_imported_fails_with_a_line_and_a_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "mine.py").write_text("import nowhere_to_be_found\n")
    report = tmp_path / "check.json"
    assert main(["check", "mine", "--plugin", str(tmp_path / "mine.py"), "--report", str(report)]) == 1
    line, counts = capsys.readouterr().out.splitlines()
    assert line.startswith("FAILED   listing: expected a plugin without a fault, got cannot be imported: ")
    assert line.endswith(f"look at {tmp_path / 'mine.py'}")
    assert counts.startswith("mine: 0 ok, 0 warnings, 1 failed, 0 not applicable; ")
    (found,) = codec.read(CheckReports, report).reports
    assert [finding.status for finding in found.findings] == [CheckStatus.FAILED]


def test_a_report_that_cannot_be_written_is_told_before_anything_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["check", "mine", "--report", str(tmp_path / "nowhere/check.json")]) == 2
    assert "nowhere" in capsys.readouterr().err
