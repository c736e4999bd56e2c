"""Parts: the classes themselves, for processes that need them. Each part plugin is imported once a process."""

import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from genbench.catalogue.entries import Fault
from genbench.catalogue.plugins import Offers, Plugin, load
from genbench.contracts.dataset import Dataset
from genbench.errors import GenbenchError, unknown
from genbench.files.atomic import cache_path

if TYPE_CHECKING:
    from genbench.contracts.executor import Executor
    from genbench.contracts.extractor import Extractor
    from genbench.contracts.metric import Metric
    from genbench.contracts.task import Solver, Task

T = TypeVar("T")
LOG = logging.getLogger(__name__)
SYSTEM = Path("/usr/share/datasets")  # where Debian's dataset packages put their files
DATA_ROOT = "GENBENCH_DATA"  # the environment variable that stands for --data-root


@dataclass(frozen=True)
class Parts(Generic[T]):
    """All classes of one kind.

    Args:
        kind: one of them, for people.
        classes: name → class; built-ins win a clash.
        faults: of the plugins that could not be asked for theirs.
    """

    kind: str
    classes: Mapping[str, type[T]]
    faults: tuple[Fault, ...] = ()

    def named(self, name: str) -> type[T]:
        """The class of that name.

        Raises:
            GenbenchError: there is none; says which plugin could not be asked.
        """
        if name in self.classes:
            return self.classes[name]
        error = unknown(self.kind, name, self.classes)
        raise GenbenchError("; ".join(map(str, [error, *self.faults]))) if self.faults else error


def datasets(plugins: Iterable[Plugin]) -> "Parts[Dataset]":
    """The dataset classes of part plugins."""
    return _parts("dataset", plugins)


def extractors(plugins: Iterable[Plugin]) -> "Parts[Extractor]":
    """The extractor classes of part plugins."""
    return _parts("extractor", plugins)


def metrics(plugins: Iterable[Plugin]) -> "Parts[Metric]":
    """The metric classes of part plugins."""
    return _parts("metric", plugins)


def tasks(plugins: Iterable[Plugin]) -> "Parts[Task]":
    """The task classes of part plugins."""
    return _parts("task", plugins)


def solvers(plugins: Iterable[Plugin]) -> "Parts[Solver]":
    """The solver classes of part plugins."""
    return _parts("solver", plugins)


def executors(plugins: Iterable[Plugin]) -> "Parts[Executor]":
    """The executor classes of part plugins."""
    return _parts("executor", plugins)


def _parts(kind: str, plugins: Iterable[Plugin]) -> Parts[Any]:
    classes: dict[str, type] = {}
    faults = []
    for plugin in plugins:
        items, fault = _offered(plugin, kind)
        for item in items:
            classes.setdefault(item.name, item)
        faults += [fault] if fault else []
    return Parts(kind, classes, tuple(faults))


@cache
def _offered(plugin: Plugin, kind: str) -> tuple[tuple[Any, ...], Fault | None]:
    offers = imported(plugin)
    if isinstance(offers, Fault):
        return (), offers
    try:
        items = offers.of(f"genbench_{kind}s")
    except (Exception, SystemExit) as error:  # noqa: BLE001  # the hook is the plugin's
        return (), _told(plugin, f"genbench_{kind}s raised {type(error).__name__}: {error}")
    return tuple(item for item in items if isinstance(getattr(item, "name", None), str)), None


@cache
def imported(plugin: Plugin) -> Offers | Fault:
    """A part plugin, imported at the first call; what went wrong is logged and returned."""
    try:
        return load(plugin)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # a stranger's import may raise anything
        return _told(plugin, f"cannot be imported: {type(error).__name__}: {error}")


def _told(plugin: Plugin, reason: str) -> Fault:
    fault = Fault(plugin, reason)
    LOG.warning("plugin fault: %s", fault)
    return fault


def dataset_named(name: str, plugins: Iterable[Plugin], root: str) -> Dataset:
    """The dataset NAME or NAME:ARGUMENT, which will look for its files in the user's folder before anywhere else.

    Raises:
        GenbenchError: there is none of that name, or it takes no such argument.
    """
    base, _, argument = name.partition(":")
    found = datasets(plugins).named(base)(argument)
    found.places = places_of(root)
    return found


def places_of(root: str) -> list[Path]:
    """Folders in which a dataset's files may lie, best first.

    Args:
        root: the user's folder, or "".
    """
    return [*([Path(root)] if root else []), cache_path("datasets"), SYSTEM]


def data_root_of(option: str) -> str:
    """--data-root, else the environment's, as an absolute path; "" where neither says anything.

    Raises:
        GenbenchError: there is no such folder.
    """
    said = option or os.environ.get(DATA_ROOT, "")
    folder = Path(said).expanduser().absolute()
    if said and not folder.is_dir():
        raise GenbenchError(f"{'--data-root' if option else DATA_ROOT} {said} is no folder; name one that is there")
    return str(folder) if said else ""
