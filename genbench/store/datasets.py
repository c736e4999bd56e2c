"""Supplies: a dataset by its name, and the place in the cache where its content is laid down."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from genbench.contracts import dataset
from genbench.contracts.dataset import SPLITS, Examples, Splits
from genbench.errors import GenbenchError
from genbench.files.atomic import cache_folder
from genbench.files.plain import read_json, write_json
from genbench.records.space import Space


def laid_down(splits: dataset.Splits, told: Callable[[str], None] = lambda damage: None) -> Path:
    """The cache folder of these data, named by their content, filled where it is missing or damaged.

    Args:
        told: hears what was damaged, in words.
    """
    home = cache_folder("data")
    path = home / splits.sha256
    if path.exists():
        try:
            verify(path)
        except GenbenchError as error:
            place = path.rename(path.with_name(f".damaged-{path.name}-{secrets.token_hex(4)}"))
            told(f"{error}; set aside as {place.name}")
    if not path.exists():
        partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=home))
        write(splits, partial)
        try:
            os.rename(partial, path)
        except OSError:  # another run laid the same content down in the meantime
            shutil.rmtree(partial)
    return path


def write(splits: Splits, folder: Path) -> dict[str, Any]:
    """Lay the splits down as `.npy` files that processes can map, with `dataset.json`, which is returned."""
    for name in SPLITS:
        examples: Examples = getattr(splits, name)
        np.save(folder / f"{name}.x.npy", np.ascontiguousarray(examples.x), allow_pickle=False)
        if examples.y is not None:
            np.save(folder / f"{name}.y.npy", examples.y, allow_pickle=False)
    meta = {
        "space": splits.space.to_json(),
        "sha256": splits.sha256,
        "rows": {name: len(getattr(splits, name)) for name in SPLITS},
    }
    write_json(folder / "dataset.json", meta)
    return meta


def verify(folder: Path) -> None:
    """Check what `write` laid down against the identity that it noted.

    Raises:
        GenbenchError: a file is missing, or is not as it was written.
    """
    try:
        meta, splits = read_json(folder / "dataset.json"), {name: read(folder, name) for name in SPLITS}
        rows = {name: len(examples) for name, examples in splits.items()}
        whole = meta["sha256"] == Splits(read_space(folder), **splits).sha256 and meta["rows"] == rows
    except (OSError, ValueError, KeyError, TypeError, EOFError, GenbenchError) as error:
        raise GenbenchError(f"the data at {folder} cannot be read ({error}); a run lays them down anew") from error
    if not whole:
        raise GenbenchError(f"the data at {folder} are not as they were written; a run lays them down anew")


def read(folder: Path, split: str) -> Examples:
    """One split that `write` laid down, mapped copy-on-write: who changes it changes only his own copy."""
    labels = folder / f"{split}.y.npy"
    return Examples(
        np.load(folder / f"{split}.x.npy", mmap_mode="c", allow_pickle=False),
        np.load(labels, allow_pickle=False) if labels.exists() else None,
    )


def read_space(folder: Path) -> Space:
    """The Space of the dataset that `write` laid down."""
    return Space.from_json(read_json(folder / "dataset.json")["space"])
