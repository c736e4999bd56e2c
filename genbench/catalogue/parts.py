"""Parts."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genbench.catalogue.plugins import Plugin, load
from genbench.contracts.dataset import Dataset
from genbench.errors import GenbenchError, unknown
from genbench.files.atomic import cache_folder


def parts(kind: str, plugins: list[Plugin]) -> Mapping[str, Any]:
    """Name → class over all part plugins for one kind ("datasets", "extractors", "metrics", "executors").

    For processes that need the classes themselves. A plugin that cannot be imported is passed over here: the
    catalogue has named it already. Built-ins win a clash.
    """
    found: dict[str, Any] = {}
    for plugin in plugins:
        with contextlib.suppress(Exception):  # listed as broken by the catalogue, with its reason
            for item in load(plugin).of(f"genbench_{kind}"):
                found.setdefault(item.name, item)
    return found


SYSTEM = Path("/usr/share/datasets")  # where Debian's dataset packages put their files

DATA_ROOT = "GENBENCH_DATA"  # the environment variable that stands for --data-root


def dataset_named(name: str, plugins: list[Plugin], root: str) -> Dataset:
    """The dataset NAME or NAME:ARGUMENT, which will look for its files in the user's folder before anywhere else."""
    base, _, argument = name.partition(":")
    datasets = parts("datasets", plugins)
    if base not in datasets:
        raise unknown("dataset", base, datasets)
    found: Dataset = datasets[base](argument)
    found.places = [*([Path(root)] if root else []), cache_folder("datasets"), SYSTEM]
    return found


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
