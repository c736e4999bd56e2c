"""Reports of genbench check in a bundle: taken where they are of the code that was run, and told as self-reported."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import forging
import pytest
import tiny

from genbench.cli import main
from genbench.errors import GenbenchError
from genbench.execution.supervisor import Supervisor
from genbench.files import codec
from genbench.records.checks import CheckReport, CheckReports, broken, doubtful, ok
from genbench.submission.finding import Check
from genbench.submission.rescoring import Sources
from genbench.submission.verification import Verified, verified
from genbench.submission.writing import Author, written

pytestmark = pytest.mark.usefixtures("whatever_the_load")


@pytest.fixture(scope="module")
def report(plain: tiny.Run) -> CheckReport:
    (record,) = [record for record in plain.finished.records if record.model.name == "plain"]
    findings = (ok("fit", "", "it ran"), doubtful("seeds", "", "it has none"))
    return CheckReport("models", "plain", "plain.py", "", record.model.code, "0.1.0", 1.0, findings)


def kept(folder: Path, *reports: CheckReport) -> Path:
    path = folder / "check.json"
    codec.write(path, CheckReports(reports))
    return path


def bundled(plain: tiny.Run, tmp_path: Path, checks: Sequence[Path]) -> Path:
    place = tmp_path / "bundle"
    written(plain.root, place, Author(), ["plain"], checks)
    return place


def verdict(plain: tiny.Run, folder: Path, supervisor: Supervisor, tmp_path: Path) -> Verified:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return verified(folder, scratch, Sources(str(plain.root.parents[1] / "tiny.toml")), supervisor)


def test_a_report_is_told(plain: tiny.Run, report: CheckReport, supervisor: Supervisor, tmp_path: Path) -> None:
    place = bundled(plain, tmp_path, [kept(tmp_path, report)])
    found = verdict(plain, place, supervisor, tmp_path)
    assert found.passed
    (line,) = [str(own) for own in found.findings if "checks/plain." in own.words]
    assert line.startswith("self-reported: checks/plain.")
    assert line.endswith("genbench 0.1.0 checked plain: passed 1 checks, 1 warning")


def test_its_absence_and_its_failures_are_told(
    plain: tiny.Run, report: CheckReport, supervisor: Supervisor, tmp_path: Path
) -> None:
    failed = replace(report, findings=(broken("reload", "8x8", "the same", "another"),))
    place = bundled(plain, tmp_path, [kept(tmp_path, failed)])
    found = verdict(plain, place, supervisor, tmp_path)
    assert any(own.words.endswith("checked plain: failed: reload 8x8") for own in found.findings)
    assert not any("no report of genbench check" in own.words for own in found.findings)


def test_a_bundle_without_one_passes_and_says_so(plain: tiny.Run, supervisor: Supervisor, tmp_path: Path) -> None:
    found = verdict(plain, bundled(plain, tmp_path, []), supervisor, tmp_path)
    assert found.passed
    assert any(own.words == "no report of genbench check is here for plain" for own in found.findings)


def test_a_report_of_other_code_is_not_bundled_and_not_accepted(
    plain: tiny.Run, report: CheckReport, supervisor: Supervisor, tmp_path: Path
) -> None:
    other = replace(report, code="0" * 64)
    with pytest.raises(GenbenchError, match=r"is of plain with the code 0{12}…, and the records are of"):
        bundled(plain, tmp_path, [kept(tmp_path, other)])
    place = bundled(plain, tmp_path, [kept(tmp_path, report)])
    (path,) = (place / "checks").iterdir()
    codec.write(path, CheckReports((other,)))
    forging.listed(place)
    refused = [own for own in verdict(plain, place, supervisor, tmp_path).findings if own.refused]
    assert [own.check for own in refused] == [Check.PLUGIN]


@pytest.mark.parametrize("text", ["{", '{"reports": []}', '{"reports": [{"kind": 3}]}'])
def test_what_is_no_report_is_refused(text: str, plain: tiny.Run, tmp_path: Path, report: CheckReport) -> None:
    (tmp_path / "check.json").write_text(text)
    with pytest.raises(GenbenchError):
        bundled(plain, tmp_path, [tmp_path / "check.json"])
    with pytest.raises(GenbenchError, match="is a report on no model"):
        bundled(plain, tmp_path, [kept(tmp_path, replace(report, kind="metrics"))])
    assert not (tmp_path / "bundle").exists()


def test_the_command_takes_reports(plain: tiny.Run, report: CheckReport, tmp_path: Path) -> None:
    words = ["bundle", str(plain.root), "-o", str(tmp_path / "b"), "-m", "plain"]
    assert main([*words, "--check", str(kept(tmp_path, report))]) == 0
    assert [path.name.partition(".")[0] for path in (tmp_path / "b/checks").iterdir()] == ["plain"]
    assert main([*words, "--check", str(tmp_path / "none.json")]) == 2
