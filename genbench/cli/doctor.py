"""`genbench doctor`: the machine, its isolation, its room, and what is broken."""

import os
import shlex
import shutil
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from genbench.cli.exits import Exit
from genbench.cli.grammar import Commands, add_command, add_json
from genbench.errors import GenbenchError

if TYPE_CHECKING:
    from genbench.catalogue import Catalogue
    from genbench.execution.supervisor import Supervisor

EXAMPLES = """\
examples:
  genbench doctor
  genbench doctor --json
"""
GIB = 2**30
LITTLE = 2  # GiB of free disk below which a run may fail


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; `trouble` is "" where nothing is to be done."""

    name: str
    value: str
    trouble: str = ""


def add(commands: Commands) -> None:
    """Add the command."""
    parser = add_command(commands, "doctor", "what this machine can do, and what is missing", EXAMPLES, examined)
    add_json(parser)


def examined(options: Namespace) -> Exit:
    """Print what was found; FAILED where something is missing."""
    from genbench.cli.printing import print_json
    from genbench.execution.supervisor import Supervisor

    with Supervisor() as supervisor:
        found = [*machine(supervisor), *offers(supervisor)]
    if options.json:
        print_json([asdict(check) for check in found])
    else:
        _show(found)
    return Exit.FAILED if any(check.trouble for check in found) else Exit.OK


def machine(supervisor: "Supervisor") -> list[Check]:
    """What this machine is and has."""
    from genbench.execution import isolation
    from genbench.runs.preparation import probed

    facts = probed("auto", "auto", supervisor).machine
    software = f"python {facts.python}, torch {facts.torch}, numpy {facts.numpy}, scipy {facts.scipy}"
    level = facts.isolation
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    return [
        Check("genbench", facts.genbench),
        Check("software", software),
        Check("device", f"{facts.device}: {facts.device_name}"),
        Check("machine", f"{facts.cpus} cores, {memory:.0f} GiB of memory, {facts.platform}"),
        Check("isolation", f"{level}: {isolation.words(level)}"),
        _caps(),
        _cache(),
        _kept(),
        disk("results", Path.cwd()),
    ]


def offers(supervisor: "Supervisor", loose: Sequence[str] = ()) -> list[Check]:
    """What is installed, kind by kind, and each fault of a plugin; why it cannot be read, where it cannot.

    Args:
        loose: files or modules of model plugins that are not installed.
    """
    from genbench import catalogue as catalogues

    try:
        catalogue = catalogues.read(supervisor, loose, retry=True)
    except GenbenchError as error:
        return [Check("plugins", "cannot be read", str(error))]
    kinds = [_offer(kind, catalogue) for kind in catalogues.KINDS]
    return [*kinds, *(Check("plugin", fault.plugin.name, str(fault)) for fault in catalogue.faults)]


def _caps() -> Check:
    """Whether anybody can hold a plugin to its memory."""
    from genbench.execution.machine import tells_of_others

    if tells_of_others():
        return Check("caps", "memory, disk and output of a plugin's processes")
    return Check(
        "caps", "disk and output of a plugin's processes, not memory", "pip install psutil: it tells of memory"
    )


def _cache() -> Check:
    from genbench.files.atomic import cache_folder

    try:
        return disk("cache", cache_folder())
    except GenbenchError as error:
        return Check("cache", "none", str(error))


def _kept() -> Check:
    """What the cache holds only to save time, and how to be rid of it."""
    from genbench.store import spare

    try:
        size, places = sum(entry.size for entry in spare.entries()), spare.rooms()
    except GenbenchError:
        return Check("spare", "none")  # there is no cache, which is told already
    emptied = shlex.join(["rm", "-rf", *map(str, places)])
    return Check(
        "spare", f"{size / GIB:.2f} of at most {spare.MOST / GIB:.0f} GiB of the cache; to empty it: {emptied}"
    )


def disk(name: str, folder: Path) -> Check:
    """The room that is left where a folder lies, and whether it can be written."""
    free = shutil.disk_usage(folder).free / GIB
    troubles = [] if os.access(folder, os.W_OK) else [f"{folder} cannot be written"]
    if free < LITTLE:
        troubles.append(f"less than {LITTLE} GiB are free at {folder}")
    return Check(name, f"{folder}, {free:.0f} GiB free", "; ".join(troubles))


def _offer(kind: str, catalogue: "Catalogue") -> Check:
    from genbench.runs.plan import NO_MODEL

    names = sorted(catalogue.entries[kind])
    trouble = ""
    if kind == "models" and all(entry.listing.control is not None for entry in catalogue.models.values()):
        trouble = f"these are the harness's own controls alone; models: {NO_MODEL}"
    return Check(kind, ", ".join(names) or "none", trouble)


def _show(found: Sequence[Check]) -> None:
    """Print a line for each check, and its trouble below it; no line is broken, so that commands can be copied."""
    from genbench.errors import plain

    for check in found:
        print(f"{check.name:<10}  {plain(check.value)}")
        if check.trouble:
            print(f"{'':<10}  trouble: {plain(check.trouble)}")
