"""Reports of `genbench check` in a bundle: of the code that its records are of. What they say has to be believed."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from genbench.contracts.settings import split_reference
from genbench.errors import GenbenchError
from genbench.files import codec
from genbench.records.checks import CheckReport, CheckReports, CheckStatus
from genbench.records.record import Record
from genbench.submission.bundle import CHECKS, Bundle
from genbench.submission.finding import Check, Finding, noted, refused
from genbench.submission.reading import Bundled

MODELS = "models"  # the kind that a bundle's reports are of


def read_reports(path: Path) -> tuple[CheckReport, ...]:
    """The reports on models that a file holds.

    Raises:
        GenbenchError: no readable JSON, not of that form, or on no model.
    """
    found = tuple(report for report in codec.read(CheckReports, path).reports if report.kind == MODELS)
    if not found:
        raise GenbenchError(f"{path} is a report on no model; genbench check NAME --report FILE writes one")
    return found


def fault(report: CheckReport, records: Sequence[Record]) -> str:
    """Why a report is not of the code that was run, in words; "" where it is."""
    name = split_reference(report.name)[0]
    codes = {record.model.code for record in records if record.model.name == name}
    if not codes:
        return f"is of {ascii(report.name)[:60]}, which no record here is of"
    if report.code not in codes:
        return f"is of {name} with the code {report.code[:12]}…, and the records are of {', '.join(_short(codes))}"
    return ""


def _short(codes: set[str]) -> list[str]:
    return [f"{code[:12]}…" for code in sorted(codes)]


def report_findings(records: Sequence[Bundled], folder: Path, bundle: Bundle) -> Iterator[Finding]:
    """What the reports in a bundle are, and which of its models have none.

    Args:
        folder: the bundle's own copy.
    """
    checked: set[str] = set()
    for path in (file.path for file in bundle.files if file.path.startswith(f"{CHECKS}/")):
        try:
            reports = read_reports(folder / path)
        except GenbenchError as error:
            yield refused(Check.LISTING, str(error).replace(f"{folder}/", ""))
            continue
        for report in reports:
            words = fault(report, [own.record for own in records])
            if words:
                yield refused(Check.PLUGIN, f"{path} {words}")
            else:
                checked.add(split_reference(report.name)[0])
                yield noted(Check.SELF_REPORTED, f"{path}: {told(report)}")
    names = {own.record.model.name for own in records if own.record.model.control is None}
    if unchecked := sorted(names - checked):
        yield noted(Check.SELF_REPORTED, f"no report of genbench check is here for {', '.join(unchecked)}")


def told(report: CheckReport) -> str:
    """What a report says, in a line."""
    failed = [f"{own.check} {own.of}".rstrip() for own in report.findings if own.status is CheckStatus.FAILED]
    came = f"failed: {', '.join(failed)}" if failed else f"passed {report.count(CheckStatus.OK)} checks"
    warned = report.count(CheckStatus.WARNING)
    more = f", {warned} warning{'s' * (warned != 1)}" * bool(warned)
    return f"genbench {report.genbench} checked {report.name}: {came}{more}"
