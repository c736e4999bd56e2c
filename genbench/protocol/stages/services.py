"""Services: what a run needs before its first trial, each in a trusted process of its own: the machine, the data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from genbench.catalogue.plugins import Plugin
from genbench.contracts.node import Probe as Probe
from genbench.files.codec import Count
from genbench.protocol.inputs import Kept
from genbench.records.record import DataFacts
from genbench.store.extractor_weights import GivenWeights

PROBE = "genbench.workers.trusted.probe:probe"
DATA = "genbench.workers.trusted.data:data"
FETCH = "genbench.workers.trusted.data:fetch"
DATASETS, EXTRACTORS = "dataset", "extractor"  # what can be fetched


@dataclass(frozen=True)
class ProbeInputs:
    """What the machine is asked."""

    device: str
    """One of auto, cpu, cuda, cuda:N, mps."""
    environment: bool = False
    """Whether what is installed is asked as well."""


@dataclass(frozen=True)
class DataInputs:
    """Which data are laid down, and which extractors have to be ready."""

    dataset: str
    """NAME or NAME:ARGUMENT."""
    parts: tuple[Plugin, ...]
    """The part plugins."""
    data_root: str = ""
    """A folder with copies of datasets, or ""."""
    extractors: tuple[str, ...] = ()
    """Names of those whose weights have to be there."""
    further: tuple[str, ...] = ()
    """Names of others: where their weights are missing, the scores that ask for them say so."""
    weights: GivenWeights = field(default_factory=GivenWeights)
    """Those that somebody named."""
    watched: bool = False
    """Whether valid shall stand in the places of test and held, of which no row is laid down then."""


@dataclass(frozen=True)
class LaidData:
    """Data that were laid down, and the weights of extractors."""

    facts: DataFacts
    """As records carry them."""
    path: str
    """Their folder."""
    weights: Mapping[str, Kept] = field(default_factory=dict)
    """Extractor → its file, for each that reads one from outside."""
    damaged: tuple[str, ...] = ()
    """Files that were not as they were written, in words."""
    hides: tuple[str, ...] = ()
    """Where the same rows may lie besides: no confined plugin can open these files and folders."""
    absent: Mapping[str, str] = field(default_factory=dict)
    """Extractor → how to get its weights, of those that may be missing and are."""


@dataclass(frozen=True)
class FetchInputs:
    """What is to be downloaded."""

    name: str
    """Of a dataset or an extractor."""
    kind: str
    """A dataset or an extractor."""
    parts: tuple[Plugin, ...]
    """The part plugins."""
    data_root: str = ""
    """The folder that gets a dataset's files; "": the cache."""


@dataclass(frozen=True)
class Fetched:
    """What is there now."""

    kind: str
    """A dataset or an extractor."""
    path: str
    """A dataset's folder, an extractor's file."""
    sha256: str
    """Of its content."""
    rows: Mapping[str, Count] = field(default_factory=dict)
    """Of a dataset's splits."""
