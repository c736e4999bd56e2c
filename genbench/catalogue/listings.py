"""Listings: what a plugin says of each thing that it offers, as plain data. No plugin is imported to read one."""

from dataclasses import dataclass

from genbench.contracts.assets import Asset
from genbench.contracts.settings import Setting
from genbench.records.kinds import Axis, ControlKind, Direction, Family


@dataclass(frozen=True)
class ModelListing:
    """A model class."""

    name: str
    family: Family
    source: str
    description: str
    capabilities: tuple[str, ...]
    """Names of `genbench.contracts.model.CAPABILITIES`."""
    settings: tuple[Setting, ...] = ()
    samplers: tuple[str, ...] = ()
    """Names of its sampler presets; none for a learner that draws no samples."""
    described_sampler: str = ""
    """The sampler whose law its density is; "" without a density."""
    assets: tuple[Asset, ...] = ()
    needs: tuple[str, ...] = ()
    control: ControlKind | None = None


@dataclass(frozen=True)
class DatasetListing:
    """A dataset class."""

    name: str
    source: str
    license: str
    description: str
    argument: str = ""
    """What follows the colon, in capitals; "" where nothing does."""
    extractor: str = ""
    """The extractor that its samples are scored with unless another one is named; "": by its Space."""


@dataclass(frozen=True)
class ExtractorListing:
    """An extractor class."""

    name: str
    source: str
    version: str
    description: str
    weights: str = ""
    """The file of trained parameters that it reads from outside; "" where it reads none."""


@dataclass(frozen=True)
class MetricListing:
    """A metric class."""

    name: str
    title: str
    axis: Axis
    direction: Direction
    unit: str
    source: str
    version: str
    description: str
    uses_features: bool = False
    needs_train: bool = False
    """Whether it looks at features of training data."""


@dataclass(frozen=True)
class TaskListing:
    """A task class."""

    name: str
    source: str
    version: str
    description: str
    needs: str
    """The capability that answers, by its name in CAPABILITIES."""
    axes: tuple[str, ...]
    stages: tuple[str, ...]
    gates: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = ()


@dataclass(frozen=True)
class SolverListing:
    """A solver class."""

    name: str
    source: str
    version: str
    description: str
    lifts: tuple[str, ...]
    """The capabilities that a model needs to have for it, by their names in CAPABILITIES."""
    to: str
    """The capability that it gives."""
    settings: tuple[Setting, ...] = ()


@dataclass(frozen=True)
class SuiteListing:
    """A suite file."""

    name: str
    path: str


@dataclass(frozen=True)
class ExecutorListing:
    """An executor class."""

    name: str
    description: str


@dataclass(frozen=True)
class Listing:
    """All that one plugin offers, and what is wrong with it, in words."""

    models: tuple[ModelListing, ...] = ()
    datasets: tuple[DatasetListing, ...] = ()
    extractors: tuple[ExtractorListing, ...] = ()
    metrics: tuple[MetricListing, ...] = ()
    tasks: tuple[TaskListing, ...] = ()
    solvers: tuple[SolverListing, ...] = ()
    suites: tuple[SuiteListing, ...] = ()
    executors: tuple[ExecutorListing, ...] = ()
    faults: tuple[str, ...] = ()
