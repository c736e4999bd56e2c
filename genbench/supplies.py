"""Supplies: a dataset by its name, and the place in the cache where its content is laid down."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from genbench import dataset
from genbench.dataset import Dataset
from genbench.errors import GenbenchError, unknown
from genbench.files import cache_folder
from genbench.plugins import Plugin, parts

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


def laid_down(splits: dataset.Splits, told: Callable[[str], None] = lambda damage: None) -> Path:
    """The cache folder of these data, named by their content, filled where it is missing or damaged.

    Args:
        told: hears what was damaged, in words.
    """
    home = cache_folder("data")
    path = home / splits.sha256
    if path.exists():
        try:
            dataset.verify(path)
        except GenbenchError as error:
            place = path.rename(path.with_name(f".damaged-{path.name}-{secrets.token_hex(4)}"))
            told(f"{error}; set aside as {place.name}")
    if not path.exists():
        partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=home))
        dataset.write(splits, partial)
        try:
            os.rename(partial, path)
        except OSError:  # another run laid the same content down in the meantime
            shutil.rmtree(partial)
    return path
