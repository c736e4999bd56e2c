"""The catalogue: what all installed plugins offer, read in child processes once and cached by code hash."""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from genbench.catalogue import plugins
from genbench.catalogue.entries import Catalogue as Catalogue, Entry as Entry, Fault as Fault
from genbench.catalogue.listings import KINDS as KINDS, Discovered, DiscoveryInputs, Listing, ListingInputs
from genbench.catalogue.plugins import Plugin
from genbench.contracts.job import Call, Confinement, Outcome
from genbench.errors import GenbenchError, plain
from genbench.execution.supervisor import Supervisor
from genbench.files import codec
from genbench.files.atomic import cache_path
from genbench.files.plain import digest
from genbench.records.status import Status
from genbench.version import VERSION

LISTS = "genbench.workers.untrusted.listing:listing"
DISCOVERS = "genbench.workers.untrusted.listing:discovery"
IMPORT_LIMIT = 60.0  # wall seconds that a plugin's import may take
OWN_LIMIT = 3600.0  # where genbench's own code alone is imported: however busy the machine is, without it is nothing


@dataclass(frozen=True)
class _Read:
    """A listing as the cache keeps it."""

    listing: Listing
    imported: bool
    """Whether the plugin could be imported; what kept it from that may lie outside the plugin."""


def read(
    supervisor: Supervisor,
    loose: Iterable[str] = (),
    retry: bool = False,
    pythons: Iterable[str] = (),
    limit: float = IMPORT_LIMIT,
    hides: Iterable[Path] = (),
) -> Catalogue:
    """The catalogue of everything installed, and of loose model plugins (files or modules).

    Args:
        retry: import again what could not be imported the last time; the reason may lie outside the plugin.
        pythons: "NAME=PATH", the interpreter of the environment that has the model plugin of that name.
        limit: wall seconds that a plugin's import may take.
        hides: folders that no import may read: what a listing says reaches the stages of its models.
    Raises:
        GenbenchError: such an environment is not there, or has no such plugin; or genbench's own parts cannot be read.
    """
    catalogue = Catalogue()
    foreign = [plugin for text in pythons for plugin in _foreign(text, supervisor)]
    names = {plugin.name for plugin in foreign}
    models, own_parts = plugins.found(plugins.MODELS), plugins.found(plugins.PARTS)
    controls, *here = models.plugins
    here = [plugin for plugin in here if plugin.name not in names]
    parts = own_parts.plugins
    surroundings = [VERSION, controls.code, *_installed_names()]
    hidden = str(cache_path()), *(str(folder) for folder in hides)
    # Parts first: a name of theirs cannot be taken by a model plugin, which nobody trusts. Whoever names a file wants
    # that one, whatever is installed under its name.
    for plugin in (*parts, controls, *map(plugins.loose, loose), *here, *foreign):
        key = digest({"plugin": codec.encoded(plugin), "surroundings": surroundings})
        cached = cache_path("listings") / f"{key}.json"
        confinement = Confinement(plugin.reads, (*hidden, *catalogue.hides))  # parts have said by now what they hide
        catalogue.add(plugin, _listing(plugin, supervisor, confinement, cached, retry, limit))
    # A distribution that cannot be read at all is found under either group, and told once.
    catalogue.faults += [Fault(*told) for told in dict.fromkeys((*models.broken, *own_parts.broken))]
    return catalogue


def _listing(
    plugin: Plugin, supervisor: Supervisor, confinement: Confinement, cached: Path, retry: bool, limit: float
) -> Listing:
    with contextlib.suppress(GenbenchError):  # not there yet, or no longer readable: it is made anew
        known = codec.read(_Read, cached)
        if known.imported or not retry:
            return known.listing
    with _folder("listing") as folder:
        limit = OWN_LIMIT if plugin.is_builtin else limit
        call = Call("listing", LISTS, folder, codec.encoded(ListingInputs(plugin)), limit)
        outcome = supervisor.run(replace(call, confinement=confinement, python=plugin.python))
    found = _judged(plugin, outcome)
    if plugin.is_builtin and not found.imported:
        raise GenbenchError(f"genbench's own parts cannot be read: {'; '.join(found.listing.faults)}")
    if outcome.status is not Status.INTERRUPTED:
        with contextlib.suppress(OSError):  # a cache that cannot be written costs time alone
            cached.parent.mkdir(parents=True, exist_ok=True)
            codec.write(cached, found)
    return found.listing


def _judged(plugin: Plugin, outcome: Outcome) -> _Read:
    """What a plugin's process said of it, held against the form of a listing: it may have left anything."""
    if not outcome.ok:
        return _Read(Listing(faults=(f"cannot be imported: {outcome.reason}",)), imported=False)
    try:
        listing = codec.decoded(Listing, outcome.facts, "listing")
    except GenbenchError as error:
        hint = "; is the same genbench installed there?" if plugin.python else ""
        words = f"its import left something else than a listing ({plain(str(error))}){hint}"
        return _Read(Listing(faults=(words,)), imported=False)
    if plugin.group == plugins.MODELS and not (listing.models or listing.faults):
        listing = replace(listing, faults=("offers no model",))
    return _Read(listing, imported=True)


def _foreign(text: str, supervisor: Supervisor) -> list[Plugin]:
    """The model plugins that "NAME=PATH" stands for, as the interpreter at that path knows them."""
    name, _, path = text.partition("=")
    python = shutil.which(path) if path else None
    if not name or python is None:
        form = 'NAME=PATH (in a suite: NAME = "PATH" below [python])'
        why = f"no program is at {path}" if name and path else f"got {text!r}"
        raise GenbenchError(f"--python takes {form}, a model plugin and an interpreter that has it; {why}")
    python = os.path.abspath(python)  # not resolved: a link in its bin folder is what makes a virtual environment
    with _folder("discovery") as folder:
        call = Call("discovery", DISCOVERS, folder, codec.encoded(DiscoveryInputs(name)), OWN_LIMIT, python=python)
        outcome = supervisor.run(call)
        last = next(reversed(call.log.read_text(errors="replace").strip().splitlines()), "no output")
    if not outcome.ok:
        raise GenbenchError(f"--python {text}: {outcome.reason}; is genbench installed there? ({last})")
    found = codec.decoded(Discovered, outcome.facts, f"--python {text}").plugins
    # What that environment says of them counts as far as it describes a model plugin of that name, installed there.
    own = [replace(plugin, group=plugins.MODELS, python=python) for plugin in found if plugin.name == name]
    if not own:
        raise GenbenchError(f"--python {text}: that environment has no model plugin named {name!r}")
    return own


@contextlib.contextmanager
def _folder(stage: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=f"genbench-{stage}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _installed_names() -> list[str]:
    """Names and versions of all installed distributions, as their folders tell: an import may start to work."""
    return sorted(path.name for place in set(sys.path) if place for path in Path(place).glob("*.dist-info"))
