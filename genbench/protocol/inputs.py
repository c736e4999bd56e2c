"""Inputs: what a stage is given, declared once. Its key, what its process is told and what it may read follow from it.

A stage's inputs are a frozen dataclass. Of a field that has an `identity` (a file, some rows, a plugin's code) the key
holds that identity; what a field `reads` is what the process may open; a field that no result depends on is annotated
`Annotated[..., UNKEYED]`. Everything is plain data, so that it can be written to a file.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

from genbench.catalogue.plugins import Plugin
from genbench.contracts.settings import Value
from genbench.files import codec

PARTS = ("x", "y", "captions")  # of a split that may be read; labels and captions are there where the data have some
UNKEYED = "unkeyed"  # no result depends on it
Unkeyed = Annotated[float, UNKEYED]


@dataclass(frozen=True)
class SplitFiles:
    """Splits of laid-down data, and their Space."""

    home: str
    """Their folder."""
    sha256: str
    """Of all splits."""
    splits: tuple[str, ...]
    """Those that may be read."""
    labels: tuple[str, ...] = ()
    """Those of which the labels alone may be read."""

    @property
    def path(self) -> Path:
        """The folder."""
        return Path(self.home)

    @property
    def identity(self) -> tuple[str, ...]:
        """The data and which part of them."""
        return (self.sha256, *self.splits, *(f"labels of {split}" for split in self.labels))

    @property
    def reads(self) -> tuple[str, ...]:
        """The Space's file, and those of the splits and labels. Whoever may see `held`, which no plugin does, may know
        what else is known of the rows.
        """
        own = [f"{self.home}/{split}.{part}.npy" for split in self.splits for part in PARTS]
        own += [f"{self.home}/attributes.npz"] if "held" in self.splits else []
        return (f"{self.home}/dataset.json", *own, *(f"{self.home}/{split}.y.npy" for split in self.labels))


@dataclass(frozen=True)
class Kept:
    """A file whose bytes are known."""

    file: str
    """Its path."""
    sha256: str
    """Of its bytes."""

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.file)

    @property
    def identity(self) -> str:
        """Its bytes, wherever they lie."""
        return self.sha256

    @property
    def reads(self) -> tuple[str, ...]:
        """The file itself."""
        return (self.file,)


@dataclass(frozen=True)
class Subject:
    """The model of a trial, and all that every one of its seeds is made of."""

    plugin: Plugin
    """Whose code it is."""
    model: str
    """Its name there."""
    reference: str
    """The name with the settings that differ from its defaults."""
    settings: Mapping[str, Value]
    """Every setting with its value."""
    seed: int
    """Of the training."""
    dataset: str
    """The name of the dataset, without its argument: the same data at two places give the same numbers."""
    device: str
    """Where it computes."""
    threads: int
    """Of its numeric libraries."""
    assets: tuple[Kept, ...] = ()
    """Files from outside that it declared."""

    @property
    def names(self) -> tuple[object, ...]:
        """What every seed of the trial is made of."""
        return self.reference, self.dataset, self.seed

    @property
    def is_control(self) -> bool:
        """Whether the harness runs its own code: the parent says which plugin it is; no plugin can say otherwise."""
        return self.plugin.is_builtin


@dataclass(frozen=True)
class Fitted:
    """A fitted model as later stages get it."""

    subject: Subject
    """The model that was fitted."""
    checkpoint: Kept
    """The file with its parameters and buffers."""


@dataclass(frozen=True)
class PartChoice:
    """A task or a solver with its settings."""

    plugin: Plugin
    """Whose code it is."""
    name: str
    """Its name there."""
    settings: Mapping[str, Value]
    """Every setting with its value."""


def identity_of(value: object) -> Any:
    """What a key holds of inputs, as plain JSON."""
    if hasattr(value, "identity"):
        return codec.encoded(value.identity)
    if is_dataclass(value):
        return {name: identity_of(item) for name, item in _keyed(value)}
    if isinstance(value, Mapping):
        return {str(key): identity_of(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [identity_of(item) for item in value]
    return codec.encoded(value)


def reads_of(value: object) -> tuple[str, ...]:
    """Every file that inputs name, in order."""
    if hasattr(value, "reads"):
        return tuple(value.reads)
    inner: Iterator[object] = iter(())
    if is_dataclass(value):
        inner = (getattr(value, field.name) for field in fields(value))
    elif isinstance(value, Mapping):
        inner = iter(value.values())
    elif isinstance(value, tuple | list):
        inner = iter(value)
    return tuple(path for item in inner for path in reads_of(item))


def splits_of(value: object) -> frozenset[str]:
    """Every split of the data that inputs show."""
    if isinstance(value, SplitFiles):
        return frozenset(value.splits)
    inner = [getattr(value, field.name) for field in fields(value)] if is_dataclass(value) else []
    return frozenset().union(*(splits_of(item) for item in inner))


def _keyed(value: Any) -> Iterator[tuple[str, object]]:
    hints = get_type_hints(type(value), include_extras=True)
    for field in fields(value):
        if UNKEYED not in get_args(hints[field.name])[1:]:
            yield field.name, getattr(value, field.name)
