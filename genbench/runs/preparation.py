"""Groundwork: the jobs without which nothing can start. One that fails ends the command, with its reason."""

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from genbench.store import datasets, extractor_weights
from genbench.catalogue import Catalogue
from genbench.runs.conductor import Interrupted
from genbench.errors import GenbenchError, unknown
from genbench.catalogue.parts import data_root_of
from genbench.catalogue.plugins import Plugin
from genbench.contracts.job import Job
from genbench.execution.outcome import Outcome
from genbench.execution.supervisor import Supervisor

LIMIT = 3600.0  # wall seconds to load a dataset, to fetch it, or to look at the machine


def prepared(stage: str, arguments: Mapping[str, Any], supervisor: Supervisor) -> dict[str, Any]:
    """Facts of a stage without which nothing can start.

    Raises:
        GenbenchError: it failed, with its reason; its log is kept where it did not say one itself.
        Interrupted: it was stopped.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"genbench-{stage}-"))
    outcome: Outcome = supervisor.run(Job(stage, folder, arguments, folder / "log.txt", LIMIT))
    if outcome.ok or outcome.status in ("error", "interrupted"):
        shutil.rmtree(folder, ignore_errors=True)
    if outcome.status == "interrupted":
        raise Interrupted("interrupted")
    if outcome.status == "error":
        raise GenbenchError(outcome.reason)
    if not outcome.ok:
        raise GenbenchError(f"{outcome.status}: {outcome.reason}; its log is {folder / 'log.txt'}")
    return dict(outcome.facts)


def data_arguments(
    dataset: str, extractors: Iterable[str], parts: Iterable[Plugin], data_root: str = "", given: Iterable[str] = ()
) -> dict[str, Any]:
    """Arguments of the `data` stage: the dataset to lay down, and the extractors whose weights have to be there.

    Args:
        dataset: NAME or NAME:ARGUMENT.
        extractors: names; "" is passed over.
        parts: the part plugins.
        data_root: what --data-root says, or "".
        given: what --extractor-weights says: NAME=FILE, or FILE where one extractor needs weights.
    Raises:
        GenbenchError: a folder or file that was named is not there.
    """
    return {
        "dataset": dataset,
        "plugins": [plugin.to_json() for plugin in parts],
        "data_root": data_root_of(data_root),
        "extractors": sorted({*extractors} - {""}),
        "weights": extractor_weights.named(given),
    }


def fetched(name: str, data_root: str, catalogue: Catalogue, supervisor: Supervisor) -> dict[str, Any]:
    """Download a dataset, or an extractor's weights, into the cache (a dataset: or into `data_root`).

    Returns:
        {"kind": "dataset" or "extractor", "path", "sha256"}; a dataset's "rows" and "dataset.json" too.
    Raises:
        GenbenchError: no such name, or the download failed.
    """
    base, _, _ = name.partition(":")
    known = {kind: catalogue.entries[kind] for kind in ("datasets", "extractors")}
    kind = next((kind for kind in known if base in known[kind]), None)
    if kind is None:
        raise unknown("dataset or extractor", base, [*known["datasets"], *known["extractors"]])
    folder = str(Path(data_root).expanduser().absolute()) if data_root else ""  # may not be there yet
    plugins = [plugin.to_json() for plugin in catalogue.parts]
    arguments = {"name": name, "kind": kind, "plugins": plugins, "data_root": folder}
    return prepared("prepare", arguments, supervisor)
