"""Lays a dataset down through its (trusted) part, and fetches what is missing."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from genbench.catalogue import parts
from genbench.catalogue.plugins import Plugin
from genbench.contracts.assets import Weights
from genbench.errors import GenbenchError
from genbench.execution.channel import Markers
from genbench.files.atomic import cache_folder, sha256_of
from genbench.protocol.inputs import Kept
from genbench.protocol.stages.services import EXTRACTORS, DataInputs, Fetched, FetchInputs, LaidData
from genbench.records.record import DataFacts
from genbench.scoring.extraction import loaded
from genbench.store import datasets
from genbench.store.extractor_weights import lacking, located


def data(folder: Path, inputs: DataInputs, markers: Markers) -> LaidData:
    """Lay the data down, and find the weights of the extractors that read a file from outside.

    Raises:
        GenbenchError: no such dataset, or its data are not there, or an extractor's weights are not, or a file that
            was named holds others.
    """
    found, absent = _weights(inputs)  # first: a missing file is told before data are read
    source = parts.dataset_named(inputs.dataset, inputs.parts, inputs.data_root)
    with markers.timed("data"):
        damaged: list[str] = []
        splits = source.splits()
        path = datasets.laid_down(splits.watched if inputs.watched else splits, damaged.append)
    space = datasets.read_space(path)
    for name in found if inputs.weights.any else ():  # a file that somebody named may be anything: told at once
        loaded(parts.extractors(inputs.parts).classes[name], space, "cpu", found)
    laid = datasets.described(path)
    facts = DataFacts(inputs.dataset, laid.sha256, source.source, source.license, laid.space, laid.rows)
    hides = (*source.hides, *map(str, source.places))
    weights = {name: Kept(str(file), sha256_of(file)) for name, file in found.items()}
    return LaidData(facts, str(path), weights, tuple(damaged), hides, absent)


def fetch(folder: Path, inputs: FetchInputs, markers: Markers) -> Fetched:
    """Download what `genbench prepare` names.

    Raises:
        GenbenchError: the network or the server would not, or what came is not what it should be.
    """
    if inputs.kind == EXTRACTORS:
        return _fetched_weights(inputs.name, inputs.parts)
    source = parts.dataset_named(inputs.name, inputs.parts, inputs.data_root)
    try:
        splits = source.splits()  # whoever has the files already needs no network
    except GenbenchError:
        source.fetch(Path(inputs.data_root) if inputs.data_root else cache_folder("datasets"))
        splits = source.splits()
    path = datasets.laid_down(splits)
    laid = datasets.described(path)
    return Fetched(inputs.kind, str(path), laid.sha256, laid.rows)


def _weights(inputs: DataInputs) -> tuple[dict[str, Path], dict[str, str]]:
    """The weights files of the named extractors that read one from outside, and how to get what may be missing."""
    classes = parts.extractors(inputs.parts).classes

    def of(names: Iterable[str]) -> dict[str, Weights]:
        found = {name: classes[name].weights for name in names if name in classes}
        return {name: weights for name, weights in found.items() if weights is not None}

    further = of(inputs.further)
    absent = lacking(inputs.weights, further)
    needed = of(inputs.extractors) | {name: further[name] for name in further.keys() - absent.keys()}
    return located(inputs.weights, needed), absent


def _fetched_weights(name: str, plugins: Sequence[Plugin]) -> Fetched:
    file = parts.extractors(plugins).named(name).weights
    if file is None:
        raise GenbenchError(f"extractor {name} needs no preparation: it reads no file from outside")
    try:
        path = file.found(name)
    except GenbenchError:
        path = file.fetched()
    return Fetched(EXTRACTORS, str(path), file.sha256)
