"""Distributions: what the installed ones declare to genbench. One that is broken is told by its name, and stops nobody.

Only their metadata are read: text files that an installer, or half an uninstallation, left on the path.
"""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path

from genbench.execution import strangers

HALF = "its metadata are gone, as after half an uninstallation; install it again, or remove {folder}"
UNREADABLE = "its entry points cannot be read ({why}); install it again, or remove {folder}"
NO_REFERENCE = "its value {value!r} is no module, as in {name} = your_module; whoever wrote it has to mend it"


@dataclass(frozen=True)
class Declared:
    """An entry point, or why it, or its whole distribution, cannot be used."""

    name: str
    """Of the entry point; of the distribution where none can be read."""
    group: str
    """Of entry points; "" where none can be read."""
    module: str
    """What is to be imported; "" where it cannot be."""
    distribution: str
    version: str
    broken: str = ""
    """Why it cannot be used, in words."""


def declared(groups: Container[str]) -> list[Declared]:
    """What all distributions on the path declare in some groups, each once, sorted; broken ones are among them."""
    found: dict[tuple[str, ...], Declared] = {}
    for distribution in strangers.everything():
        for each in _declared(distribution, groups):
            found.setdefault((each.group, each.name, each.distribution), each)
    return [found[key] for key in sorted(found)]


def _declared(distribution: Distribution, groups: Container[str]) -> Iterator[Declared]:
    folder = Path(str(getattr(distribution, "_path", "")))  # of an importer's own kind: it need not have one
    try:
        entries = [(entry.name, entry.group, entry.value) for entry in distribution.entry_points]
    except Exception as error:  # noqa: BLE001  # a stranger's files may hold anything, and raise as they like
        why = f"{type(error).__name__}: {' '.join(str(error).split())}"
        name, version, _ = _named(distribution, folder)
        yield Declared(name, "", "", name, version, UNREADABLE.format(why=why, folder=folder))
        return
    ours = [(entry, group, value) for entry, group, value in entries if group in groups]
    if ours:  # most have none, and their metadata are long
        name, version, whole = _named(distribution, folder)
        for entry, group, value in ours:
            reference = EntryPoint.pattern.match(value)
            broken = "" if reference and entry else NO_REFERENCE.format(value=value, name=entry or "name")
            module = reference["module"] if reference else ""
            yield Declared(entry, group, module, name, version, broken if whole else HALF.format(folder=folder))


def _named(distribution: Distribution, folder: Path) -> tuple[str, str, bool]:
    """Name and version of a distribution, and whether its own metadata say so; else the name of their folder does."""
    try:
        name, version = distribution.metadata["Name"], distribution.metadata["Version"]
        if isinstance(name, str) and isinstance(version, str):
            return name, version, True
    except Exception:  # noqa: BLE001  # later Pythons raise where the file is gone, and all where it is not UTF-8
        pass
    stem, _, number = folder.stem.partition("-")
    return stem or "a distribution without a name", number, False
