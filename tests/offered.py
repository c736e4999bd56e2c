"""What catalogues hold, made by hand: the tests of plans, tasks and estimates need no plugin for it."""

from typing import Any

from genbench.catalogue import Entry
from genbench.catalogue.listings import ModelListing, TaskListing
from genbench.catalogue.plugins import BUILTIN, MODELS, PARTS, Plugin
from genbench.contracts.settings import Setting
from genbench.protocol.inputs import PartChoice
from genbench.protocol.task import Asked, SolverChoice
from genbench.records.kinds import Family
from genbench.records.record import TaskTerms

PLUGIN = Plugin("theirs", MODELS, "genbench_theirs", "", "genbench-theirs", "1", "0" * 64)
OWN = Plugin("builtin", PARTS, BUILTIN, "", "genbench", "1", "1" * 64)
SOURCE = "A paper 2026, https://example.org"
GENERATE = ("fit", "sample", "audit", "stream", "verify", "density", "score")
ANSWER = ("fit", "answer", "score")


def model(name: str, **fields: Any) -> ModelListing:
    """A model's listing: it draws samples by one sampler and has no settings, unless the fields say otherwise."""
    told = {"family": Family.VAE, "source": SOURCE, "description": "A model.", "capabilities": ("generate",)}
    return ModelListing(name, **(told | {"samplers": ("default",)} | fields))


def entry(listing: ModelListing, plugin: Plugin = PLUGIN) -> Entry[ModelListing]:
    """The catalogue's entry of a model."""
    return Entry(plugin, listing)


def setting(name: str, default: int) -> Setting:
    """An integer setting."""
    return Setting(name, "int", default)


def task(
    name: str,
    needs: str = "generate",
    controls: tuple[str, ...] = (),
    solvers: tuple[SolverChoice, ...] = (),
    stages: tuple[str, ...] | None = None,
    count: int = 60,
) -> Asked:
    """A suite's task: samples where it needs `generate`, else answers to an exam."""
    axes = ("quality", "coverage", "speed")
    own = stages or (GENERATE if needs == "generate" else ANSWER)
    listing = TaskListing(name, SOURCE, "1", "A task.", needs, axes, own, (), controls)
    terms = TaskTerms(count, ("fd@pixels",), dict.fromkeys(axes, "fd@pixels"))
    return Asked(name, listing, PartChoice(OWN, name, {}), terms, solvers)


def solver(name: str, *lifts: str) -> SolverChoice:
    """A solver of a suite's task, without settings."""
    return SolverChoice(name, PartChoice(OWN, name.partition("[")[0], {}), lifts)
