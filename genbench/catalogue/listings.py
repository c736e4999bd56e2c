"""Listings: what a plugin says of each thing that it offers, as plain data. No plugin is imported to read one."""

from dataclasses import dataclass, fields

from genbench.catalogue.plugins import Plugin
from genbench.contracts.assets import Asset
from genbench.contracts.settings import Name, Setting
from genbench.records.kinds import Axis, ControlKind, Direction, Family


@dataclass(frozen=True)
class ModelListing:
    """A model class.

    Raises:
        ValueError: its density is of a sampler that it has not.
    """

    name: Name
    family: Family
    source: str
    description: str
    capabilities: tuple[Name, ...]
    """Names of `genbench.contracts.model.CAPABILITIES`."""
    settings: tuple[Setting, ...] = ()
    samplers: tuple[Name, ...] = ()
    """Names of its sampler presets; none for a learner that draws no samples."""
    described_sampler: str = ""
    """The sampler whose law its density is; "" without a density."""
    assets: tuple[Asset, ...] = ()
    needs: tuple[str, ...] = ()
    """What it asks for beyond its own folder."""
    control: ControlKind | None = None
    """What it is on the board for, if it is one of the harness's own controls."""

    def __post_init__(self) -> None:
        if self.described_sampler and self.described_sampler not in self.samplers:
            known = ", ".join(self.samplers) or "none"
            raise ValueError(f"described_sampler is {self.described_sampler!r}, which is no sampler (known: {known})")


@dataclass(frozen=True)
class DatasetListing:
    """A dataset class."""

    name: Name
    source: str
    license: str
    description: str
    argument: str = ""
    """What follows the colon, in capitals; "" where nothing does."""
    extractor: str = ""
    """The extractor that its samples are scored with unless another one is named; "": by its Space."""
    hides: tuple[str, ...] = ()
    """Files and folders with its rows that no confined plugin can open."""


@dataclass(frozen=True)
class ExtractorListing:
    """An extractor class."""

    name: Name
    source: str
    version: str
    description: str
    weights: str = ""
    """The file of trained parameters that it reads from outside; "" where it reads none."""
    hides: tuple[str, ...] = ()
    """Files that no confined plugin can open."""


@dataclass(frozen=True)
class MetricListing:
    """A metric class."""

    name: Name
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
    misled_by: str = ""
    """Who has the best score without being good, so that it is shown and no axis; "": it may be one."""


@dataclass(frozen=True)
class TaskListing:
    """A task class."""

    name: Name
    source: str
    version: str
    description: str
    needs: Name
    """The capability that answers, by its name in CAPABILITIES."""
    axes: tuple[Name, Name, Name]
    """What a candidate has to be good at; a suite names the score of each."""
    stages: tuple[Name, ...]
    """Of a trial that is asked."""
    gates: tuple[Name, ...] = ()
    """What bars a candidate from ranks."""
    controls: tuple[Name, ...] = ()
    """The control models on its board."""
    settings: tuple[Setting, ...] = ()


@dataclass(frozen=True)
class SolverListing:
    """A solver class."""

    name: Name
    source: str
    version: str
    description: str
    lifts: tuple[Name, ...]
    """The capabilities that a model needs to have for it, by their names in CAPABILITIES."""
    to: Name
    """The capability that it gives."""
    settings: tuple[Setting, ...] = ()


@dataclass(frozen=True)
class SuiteListing:
    """A suite file."""

    name: Name
    path: str


@dataclass(frozen=True)
class ExecutorListing:
    """An executor class."""

    name: Name
    description: str


Offer = (
    ModelListing
    | DatasetListing
    | ExtractorListing
    | MetricListing
    | TaskListing
    | SolverListing
    | SuiteListing
    | ExecutorListing
)


@dataclass(frozen=True)
class Listing:
    """All that one plugin offers, by kind, and what is wrong with it, in words."""

    models: tuple[ModelListing, ...] = ()
    datasets: tuple[DatasetListing, ...] = ()
    extractors: tuple[ExtractorListing, ...] = ()
    metrics: tuple[MetricListing, ...] = ()
    tasks: tuple[TaskListing, ...] = ()
    solvers: tuple[SolverListing, ...] = ()
    suites: tuple[SuiteListing, ...] = ()
    executors: tuple[ExecutorListing, ...] = ()
    faults: tuple[str, ...] = ()


KINDS = tuple(field.name for field in fields(Listing) if field.name != "faults")  # each has a hook, genbench_KIND


@dataclass(frozen=True)
class ListingInputs:
    """What the process that lists a plugin is given."""

    plugin: Plugin


@dataclass(frozen=True)
class DiscoveryInputs:
    """What the interpreter of another environment is asked."""

    name: str
    """Of a model plugin."""


@dataclass(frozen=True)
class Discovered:
    """The model plugins of that name in that environment."""

    plugins: tuple[Plugin, ...] = ()
