"""What `genbench doctor` finds: the machine, its isolation, its room, and what is broken."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape

from genbench.catalogue import Catalogue
from genbench.cli.tables import show, table
from genbench.errors import GenbenchError
from genbench.execution import isolation
from genbench.execution.supervisor import Supervisor
from genbench.files.atomic import cache_folder
from genbench.runs.preparation import prepared

GIB = 2**30
LITTLE = 2  # GiB of free disk below which a run may fail


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `trouble` is "" where nothing is to be done."""

    name: str
    value: str
    trouble: str = ""


def examined(supervisor: Supervisor, catalogue: Catalogue) -> list[Finding]:
    """What this machine is and has."""
    facts = prepared("probe", {"device": "auto"}, supervisor)
    software = ", ".join(f"{name} {facts[name]}" for name in ("python", "torch", "numpy", "scipy"))
    level = str(facts["isolation"])
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    return [
        Finding("genbench", str(facts["genbench"])),
        Finding("software", software),
        Finding("device", f"{facts['device']}: {facts['device_name']}"),
        Finding("machine", f"{facts['cpus']} cores, {memory:.0f} GiB of memory, {facts['platform']}"),
        Finding("isolation", f"{level}: {isolation.words(level)}"),
        _cache(),
        _disk("results", Path.cwd()),
        *(_offer(kind, catalogue) for kind in ("models", "datasets", "extractors", "metrics", "suites")),
        *(Finding("plugin", fault.plugin.name, str(fault)) for fault in catalogue.faults),
    ]


def _cache() -> Finding:
    try:
        return _disk("cache", cache_folder())
    except GenbenchError as error:
        return Finding("cache", "none", str(error))


def _disk(name: str, folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free / GIB
    trouble = "" if os.access(folder, os.W_OK) else f"{folder} cannot be written"
    if free < LITTLE:
        trouble = f"less than {LITTLE} GiB are free at {folder}"
    return Finding(name, f"{folder}, {free:.0f} GiB free", trouble)


def _offer(kind: str, catalogue: Catalogue) -> Finding:
    names = sorted(catalogue.entries[kind])
    return Finding(kind, ", ".join(names) or "none")


def finding_table(findings: Sequence[Finding]) -> None:
    """Print what was found, troubles last in their line."""
    rows = table("what", "found", "trouble")
    for finding in findings:
        rows.add_row(finding.name, escape(finding.value), escape(finding.trouble) or "–")
    show(rows)
