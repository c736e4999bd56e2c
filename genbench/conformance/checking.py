"""Checking: all checks of one model or part, as they are made, and the report of them."""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from genbench import catalogue as catalogues
from genbench.catalogue import Catalogue
from genbench.conformance import models, part_findings
from genbench.conformance.bench import Bench, set_up
from genbench.conformance.subject import MODELS, Named, named
from genbench.execution.supervisor import Supervisor
from genbench.protocol.trial import Trial, chosen
from genbench.records.checks import CheckFinding, CheckReport
from genbench.runs.interruption import stopping
from genbench.runs.preparation import probed
from genbench.version import VERSION

Told = Callable[[CheckFinding], None]


def reports(
    name: str, plugins: Sequence[str] = (), device: str = "auto", told: Told = lambda finding: None
) -> Iterator[CheckReport]:
    """Make every check of whatever has a name; a report for each kind that has it.

    Args:
        plugins: loose model plugins: files or modules.
        device: "auto", "cpu", "cuda", …
        told: hears of each finding when it is made.
    Raises:
        GenbenchError: nothing has that name, a wrong setting, or nothing could be started. Interrupted: it was stopped.
    """
    with Supervisor() as supervisor:
        catalogue = catalogues.read(supervisor, plugins, retry=True)
        for subject in named(name, catalogue, loose=bool(plugins)):
            yield checked(subject, catalogue, supervisor, device, told)


def checked(subject: Named, catalogue: Catalogue, supervisor: Supervisor, device: str, told: Told) -> CheckReport:
    """Make every check of a subject.

    Args:
        device: "auto", "cpu", "cuda", …
        told: hears of each finding when it is made.
    Raises:
        GenbenchError: a wrong setting, or nothing could be started. Interrupted: it was stopped.
    """
    started, findings = time.monotonic(), []
    with stopping(supervisor):
        for finding in _findings(subject, catalogue, supervisor, device):
            findings.append(finding)
            told(finding)
    plugin = subject.plugin
    about = subject.kind or "plugins", subject.name, plugin.home, plugin.version, plugin.code, VERSION
    return CheckReport(*about, time.monotonic() - started, tuple(findings))


def _findings(subject: Named, catalogue: Catalogue, supervisor: Supervisor, device: str) -> Iterator[CheckFinding]:
    yield from subject.findings()
    if not subject.kind:
        return
    with tempfile.TemporaryDirectory(prefix="genbench-check-", ignore_cleanup_errors=True) as folder:
        place = probed(device, "auto", supervisor).machine.device
        bench = set_up(supervisor, catalogue, Path(folder), place)
        yield from _of_kind(subject, bench)


def _of_kind(subject: Named, bench: Bench) -> Iterator[CheckFinding]:
    if subject.kind == MODELS:
        yield from models.findings(bench, Trial(*chosen(subject.name, bench.catalogue), seed=0))
    else:
        yield from part_findings.findings(subject, bench)
