"""Laid-down data: a dataset's splits as files that processes can map, named by their content, in the cache."""

import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.contracts.dataset import SPLITS, Examples, Splits
from genbench.errors import GenbenchError
from genbench.files import codec
from genbench.files.atomic import cache_folder, cache_path, cache_told
from genbench.files.codec import Count
from genbench.records.space import Space

NOTE = "dataset.json"  # beside the splits
ATTRIBUTES = "attributes.npz"  # likewise, of all splits; not there where nothing else is known of the rows


def laid_down(splits: Splits, told: Callable[[str], None] = lambda damage: None) -> Path:
    """The cache folder of these data, named by their content, filled where it is missing or damaged.

    Args:
        told: hears what was damaged, in words.
    Raises:
        GenbenchError: the cache cannot be written.
    """
    path = cache_path("data") / splits.sha256
    if path.exists():
        try:
            verify(path)
        except GenbenchError as error:
            with cache_told(path.parent):
                place = path.rename(path.with_name(f".damaged-{path.name}-{secrets.token_hex(4)}"))
            told(f"{error}; set aside as {place.name}")
    if not path.exists():
        _lay_down(splits, path)
    return path


def _lay_down(splits: Splits, path: Path) -> None:
    home = cache_folder("data")
    with cache_told(home), tempfile.TemporaryDirectory(prefix=".partial-", dir=home, ignore_cleanup_errors=True) as own:
        partial = Path(own) / path.name
        partial.mkdir()
        write(splits, partial)
        try:
            os.rename(partial, path)
        except OSError:
            if not path.exists():  # else another run laid the same content down in the meantime
                raise


@dataclass(frozen=True)
class Laid:
    """What is noted of laid-down data."""

    space: Space
    """Where they live."""
    sha256: str
    """Of the Space and of every split's bytes."""
    rows: Mapping[str, Count]
    """Of each split."""


def write(splits: Splits, folder: Path) -> Laid:
    """Lay the splits down as `.npy` files that processes can map, with a note of what they are, which is returned."""
    for name in SPLITS:
        examples: Examples = getattr(splits, name)
        np.save(folder / f"{name}.x.npy", np.ascontiguousarray(examples.x), allow_pickle=False)
        if examples.y is not None:
            np.save(folder / f"{name}.y.npy", examples.y, allow_pickle=False)
        if examples.captions is not None:
            np.save(folder / f"{name}.captions.npy", examples.captions, allow_pickle=False)
    known = {f"{name}.{attribute}": x for name in SPLITS for attribute, x in getattr(splits, name).attributes.items()}
    if known:
        np.savez(folder / ATTRIBUTES, **known)
    laid = Laid(splits.space, splits.sha256, {name: len(getattr(splits, name)) for name in SPLITS})
    codec.write(folder / NOTE, laid)
    return laid


def described(folder: Path) -> Laid:
    """What `write` noted.

    Raises:
        GenbenchError: it cannot be read.
    """
    return codec.read(Laid, folder / NOTE)


def verify(folder: Path) -> None:
    """Check what `write` laid down against the identity that it noted.

    Raises:
        GenbenchError: a file is missing, or is not as it was written.
    """
    try:
        laid, splits = described(folder), read_whole(folder)
        rows = {name: len(getattr(splits, name)) for name in SPLITS}
        whole = laid.sha256 == splits.sha256 and laid.rows == rows
    except (OSError, ValueError, EOFError, GenbenchError) as error:
        raise GenbenchError(f"the data at {folder} cannot be read ({error}); a run lays them down anew") from error
    if not whole:
        raise GenbenchError(f"the data at {folder} are not as they were written; a run lays them down anew")


def read_whole(folder: Path) -> Splits:
    """All that `write` laid down, what else is known of the rows included: for stages that no plugin takes part in."""
    splits = {name: read(folder, name) for name in SPLITS}
    known = {name: replace(rows, attributes=read_attributes(folder, name)) for name, rows in splits.items()}
    return Splits(read_space(folder), **known)


def read_attributes(folder: Path, split: str) -> Mapping[str, NDArray[Any]]:
    """What else is known of the rows of a split, name → [N, …]; a confined plugin cannot open the file."""
    if not (folder / ATTRIBUTES).exists():
        return {}
    with np.load(folder / ATTRIBUTES, allow_pickle=False) as file:
        return {name.removeprefix(f"{split}."): file[name] for name in file if name.startswith(f"{split}.")}


def read(folder: Path, split: str) -> Examples:
    """One split that `write` laid down, mapped copy-on-write: who changes it changes only his own copy."""
    x = np.load(folder / f"{split}.x.npy", mmap_mode="c", allow_pickle=False)
    path = folder / f"{split}.captions.npy"
    captions = np.load(path, allow_pickle=False) if path.exists() else None
    return Examples(x, read_labels(folder, split), captions=captions)


def read_labels(folder: Path, split: str) -> NDArray[np.int64] | None:
    """The labels [N] of a split that `write` laid down; None where it has none."""
    path = folder / f"{split}.y.npy"
    return np.load(path, allow_pickle=False) if path.exists() else None


def read_space(folder: Path) -> Space:
    """The Space of the dataset that `write` laid down."""
    return described(folder).space
