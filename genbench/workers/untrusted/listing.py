"""The `listing` stage: import one plugin and say, as plain JSON, what it offers and what is wrong with it."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from genbench.catalogue.plugins import MODELS, Offers, Plugin, installed, load
from genbench.contracts import settings
from genbench.contracts.dataset import Dataset
from genbench.contracts.extractor import Extractor
from genbench.contracts.hooks import MODEL_HOOKS
from genbench.contracts.metric import Metric
from genbench.contracts.model import NEEDS, Conditional, Density, Latent, Model
from genbench.errors import GenbenchError
from genbench.execution.channel import Markers

CAPABILITIES = {"density": Density, "conditional": Conditional, "latent": Latent}


def listing(folder: Path, arguments: Mapping[str, Any], markers: Markers) -> dict[str, Any]:
    """{"models": [...], "datasets": [...], "extractors": [...], "metrics": [...], "suites": [...], "faults": [...]}.

    One item that is wrong is a fault and leaves the others; whatever the plugin's import raises, this raises.
    """
    plugin = Plugin(**arguments["plugin"])
    offers = load(plugin)
    faults = [f"no hook is named {name}" for name in offers.misspelt]
    foreign = [name for name in offers.known if (name in MODEL_HOOKS) != (plugin.group == MODELS)]
    if plugin.module != "genbench.builtin":
        faults += [f"{name} is not called in the entry-point group {plugin.group}" for name in foreign]
    found: dict[str, Any] = {kind: [] for kind in _DESCRIBERS}
    for kind in ["models"] if plugin.group == MODELS else [kind for kind in _DESCRIBERS if kind != "models"]:
        for item in _offered(offers, kind, faults):
            try:
                found[kind].append(_DESCRIBERS[kind](item))
            except Exception as error:  # noqa: BLE001  # the item is the plugin's
                faults.append(f"{getattr(item, '__name__', item)}: {error}")
    if not any(found.values()) and not faults and not offers.known:
        faults.append("implements no hook (did you forget @genbench.hookimpl?)")
    return {**found, "faults": faults}


def discovery(folder: Path, arguments: Mapping[str, Any], markers: Markers) -> dict[str, Any]:
    """The `discovery` stage, run by the interpreter of another environment: the model plugins of a name there."""
    found = [plugin.to_json() for plugin in installed(MODELS)[1:] if plugin.name == arguments["name"]]
    return {"plugins": found}


def _offered(offers: Offers, kind: str, faults: list[str]) -> list[Any]:
    try:
        return offers.of(f"genbench_{kind}")
    except Exception as error:  # noqa: BLE001  # the hook is the plugin's
        faults.append(f"genbench_{kind} raised {type(error).__name__}: {error}")
        return []


def model_listing(cls: type[Model]) -> dict[str, Any]:
    """A model class as JSON.

    Raises:
        GenbenchError: what a plugin's author has to mend.
    """
    _check_class(cls, Model, ("name", "family", "source"))
    for sampler in cls.samplers:
        _check_name(sampler, f"{cls.__name__}'s sampler")
    described = ""
    if issubclass(cls, Density):
        described = cls.described_sampler or next(iter(cls.samplers))
        if described not in cls.samplers:
            raise GenbenchError(f"described_sampler is {described!r}, which is none of {', '.join(cls.samplers)}")
    return {
        "name": cls.name,
        "family": cls.family.value,
        "source": cls.source,
        "description": _first_sentence(cls),
        "capabilities": [name for name, capability in CAPABILITIES.items() if issubclass(cls, capability)],
        "settings": [setting.to_json() for setting in settings.declared(cls)],
        "samplers": list(cls.samplers),
        "described_sampler": described,
        "assets": [vars(asset) for asset in cls.assets.values()],
        "needs": _needs(cls),
    }


def _needs(cls: type[Model]) -> list[str]:
    unknown = set(cls.needs) - set(NEEDS)
    if unknown:
        raise GenbenchError(f"needs holds {', '.join(sorted(unknown))}; a model may ask for {', '.join(NEEDS)}")
    return sorted(cls.needs)


def _dataset_listing(cls: type[Dataset]) -> dict[str, Any]:
    _check_class(cls, Dataset, ("name", "source", "license"))
    fields = ("name", "source", "license", "argument")
    return {**{field: getattr(cls, field) for field in fields}, "description": _first_sentence(cls)}


def _extractor_listing(cls: type[Extractor]) -> dict[str, Any]:
    fields = ("name", "source", "version")
    _check_class(cls, Extractor, fields)
    weights = {"weights": cls.weights.file if cls.weights else ""}
    return {**{field: getattr(cls, field) for field in fields}, **weights, "description": _first_sentence(cls)}


def _metric_listing(cls: type[Metric]) -> dict[str, Any]:
    fields = ("name", "title", "unit", "source", "version", "uses_features")
    _check_class(cls, Metric, (*fields, "axis", "direction"))
    values = {field: getattr(cls, field) for field in fields}
    return {**values, "axis": cls.axis.value, "direction": cls.direction.value, "description": _first_sentence(cls)}


def _suite_listing(path: Path) -> dict[str, Any]:
    return {"name": Path(path).stem, "path": str(path)}


def _executor_listing(cls: Any) -> dict[str, Any]:
    _check_name(cls.name, cls.__name__)
    return {"name": cls.name, "description": _first_sentence(cls)}


_DESCRIBERS: Mapping[str, Callable[[Any], dict[str, Any]]] = {
    "models": model_listing,
    "datasets": _dataset_listing,
    "extractors": _extractor_listing,
    "metrics": _metric_listing,
    "suites": _suite_listing,
    "executors": _executor_listing,
}


def _check_class(cls: Any, wanted: type, attributes: tuple[str, ...]) -> None:
    if not isinstance(cls, type) or not issubclass(cls, wanted):
        raise GenbenchError(f"expected a class derived from genbench.{wanted.__name__}")
    if inspect.isabstract(cls):
        missing = sorted(vars(cls)["__abstractmethods__"])
        raise GenbenchError(f"does not implement {', '.join(missing)}")
    missing = [name for name in attributes if not hasattr(cls, name)]
    if missing:
        raise GenbenchError(f"does not set {', '.join(missing)}")
    _check_name(cls.name, cls.__name__)  # type: ignore[attr-defined]


def _check_name(name: object, owner: str) -> None:
    if not isinstance(name, str) or not settings.NAME.fullmatch(name):
        raise GenbenchError(f"{owner}'s name is {name!r}; names are [a-z0-9][a-z0-9._-]*, 64 characters at most")


def _first_sentence(cls: type) -> str:
    return " ".join((inspect.getdoc(cls) or "").partition("\n\n")[0].split())
