"""Entries: what is on offer, by kind and name, and what is wrong with any plugin."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, TypeVar

from genbench.catalogue import plugins
from genbench.catalogue.listings import (
    KINDS,
    DatasetListing,
    ExecutorListing,
    ExtractorListing,
    Listing,
    MetricListing,
    ModelListing,
    Offer,
    SolverListing,
    SuiteListing,
    TaskListing,
)
from genbench.catalogue.plugins import Plugin
from genbench.errors import GenbenchError, plain, unknown
from genbench.files import codec
from genbench.files.plain import Json

PATH = "PATH"  # what a dataset that lies in a file or a folder calls its argument
L_co = TypeVar("L_co", bound=Offer, covariant=True)
L = TypeVar("L", bound=Offer)


@dataclass(frozen=True)
class Entry(Generic[L_co]):
    """One thing on offer: whose it is, and what it says of itself."""

    plugin: Plugin
    listing: L_co

    @property
    def name(self) -> str:
        """What users type."""
        return self.listing.name

    def to_json(self) -> dict[str, Json]:
        """Where it comes from and its listing, as one JSON object."""
        origin = {"distribution": self.plugin.distribution, "version": self.plugin.version, "file": self.plugin.file}
        return {**origin, **codec.encoded(self.listing)}  # its own version says more than its distribution's


@dataclass(frozen=True)
class Fault:
    """Something wrong with a plugin, in words."""

    plugin: Plugin
    reason: str

    def __str__(self) -> str:
        return plain(f"{self.plugin.name} ({self.plugin.origin}): {' '.join(self.reason.split())}")


@dataclass
class Catalogue:
    """Everything on offer, kind by kind: name → entry. A name belongs to whoever came first, built-ins before all."""

    models: dict[str, Entry[ModelListing]] = field(default_factory=dict)
    datasets: dict[str, Entry[DatasetListing]] = field(default_factory=dict)
    extractors: dict[str, Entry[ExtractorListing]] = field(default_factory=dict)
    metrics: dict[str, Entry[MetricListing]] = field(default_factory=dict)
    tasks: dict[str, Entry[TaskListing]] = field(default_factory=dict)
    solvers: dict[str, Entry[SolverListing]] = field(default_factory=dict)
    suites: dict[str, Entry[SuiteListing]] = field(default_factory=dict)
    executors: dict[str, Entry[ExecutorListing]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    part_plugins: list[Plugin] = field(default_factory=list)

    def add(self, plugin: Plugin, listing: Listing) -> None:
        """Take one plugin's listing."""
        self.faults += [Fault(plugin, reason) for reason in listing.faults]
        for kind in ("models",) if plugin.group == plugins.MODELS else KINDS:
            for offer in getattr(listing, kind):
                self._take(plugin, kind, offer)
        if plugin.group == plugins.PARTS:
            self.part_plugins.append(plugin)

    def _take(self, plugin: Plugin, kind: str, offer: Offer) -> None:
        if isinstance(offer, ModelListing) and not plugin.is_builtin:
            offer = replace(offer, control=None)  # controls see test data, and are never ranked
        owner = getattr(self, kind).setdefault(offer.name, Entry(plugin, offer)).plugin
        if owner != plugin:
            words = f"is taken by {owner.distribution or owner.file or owner.module}; this one is ignored"
            self.faults.append(Fault(plugin, f"the name {offer.name} {words}"))

    @property
    def hides(self) -> tuple[str, ...]:
        """What datasets and extractors keep from plugins."""
        found: list[str] = [path for entry in self.datasets.values() for path in entry.listing.hides]
        return tuple(found + [path for entry in self.extractors.values() for path in entry.listing.hides])

    @property
    def entries(self) -> Mapping[str, Mapping[str, Entry[Offer]]]:
        """All of it: kind → name → entry."""
        return {kind: getattr(self, kind) for kind in KINDS}

    def find(self, kind: str, name: str) -> Entry[Offer]:
        """The entry of one of KINDS and a name.

        Raises:
            GenbenchError: there is none; the nearest name is suggested, and faults are mentioned.
        """
        return self._found(kind, self.entries[kind], name)

    def model(self, name: str) -> Entry[ModelListing]:
        """The model of that name, as `find` does it."""
        return self._found("models", self.models, name)

    def dataset(self, name: str) -> Entry[DatasetListing]:
        """The dataset of that name, as `find` does it."""
        return self._found("datasets", self.datasets, name)

    def placed(self, dataset: str, folder: Path) -> str:
        """`folder:photos` → `folder:/…/photos`: a path that a dataset takes, seen from a folder.

        Raises:
            GenbenchError: there is no such dataset.
        """
        name, _, argument = dataset.partition(":")
        is_path = self.dataset(name).listing.argument == PATH
        return f"{name}:{(folder / Path(argument).expanduser()).absolute()}" if argument and is_path else dataset

    def extractor(self, name: str) -> Entry[ExtractorListing]:
        """The extractor of that name, as `find` does it."""
        return self._found("extractors", self.extractors, name)

    def metric(self, name: str) -> Entry[MetricListing]:
        """The metric of that name, as `find` does it."""
        return self._found("metrics", self.metrics, name)

    def task(self, name: str) -> Entry[TaskListing]:
        """The task of that name, as `find` does it."""
        return self._found("tasks", self.tasks, name)

    def solver(self, name: str) -> Entry[SolverListing]:
        """The solver of that name, as `find` does it."""
        return self._found("solvers", self.solvers, name)

    def suite(self, name: str) -> Entry[SuiteListing]:
        """The suite of that name, as `find` does it."""
        return self._found("suites", self.suites, name)

    def executor(self, name: str) -> Entry[ExecutorListing]:
        """The executor of that name, as `find` does it."""
        return self._found("executors", self.executors, name)

    def _found(self, kind: str, entries: Mapping[str, Entry[L]], name: str) -> Entry[L]:
        if name in entries:
            return entries[name]
        error = unknown(kind.removesuffix("s"), name, entries)
        ours = next((fault for fault in self.faults if fault.plugin.is_builtin), None)
        if ours is not None:
            raise GenbenchError(f"{error}; genbench itself is damaged: {ours}")
        if self.faults:
            count = f"{len(self.faults)} plugin fault{'s' if len(self.faults) > 1 else ''}"
            raise GenbenchError(f"{error}; {count}: see genbench list {kind}")
        raise error
