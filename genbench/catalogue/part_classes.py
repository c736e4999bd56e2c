"""Classes of parts as their listings; what is wrong with one is found here, before anybody uses it."""

from pathlib import Path

from genbench.catalogue.attributes import checked_name, description, flag, named, names, one_of, quoted, text, texts
from genbench.catalogue.listings import (
    DatasetListing,
    ExecutorListing,
    ExtractorListing,
    MetricListing,
    SolverListing,
    SuiteListing,
    TaskListing,
)
from genbench.catalogue.signatures import check_class, check_constructor
from genbench.contracts.dataset import Dataset
from genbench.contracts.executor import Executor
from genbench.contracts.extractor import Extractor
from genbench.contracts.metric import Metric
from genbench.contracts.model import CAPABILITIES
from genbench.contracts.settings import declared
from genbench.contracts.task import Solver, Task
from genbench.errors import GenbenchError
from genbench.records.kinds import Axis, Direction

AXES = 3  # of a task: what the verdict and the front compare


def dataset_listing(cls: type[Dataset]) -> DatasetListing:
    """A dataset class; GenbenchError: what its author has to mend."""
    check_class(cls, Dataset)
    check_constructor(cls, "argument")
    return DatasetListing(
        name=named(cls),
        source=text(cls, "source"),
        license=text(cls, "license"),
        description=description(cls),
        argument=text(cls, "argument"),
        extractor=text(cls, "extractor"),
        hides=texts(cls, "hides"),
    )


def extractor_listing(cls: type[Extractor]) -> ExtractorListing:
    """An extractor class; GenbenchError: what its author has to mend."""
    check_class(cls, Extractor)
    check_constructor(cls, "space", "device", *(["weights"] if cls.weights else []))
    return ExtractorListing(
        name=named(cls),
        source=text(cls, "source"),
        version=text(cls, "version"),
        description=description(cls),
        weights=cls.weights.file if cls.weights else "",
        hides=texts(cls, "hides"),
    )


def metric_listing(cls: type[Metric]) -> MetricListing:
    """A metric class; GenbenchError: what its author has to mend."""
    check_class(cls, Metric)
    check_constructor(cls)
    return MetricListing(
        name=named(cls),
        title=text(cls, "title"),
        axis=one_of(Axis, cls, "axis"),
        direction=one_of(Direction, cls, "direction"),
        unit=text(cls, "unit"),
        source=text(cls, "source"),
        version=text(cls, "version"),
        description=description(cls),
        uses_features=flag(cls, "uses_features"),
        needs_train=flag(cls, "needs_train"),
        misled_by=text(cls, "misled_by"),
    )


def task_listing(cls: type[Task]) -> TaskListing:
    """A task class; GenbenchError: what its author has to mend."""
    check_class(cls, Task)
    axes = names(cls, "axes")
    if len(axes) != AXES:
        raise GenbenchError(f"axes is {quoted(axes)}, expected {AXES} names")
    return TaskListing(
        name=named(cls),
        source=text(cls, "source"),
        version=text(cls, "version"),
        description=description(cls),
        needs=_capability(cls, "needs"),
        axes=(axes[0], axes[1], axes[2]),
        stages=names(cls, "stages"),
        gates=names(cls, "gates"),
        controls=names(cls, "controls"),
        settings=tuple(declared(cls, told=())),
    )


def solver_listing(cls: type[Solver]) -> SolverListing:
    """A solver class; GenbenchError: what its author has to mend."""
    check_class(cls, Solver)
    return SolverListing(
        name=named(cls),
        source=text(cls, "source"),
        version=text(cls, "version"),
        description=description(cls),
        lifts=_capabilities(cls, "lifts"),
        to=_capability(cls, "to"),
        settings=tuple(declared(cls, told=())),
    )


def suite_listing(path: Path) -> SuiteListing:
    """A suite file; GenbenchError: what its author has to mend."""
    if not isinstance(path, str | Path) or not Path(path).is_file():
        words = f"expected the path of a suite file, got {quoted(path)}, which is none"
        raise GenbenchError(f"{words}; is it among the package data of its distribution?")
    return SuiteListing(checked_name(Path(path).stem, "the suite"), str(Path(path).absolute()))


def executor_listing(cls: type[Executor]) -> ExecutorListing:
    """An executor class; GenbenchError: what its author has to mend."""
    check_class(cls, Executor)
    check_constructor(cls, "workplace")
    return ExecutorListing(named(cls), description(cls))


def _capability(cls: type, attribute: str) -> str:
    """The name of the one capability that an attribute is."""
    wanted = getattr(cls, attribute, None)
    for name, capability in CAPABILITIES.items():
        if wanted is capability:
            return name
    raise GenbenchError(f"{attribute} is {quoted(wanted)}, expected one of {_known()}")


def _capabilities(cls: type, attribute: str) -> tuple[str, ...]:
    """The names of the capabilities that an attribute is together, as Latent is an Encoder and a Decoder."""
    wanted = getattr(cls, attribute, None)
    found = [
        name for name, capability in CAPABILITIES.items() if isinstance(wanted, type) and issubclass(wanted, capability)
    ]
    if not found:
        raise GenbenchError(f"{attribute} is {quoted(wanted)}, expected one of {_known()}, or a class of several")
    return tuple(found)


def _known() -> str:
    return ", ".join(f"genbench.{capability.__name__}" for capability in CAPABILITIES.values())
