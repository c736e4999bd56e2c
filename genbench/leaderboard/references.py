"""References: values that others published, for a band of their own beside a board. They are never ranked."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from genbench.errors import GenbenchError
from genbench.files import toml
from genbench.files.codec import Meta, Number

FILE = "references.toml"
RECORDS = "records"  # the folder that the file may lie beside

Text = Annotated[str, Meta(min_length=1, max_length=1000)]


@dataclass(frozen=True)
class Reference:
    """What somebody published of one model."""

    name: Text
    """Of the model, as its source calls it."""
    source: Annotated[str, Meta(pattern=r"^https://\S+$", max_length=1000)]
    """The page, or the paper, that the values stand in."""
    values: Annotated[Mapping[Text, Number], Meta(min_length=1)]
    """Score → value. One that is called like a column (`fd@inception-v3-compat`, `nfe`) may be shown in it."""
    note: str = ""
    """How they were measured, where that is not how the board measures."""
    task: str = ""
    """Whose board it stands beside; "": the suite's first."""


@dataclass(frozen=True)
class _File:
    """The tables of a file."""

    reference: tuple[Reference, ...]
    """One a model."""


def read(path: Path) -> tuple[Reference, ...]:
    """The references of a file, in its order.

    Raises:
        GenbenchError: it cannot be read, is no TOML, or a table of it is none of a reference; says which and why.
    """
    found = toml.read(_File, path, "file of references").reference
    _check(found, path)
    return found


def _check(references: Iterable[Reference], path: Path) -> None:
    known: set[tuple[str, str]] = set()
    for own in references:
        if not all(map(math.isfinite, own.values.values())):
            raise GenbenchError(f"{path}: a value of {own.name!r} is no finite number; leave it out")
        if (own.task, own.name) in known:
            raise GenbenchError(f"{path}: {own.name!r} stands there twice; give each table a name of its own")
        known.add((own.task, own.name))


def beside(records: Path) -> tuple[Reference, ...]:
    """The references that lie in a folder of records, or next to one that is called `records`; () where there are none.

    Raises:
        GenbenchError: as `read` does.
    """
    places = [records / FILE, *([records.absolute().parent / FILE] if records.name == RECORDS else [])]
    return next((read(path) for path in places if path.exists()), ())


def of_task(references: Iterable[Reference], task: str, first: str) -> tuple[Reference, ...]:
    """Those that stand beside a task's board.

    Args:
        first: the suite's first task, beside which those stand that name none.
    """
    return tuple(own for own in references if (own.task or first) == task)
