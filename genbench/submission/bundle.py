"""Bundle: what a submitted folder holds, and how much of it there may be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Annotated

from genbench.files.codec import Count, Meta
from genbench.files.plain import JSON_LIMIT
from genbench.protocol.stages.fit import CHECK
from genbench.protocol.stages.stage import CHECKPOINT

FORMAT = 1
NOTE = "bundle.json"
SIGNATURE = "bundle.sig"  # of bundle.json, and by it of every other file
ENVIRONMENT = "environment.txt"
RECORDS, EVIDENCE, CHECKS = "records", "evidence", "checks"
UNNEEDED = (CHECKPOINT, CHECK)  # outputs of stages that no score is made of
GIB, MIB = 2**30, 2**20
MOST_FILES = 20_000
MOST_BYTES = 4 * GIB
MOST_OF_ONE: Mapping[str, int] = {
    ".json": JSON_LIMIT,
    ".safetensors": GIB,
    ".txt": MIB,
}  # by suffix: there are no others
MOST_DEEP = 6  # names in a path
LONGEST = 200  # characters of who submits

Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$(?!\n)")]
Line = Annotated[str, Meta(max_length=LONGEST)]
PATH = r"^(?:[A-Za-z0-9][A-Za-z0-9._-]{0,127}/){0,5}[A-Za-z0-9][A-Za-z0-9._-]{0,127}$(?!\n)"


@dataclass(frozen=True)
class ListedFile:
    """A file of a bundle."""

    path: Annotated[str, Meta(pattern=PATH)]
    """Within the bundle, with slashes."""
    bytes: Count
    """How many it has."""
    sha256: Hash
    """Of them."""


@dataclass(frozen=True)
class Bundle:
    """What a bundle says of itself: the file `bundle.json`."""

    format: Annotated[int, Meta(ge=FORMAT, le=FORMAT)]
    """Of this schema: 1."""
    genbench: Line
    """The version that wrote it."""
    suite: Line
    """Whose board the records are for."""
    protocol: Hash
    """Of every record."""
    made: Line
    """When, UTC."""
    files: tuple[ListedFile, ...]
    """All others."""
    author: Line = ""
    """Who submits it; "" where nobody says."""
    contact: Line = ""
    """Where the author can be reached; "" likewise."""
    exams: Mapping[str, Hash] = field(default_factory=dict)
    """Task that asks questions → what they were drawn by, so that they can be drawn again."""


def suffix_of(path: str) -> str:
    """The ending of a file's name that says what it is."""
    return PurePosixPath(path).suffix
