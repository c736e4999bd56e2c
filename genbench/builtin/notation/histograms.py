"""What tunes are made of, counted: pitch classes, and which follows which."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.builtin.notation.abc import Tune, read, serves
from genbench.contracts.evidence import Evidence
from genbench.errors import Unavailable
from genbench.files.sequences import lines
from genbench.records.space import Space

CLASSES = 12  # C, C sharp … B
Played = list[Tune | None]


def played(x: NDArray[Any], space: Space) -> Played:
    """The tunes of rows [N, L], None for each that cannot be read.

    Raises:
        Unavailable: rows of this Space are no tunes.
    """
    if not serves(space) or space.symbols is None:
        raise Unavailable(f"needs tunes in ABC notation, as the dataset tunes has them, got {space}")
    return [read(line) for line in lines(x, space.symbols, space.end)]


def rows(evidence: Evidence, split: str) -> Played:
    """The tunes of a split of the data.

    Raises:
        Unavailable: no dataset is known.
    """
    if evidence.rows is None:
        raise Unavailable("needs a dataset, whose tunes samples are held against")
    return played(evidence.rows(split), evidence.space)


def pitches(tunes: Played) -> NDArray[np.float64]:
    """Shares of the 12 pitch classes among all notes, each counted once, and of tunes that cannot be read: [13].

    The shares of pitch classes add up to that of the tunes that can be read.
    """
    return _shares(tunes, CLASSES, lambda tune: (note.pitch % CLASSES for note in tune.notes))


def transitions(tunes: Played) -> NDArray[np.float64]:
    """The same of pairs of a note's pitch class and the next one's, rests between them passed over: [145]."""

    def pairs(tune: Tune) -> Iterable[int]:
        found = [note.pitch % CLASSES for note in tune.notes]
        return (CLASSES * before + after for before, after in pairwise(found))

    return _shares(tunes, CLASSES**2, pairs)


def _shares(tunes: Played, size: int, kinds: Any) -> NDArray[np.float64]:
    known = [tune for tune in tunes if tune is not None]
    counts = np.bincount([kind for tune in known for kind in kinds(tune)], minlength=size).astype(np.float64)
    told = len(known) / len(tunes) if counts.any() else 0.0
    return np.append(told * counts / max(counts.sum(), 1), 1 - told)


def total_variation(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    """½ Σ|pᵢ - qᵢ| of two laws, in [0, 1]: the largest difference that they have about any event."""
    return float(np.abs(p - q).sum() / 2)
