"""Subject: what a name stands for, of any kind, and what is wrong with the plugin that offers it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from genbench.catalogue import KINDS, Catalogue, Fault
from genbench.catalogue.plugins import Plugin
from genbench.errors import GenbenchError, unknown
from genbench.records.checks import CheckFinding, broken, ok

MODELS = "models"
LISTING = "listing"


@dataclass(frozen=True)
class Named:
    """One thing of that name.

    Args:
        kind: of KINDS; "" where its plugin could not say what it offers.
        name: as it was asked for, with its settings or its argument.
        plugin: whose it is.
        faults: what is wrong with that plugin.
    """

    kind: str
    name: str
    plugin: Plugin
    faults: tuple[Fault, ...]

    def findings(self) -> Iterator[CheckFinding]:
        """What its listing says: a line for each fault, else that there is none."""
        for fault in self.faults:
            yield broken(LISTING, "", "a plugin without a fault", " ".join(fault.reason.split()), self.plugin.file)
        if not self.faults:
            yield ok(LISTING, "", f"one of the {self.kind} of {self.plugin.origin}, which has no fault")


def named(text: str, catalogue: Catalogue, loose: bool = False) -> list[Named]:
    """What a name stands for: one for each kind that has it.

    Args:
        text: NAME, NAME[setting=value], NAME:ARGUMENT, the path of a suite file, or the name of a distribution or a
            plugin that offers nothing since something is wrong with it.
        loose: whether the name's plugin was given as a file, so that whatever is wrong with that is meant.
    Raises:
        GenbenchError: nothing has it.
    """
    base = text.partition("[")[0].partition(":")[0].strip()
    found = [
        Named(kind, text, entry.plugin, _faults(entry.plugin, catalogue))
        for kind in KINDS
        if (entry := catalogue.entries[kind].get(base)) is not None
    ]
    if found:
        return found
    meant = [fault.plugin for fault in catalogue.faults if _means(fault.plugin, base) or (loose and fault.plugin.file)]
    if meant:
        return [Named("", text, plugin, _faults(plugin, catalogue)) for plugin in dict.fromkeys(meant)]
    raise _unknown(base, catalogue)


def _faults(plugin: Plugin, catalogue: Catalogue) -> tuple[Fault, ...]:
    return tuple(fault for fault in catalogue.faults if fault.plugin == plugin)


def _means(plugin: Plugin, name: str) -> bool:
    return name in (plugin.name, plugin.distribution, Path(plugin.file).name, plugin.module)


def _unknown(name: str, catalogue: Catalogue) -> GenbenchError:
    known = [known for kind in KINDS for known, entry in catalogue.entries[kind].items() if not entry.plugin.is_builtin]
    error = unknown("model or part", name, known)
    return GenbenchError(
        f"{error}; pip install -e its distribution, or --plugin FILE; genbench list KIND has all of them"
    )
