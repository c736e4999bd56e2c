"""Pairs of a sample and the rows that are nearest to it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.geometry.cloud import Indices, Vectors
from genbench.geometry.neighbours import Nearest
from genbench.records.gates import CopyPair

PAIRS = 8  # that are kept and shown


def nearest_pairs(found: Mapping[str, Nearest], most: int = PAIRS) -> list[CopyPair]:
    """The pairs at the smallest distances over all sets, nearest first; each row of a set comes with one sample."""
    pairs: list[CopyPair] = []
    for against, near in found.items():
        order = np.argsort(near.squared[:, 0], kind="stable")
        rows, first = np.unique(near.indices[order, 0], return_index=True)
        samples = order[first]
        for row, sample in zip(rows, samples, strict=True):
            pairs.append(CopyPair(int(sample), against, int(row), float(np.sqrt(near.squared[sample, 0]))))
    return sorted(pairs, key=lambda pair: pair.distance)[:most]


def flat(x: NDArray[Any]) -> Vectors:
    """Samples as vectors [N, D] float32: their entries as they are, without any extractor."""
    return x.reshape(len(x), -1).astype(np.float32)


def distinct(x: NDArray[Any]) -> Indices:
    """The first row of each distinct sample, [M] ascending."""
    first: dict[bytes, int] = {}
    for row, sample in enumerate(x):
        first.setdefault(sample.tobytes(), row)
    return np.array(list(first.values()), np.intp)
