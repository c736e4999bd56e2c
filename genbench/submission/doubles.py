"""Doubles: sample sets that are one set under two names, as they are or changed a little.

No file is read here but as plain arrays.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.errors import GenbenchError
from genbench.files.arrays import read
from genbench.protocol.stages.sample import SAMPLE, SAMPLES
from genbench.submission.bundle import EVIDENCE
from genbench.submission.finding import Check, Finding, refused
from genbench.submission.reading import Bundled

DISTINCT = 0.9  # share of rows that no other row of their set equals, from which sets are compared
SHARED = 0.5  # of the rows of two sets; two draws of one law have about as many in common as each has doubles
MOST_ROWS = 1000  # of a set that are looked up among another's
THIRD = 9.0  # by how much a row's nearest one has to be nearer than the second, in squared distance: a third


@dataclass(frozen=True)
class _Set:
    """A sample set."""

    name: str
    """The candidate and its seed."""
    model: str
    """Whose presets and seeds are compared row by row."""
    seed: int
    rows: frozenset[bytes]
    """The digest of each distinct row."""
    x: NDArray[Any]
    """[N, D]: its first ones, in the type of their file."""


def doubles(records: Sequence[Bundled], folder: Path) -> Iterator[Finding]:
    """Pairs of candidates, or of seeds, whose samples are mostly the same rows; and files that hold no samples."""
    sets: list[_Set] = []
    for own in records:
        if own.record.model.control is not None:  # controls show rows of the data, some of them the same ones
            continue
        for name in (name for name, facts in own.record.stages.items() if name.startswith(f"{SAMPLE.name}/")):
            path = f"{EVIDENCE}/{own.slug}/{name}/{SAMPLES}"
            if not (folder / path).is_file():
                continue
            try:
                x = read(folder / path, key="x")
            except GenbenchError as error:
                yield refused(Check.EVIDENCE, str(error).replace(f"{folder}/", ""))
                continue
            rows = frozenset(hashlib.sha256(np.ascontiguousarray(row).data).digest() for row in x)
            if len(rows) >= DISTINCT * len(x):
                first = x[:MOST_ROWS].reshape(len(x[:MOST_ROWS]), -1).copy()
                reference = own.record.model.reference
                sets.append(_Set(f"{own.trial}, {name.partition('/')[2]}", reference, own.record.seed, rows, first))
    for place, one in enumerate(sets):
        for other in sets[place + 1 :]:
            shared = len(one.rows & other.rows) / min(len(one.rows), len(other.rows))
            if shared >= SHARED:
                words = f"{shared:.0%} of the samples of {other.name} are those of {one.name}"
                yield refused(Check.EVIDENCE, f"{words}: one set of samples under two names")
            elif one.model == other.model and one.seed != other.seed and (near := _near(one.x, other.x)) >= SHARED:
                words = f"{near:.0%} of the samples of {other.name} are those of {one.name}, changed a little"
                yield refused(Check.EVIDENCE, f"{words}: one set of samples under two names")


def _near(known: NDArray[Any], rows: NDArray[Any]) -> float:
    """The share of rows whose nearest one of another set is nearer than a third of its second one's distance."""
    if len(known) < 2:
        return 0.0
    known, rows = known.astype(np.float64), rows.astype(np.float64)
    squares = (rows**2).sum(1)[:, None] + (known**2).sum(1)[None] - 2 * rows @ known.T
    first, second = np.partition(np.maximum(squares, 0.0), 1, axis=1)[:, :2].T
    return float(np.mean(THIRD * first < second))
