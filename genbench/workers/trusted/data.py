"""The `data` and `prepare` stages: load a dataset through its (trusted) part and lay it down; fetch what is missing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from genbench.catalogue.parts import dataset_named, parts
from genbench.catalogue.plugins import Plugin
from genbench.contracts.extractor import loaded
from genbench.errors import GenbenchError
from genbench.execution.channel import Markers
from genbench.files.atomic import cache_folder, sha256_of
from genbench.files.plain import read_json
from genbench.store import datasets, extractor_weights
from genbench.store.datasets import laid_down


def data(folder: Path, arguments: Mapping[str, Any], markers: Markers) -> dict[str, Any]:
    """Facts: where the data lie, their Space, sha256, rows, what the dataset says of itself, and extractors' weights.

    Args:
        arguments: those of `genbench.groundwork.data_arguments`; "weights" in the facts is
            {extractor: {"path", "sha256"}} for each extractor that reads a file from outside.
    Raises:
        GenbenchError: no such dataset, or its data are not there, or an extractor's weights are not, or a file that
            was named holds others.
    """
    plugins = [Plugin(**plugin) for plugin in arguments["plugins"]]
    found = _weights(arguments, plugins)  # first: a missing file is told before data are read
    source = dataset_named(str(arguments["dataset"]), plugins, arguments.get("data_root", ""))
    with markers.timed("data"):
        damaged: list[str] = []
        path = laid_down(source.splits(), damaged.append)
    facts = read_json(path / "dataset.json")
    for name in found if arguments.get("weights") else ():  # a file that somebody named may be anything: told at once
        loaded(parts("extractors", plugins)[name], datasets.read_space(path), torch.device("cpu"), found)
    return {
        **facts,
        "damaged": damaged,
        "name": arguments["dataset"],
        "path": str(path),
        "source": source.source,
        "license": source.license,
        "weights": {name: {"path": str(file), "sha256": sha256_of(file)} for name, file in found.items()},
    }


def prepare(folder: Path, arguments: Mapping[str, Any], markers: Markers) -> dict[str, Any]:
    """Facts: those of what `genbench prepare` fetched (`genbench.groundwork.fetched`).

    Raises:
        GenbenchError: the network or the server would not, or what came is not what it should be.
    """
    plugins = [Plugin(**plugin) for plugin in arguments["plugins"]]
    name, root = str(arguments["name"]), str(arguments["data_root"])
    if arguments["kind"] == "extractors":
        return _fetched_weights(name, plugins)
    source = dataset_named(name, plugins, root)
    try:
        splits = source.splits()  # whoever has the files already needs no network
    except GenbenchError:
        source.fetch(Path(root) if root else cache_folder("datasets"))
        splits = source.splits()
    path = laid_down(splits)
    return {**read_json(path / "dataset.json"), "kind": "dataset", "path": str(path)}


def _weights(arguments: Mapping[str, Any], plugins: list[Plugin]) -> dict[str, Path]:
    """The weights file of each of the named extractors that reads one from outside."""
    classes = parts("extractors", plugins)
    used = {name: classes[name].weights for name in arguments.get("extractors", []) if name in classes}
    needed = {name: file for name, file in used.items() if file is not None}
    return extractor_weights.located(arguments.get("weights", {}), needed)


def _fetched_weights(name: str, plugins: list[Plugin]) -> dict[str, Any]:
    file = parts("extractors", plugins)[name].weights
    if file is None:
        raise GenbenchError(f"extractor {name} needs no preparation: it reads no file from outside")
    try:
        path = file.found(name)
    except GenbenchError:
        path = file.fetched()
    return {"kind": "extractor", "path": str(path), "sha256": file.sha256, "license": file.license}
