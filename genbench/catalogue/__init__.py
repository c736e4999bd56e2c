"""The catalogue: what all installed plugins offer, read in child processes once and cached by code hash."""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from genbench.catalogue import plugins
from genbench.catalogue.plugins import Plugin
from genbench.contracts.assets import Asset
from genbench.contracts.job import Confinement, Job
from genbench.contracts.settings import NAME, Setting
from genbench.errors import GenbenchError, plain, unknown
from genbench.execution.supervisor import Supervisor
from genbench.files.atomic import cache_folder
from genbench.files.plain import digest, read_json, write_json
from genbench.version import VERSION

IMPORT_LIMIT = 60.0  # wall seconds that a plugin's import may take
_TEXTS = dict.fromkeys(("name", "description"), str)
_SOURCED = _TEXTS | {"source": str}
_FIELDS: Mapping[str, Mapping[str, type]] = {
    "models": _SOURCED
    | {"family": str, "described_sampler": str}
    | dict.fromkeys(("capabilities", "settings", "samplers", "assets", "needs"), list),
    "datasets": _SOURCED | {"license": str, "argument": str},
    "extractors": _SOURCED | {"weights": str},
    "metrics": _SOURCED | dict.fromkeys(("title", "unit", "axis", "direction"), str) | {"uses_features": bool},
    "suites": {"name": str, "path": str},
    "executors": _TEXTS,
}
KINDS = tuple(_FIELDS)


@dataclass(frozen=True)
class Entry:
    """One thing on offer: its plugin and what it says of itself, as JSON."""

    plugin: Plugin
    fields: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What users type."""
        return str(self.fields["name"])

    @property
    def control(self) -> bool:
        """Whether it is a control model, which stands on every board and is never ranked."""
        return self.fields.get("family") == "control" and self.plugin.module == plugins.BUILTIN

    @property
    def settings(self) -> list[Setting]:
        """A model's declared settings."""
        return [Setting.from_json(setting) for setting in self.fields["settings"]]

    @property
    def assets(self) -> list[Asset]:
        """A model's external assets."""
        return [Asset(**asset) for asset in self.fields["assets"]]

    def to_json(self) -> dict[str, Any]:
        """The fields, and where they come from."""
        origin = {"distribution": self.plugin.distribution, "version": self.plugin.version, "file": self.plugin.file}
        return {**origin, **self.fields}  # a metric's or an extractor's own version says more than its distribution's


@dataclass(frozen=True)
class Fault:
    """Something wrong with a plugin, in words."""

    plugin: Plugin
    reason: str

    def __str__(self) -> str:
        origin = self.plugin.file or " ".join(filter(None, (self.plugin.distribution, self.plugin.version)))
        return plain(f"{self.plugin.name} ({origin or self.plugin.module}): {' '.join(self.reason.split())}")


@dataclass
class Catalogue:
    """Everything on offer, by kind and name; what is broken, and why."""

    entries: dict[str, dict[str, Entry]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    faults: list[Fault] = field(default_factory=list)
    parts: list[Plugin] = field(default_factory=list)

    def find(self, kind: str, name: str) -> Entry:
        """The entry of that kind and name.

        Raises:
            GenbenchError: there is none; the nearest name is suggested, and faults are mentioned.
        """
        if name in self.entries[kind]:
            return self.entries[kind][name]
        error = unknown(kind.removesuffix("s"), name, self.entries[kind])
        if self.faults:
            count = f"{len(self.faults)} plugin fault{'s' if len(self.faults) > 1 else ''}"
            raise GenbenchError(f"{error}; {count}: see genbench list {kind}")
        raise error

    def add(self, plugin: Plugin, listing: Mapping[str, Any]) -> None:
        """Take one plugin's listing; who comes first keeps a name, and built-ins come first."""
        self.faults += [Fault(plugin, reason) for reason in listing["faults"]]
        for kind in ("models",) if plugin.group == plugins.MODELS else KINDS:
            for fields in listing.get(kind, []):
                entry = self.entries[kind].setdefault(fields["name"], Entry(plugin, fields))
                if entry.plugin != plugin:
                    owner = entry.plugin.distribution or entry.plugin.file or entry.plugin.module
                    self.faults.append(Fault(plugin, f"the name {entry.name} is taken by {owner}; this one is ignored"))


def read(
    supervisor: Supervisor, loose: Iterable[str] = (), retry: bool = False, pythons: Iterable[str] = ()
) -> Catalogue:
    """The catalogue of everything installed, and of loose model plugins (files or modules).

    Args:
        retry: import again what could not be imported the last time; the reason may lie outside the plugin.
        pythons: "NAME=PATH", the interpreter of the environment that has the model plugin of that name.
    Raises:
        GenbenchError: such an environment is not there, or has no such plugin.
    """
    catalogue = Catalogue()
    foreign = [plugin for text in pythons for plugin in _foreign(text, supervisor)]
    names = {plugin.name for plugin in foreign}
    here = [plugin for plugin in plugins.installed(plugins.MODELS) if plugin.name not in names]
    # Parts first: a name of theirs cannot be taken by a model plugin, which nobody trusts.
    found = [*plugins.installed(plugins.PARTS), *here, *map(plugins.loose, loose), *foreign]
    installed = _installed_names()
    for plugin in found:
        catalogue.add(plugin, _listing(plugin, supervisor, installed, retry))
        if plugin.group == plugins.PARTS:
            catalogue.parts.append(plugin)
    return catalogue


def _foreign(text: str, supervisor: Supervisor) -> list[Plugin]:
    name, _, path = text.partition("=")
    python = shutil.which(path) if path else None
    if not name or python is None:
        raise GenbenchError(f"--python takes NAME=PATH, a model plugin and an interpreter that has it, got {text!r}")
    python = os.path.abspath(python)  # not resolved: a link in its bin folder is what makes a virtual environment
    folder = Path(tempfile.mkdtemp(prefix="genbench-discovery-"))
    try:
        job = Job("discovery", folder, {"name": name}, folder / "log.txt", IMPORT_LIMIT, python=python)
        outcome = supervisor.run(job)
        last = next(reversed(job.log.read_text(errors="replace").strip().splitlines()), "no output")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not outcome.ok:
        raise GenbenchError(f"--python {text}: {outcome.reason}; is genbench installed there? ({last})")
    found = [Plugin(**(plugin | {"python": python})) for plugin in outcome.facts["plugins"]]
    if not found:
        raise GenbenchError(f"--python {text}: that environment has no model plugin named {name!r}")
    return found


def _installed_names() -> list[str]:
    """Names and versions of all installed distributions, as their folders tell: an import may start to work."""
    return sorted(path.name for place in set(sys.path) if place for path in Path(place).glob("*.dist-info"))


def _listing(plugin: Plugin, supervisor: Supervisor, installed: list[str], retry: bool) -> Mapping[str, Any]:
    version = [VERSION, plugins.builtin(plugins.PARTS).code]
    key = digest({"plugin": plugin.to_json(), "installed": installed, "genbench": version})
    path = cache_folder("listings") / f"{key}.json"
    with contextlib.suppress(GenbenchError):  # not there yet, or no longer readable: it is made anew
        cached: Mapping[str, Any] = read_json(path)
        if not retry or "models" in cached:
            return cached
    folder = Path(tempfile.mkdtemp(prefix="genbench-listing-"))
    try:
        confinement = Confinement(reads=plugin.places)
        arguments = {"plugin": plugin.to_json()}
        job = Job("listing", folder, arguments, folder / "log.txt", IMPORT_LIMIT)
        job = replace(job, confinement=confinement, python=plugin.python)
        outcome = supervisor.run(job)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not outcome.ok:
        listing: Mapping[str, Any] = {"faults": [f"cannot be imported: {outcome.reason}"]}
    elif _is_listing(outcome.facts):
        listing = outcome.facts
    else:
        listing = {"faults": ["its import left something else than a listing"]}
    if outcome.status != "interrupted":
        write_json(path, dict(listing))
    return listing


def _is_listing(facts: Mapping[str, Any]) -> bool:
    """Whether facts have the form that `listing` gives them: a plugin could have left others in its place."""
    try:
        for kind, fields in _FIELDS.items():
            for item in facts[kind]:
                if not NAME.fullmatch(item["name"]) or {key: type(item[key]) for key in fields} != fields:
                    return False
        for model in facts["models"]:
            entry = Entry(plugins.builtin(plugins.MODELS), model)
            if not all(NAME.fullmatch(sampler) for sampler in entry.fields["samplers"]):
                return False
            texts = [*entry.fields["capabilities"], *entry.fields["needs"]]
            texts += [text for asset in entry.assets for text in asdict(asset).values()]
            if not all(isinstance(text, str) for text in (*texts, *(setting.name for setting in entry.settings))):
                return False
        return all(isinstance(fault, str) for fault in facts["faults"])
    except (KeyError, TypeError, AttributeError, ValueError, GenbenchError):
        return False
