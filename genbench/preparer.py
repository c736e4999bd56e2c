"""The `data` stage: load a dataset through its (trusted) part and lay it down for the other stages to map."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from genbench import dataset
from genbench.channel import Markers
from genbench.errors import unknown
from genbench.files import cache_folder, read_json
from genbench.plugins import Plugin, parts


def data(folder: Path, arguments: Mapping[str, Any], markers: Markers) -> dict[str, Any]:
    """Facts: where the data lie, their Space, sha256, rows, and what the dataset says of itself.

    Raises:
        GenbenchError: no such dataset, or its data are not there.
    """
    name, _, argument = str(arguments["dataset"]).partition(":")
    datasets = parts("datasets", [Plugin(**plugin) for plugin in arguments["plugins"]])
    if name not in datasets:
        raise unknown("dataset", name, datasets)
    with markers.timed("data"):
        splits = datasets[name](argument).splits()
        path = _laid_down(splits)
    facts = read_json(path / "dataset.json")
    return {
        **facts,
        "name": arguments["dataset"],
        "path": str(path),
        "source": datasets[name].source,
        "license": datasets[name].license,
    }


def _laid_down(splits: dataset.Splits) -> Path:
    """The cache folder of these data, named by their content, filled where it is missing."""
    home = cache_folder("data")
    path = home / splits.sha256
    if not path.exists():
        partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=home))
        dataset.write(splits, partial)
        try:
            os.rename(partial, path)
        except OSError:  # another run laid the same content down in the meantime
            shutil.rmtree(partial)
    return path
