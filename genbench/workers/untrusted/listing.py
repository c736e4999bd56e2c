"""The `listing` stage: import one plugin and say what it offers, and what is wrong with it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from genbench.catalogue import part_classes
from genbench.catalogue.attributes import quoted
from genbench.catalogue.listings import KINDS, Discovered, DiscoveryInputs, Listing, ListingInputs, ModelListing
from genbench.catalogue.model_class import doubts, model_listing
from genbench.catalogue.plugins import MODELS, Offers, Plugin, installed, load
from genbench.contracts.hooks import MODEL_HOOKS
from genbench.contracts.model import Learner
from genbench.errors import GenbenchError
from genbench.execution.channel import Markers
from genbench.execution.child import described
from genbench.records.kinds import Family

DESCRIBED: Mapping[str, Callable[[Any], Any]] = {
    "models": model_listing,
    "datasets": part_classes.dataset_listing,
    "extractors": part_classes.extractor_listing,
    "metrics": part_classes.metric_listing,
    "tasks": part_classes.task_listing,
    "solvers": part_classes.solver_listing,
    "suites": part_classes.suite_listing,
    "executors": part_classes.executor_listing,
}


def listing(folder: Path, inputs: ListingInputs, markers: Markers) -> Listing:
    """What a plugin offers. One item that is wrong is a fault and leaves the others.

    Raises: whatever the plugin's import raises.
    """
    plugin = inputs.plugin
    offers = load(plugin)
    faults = _faults_of_hooks(plugin, offers)
    found = {
        kind: tuple(_listings(offers, kind, plugin, faults))
        for kind in KINDS
        if (f"genbench_{kind}" in MODEL_HOOKS) == (plugin.group == MODELS)
    }
    return Listing(**found, faults=tuple(faults))


def discovery(folder: Path, inputs: DiscoveryInputs, markers: Markers) -> Discovered:
    """The model plugins of a name, asked of the interpreter of another environment."""
    return Discovered(tuple(plugin for plugin in installed(MODELS)[1:] if plugin.name == inputs.name))


def _faults_of_hooks(plugin: Plugin, offers: Offers) -> list[str]:
    faults = [f"no hook is named {name}" for name in offers.misspelt]
    if not offers.known and not faults:
        faults.append("implements no hook (did you forget @genbench.hookimpl?)")
    if not plugin.is_builtin:
        foreign = [name for name in offers.known if (name in MODEL_HOOKS) != (plugin.group == MODELS)]
        faults += [f"{name} is not called in the entry-point group {plugin.group}" for name in foreign]
    return faults


def _listings(offers: Offers, kind: str, plugin: Plugin, faults: list[str]) -> list[Any]:
    """The listings of one kind; what is wrong is added to the faults."""
    try:
        items = offers.of(f"genbench_{kind}")
    except GenbenchError as error:
        faults.append(str(error))
        return []
    except Exception as error:  # noqa: BLE001  # the hook is the plugin's
        faults.append(f"genbench_{kind} raised {described(error)[1]}")
        return []
    if kind == "suites" and f"genbench_{kind}" in offers.known and not items:
        faults.append("genbench_suites gives no suite; are they among the package data of its distribution?")
    found: dict[str, Any] = {}
    for item in items:
        owner = _owner(item)
        try:
            offer = DESCRIBED[kind](item)
        except Exception as error:  # noqa: BLE001  # the item is the plugin's
            faults.append(f"{owner}: {described(error)[1]}")
            continue
        if found.setdefault(offer.name, offer) is not offer:
            faults.append(f"{owner}: the name {offer.name} is there already; the first counts")
        elif kind == "models":
            faults += [f"{owner}: {words}" for words in _doubts(item, offer, plugin)]
    return list(found.values())


def _doubts(cls: type[Learner], offer: ModelListing, plugin: Plugin) -> list[str]:
    found = doubts(cls)
    if not plugin.is_builtin and (offer.control is not None or offer.family is Family.CONTROL):
        found.append("calls itself a control; controls are genbench's own, so it is ranked like any other model")
    return found


def _owner(item: object) -> str:
    """An item's name in messages."""
    try:
        return item.__name__ if isinstance(item, type) else quoted(item)
    except Exception:  # noqa: BLE001  # its text is the plugin's code
        return f"a {type(item).__name__}"
