"""`genbench check`: whether a model or a part does what its contract says."""

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from genbench.cli.exits import Exit
from genbench.cli.grammar import Commands, add_command, add_device, add_plugin

if TYPE_CHECKING:
    from genbench.records.checks import CheckFinding, CheckReport

EXAMPLES = """\
examples:
  genbench check vae                         an installed model, dataset, metric, extractor, task, solver or suite
  genbench check mine --plugin mine.py       a model in a loose file
  genbench check "ddpm[steps=50]" --strict   with a setting changed; warnings fail too
  genbench check vae --report check.json     the findings as JSON too (genbench schema check)

A line for each check, as it is made: ok, n/a with the reason, warning, or FAILED with what was expected, what was got
and where to look. It trains the model for a moment: seconds for a small one, minutes for one that samples slowly.
exit codes: 0 nothing failed, 1 something did, 2 wrong usage, 130 interrupted
"""
WIDTH = 9  # of the first column


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "check", "whether a model or a part does what its contract says", EXAMPLES, checked)
    parser.add_argument("name", metavar="NAME[SETTING=VALUE,…]", help="a model or a part, as genbench list has it")
    add_plugin(parser)
    add_device(parser)
    parser.add_argument("--strict", action="store_true", help="a warning is a failure")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the findings as JSON as well")


def checked(options: Namespace) -> Exit:
    """Make the checks, tell each, and sum up."""
    from genbench.cli.printing import tell
    from genbench.conformance import checking
    from genbench.errors import GenbenchError
    from genbench.runs.interruption import Interrupted

    if options.report is not None and not options.report.absolute().parent.is_dir():
        raise GenbenchError(f"--report {options.report} cannot be written: its folder is not there")
    reports = []
    try:
        for report in checking.reports(options.name, options.plugin, options.device, show):
            reports.append(report)
            print(summary(report))
    except Interrupted:
        tell("interrupted; nothing is kept")
        return Exit.INTERRUPTED
    if options.report is not None:
        _write(options.report, reports)
    return Exit.OK if all(report.passed(options.strict) for report in reports) else Exit.FAILED


def show(finding: "CheckFinding") -> None:
    """Print one finding, a line."""
    from genbench.cli.printing import one_line
    from genbench.records.checks import CheckStatus

    heads = {CheckStatus.FAILED: "FAILED", CheckStatus.NOT_APPLICABLE: "n/a"}
    head = heads.get(finding.status, finding.status.value)
    name = f"{finding.check} {finding.of}".rstrip()
    print(one_line(f"{head:<{WIDTH}}{name}: {finding.said}"), flush=True)


def summary(report: "CheckReport") -> str:
    """What came of all checks, in a line."""
    from genbench.cli.figures import duration
    from genbench.records.checks import CheckStatus

    names = {CheckStatus.OK: "ok", CheckStatus.WARNING: "warnings", CheckStatus.FAILED: "failed"}
    counts = ", ".join(f"{report.count(status)} {name}" for status, name in names.items())
    rest = report.count(CheckStatus.NOT_APPLICABLE)
    return f"{report.name}: {counts}, {rest} not applicable; {duration(report.seconds)}"


def _write(path: Path, reports: "list[CheckReport]") -> None:
    from genbench.errors import GenbenchError
    from genbench.files import codec
    from genbench.records.checks import CheckReports

    try:
        codec.write(path, CheckReports(tuple(reports)))
    except OSError as error:
        raise GenbenchError(f"--report {path} cannot be written ({error.strerror}); name another file") from error
