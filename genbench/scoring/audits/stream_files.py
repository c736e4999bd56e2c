"""Stream files: what each half of a stream asks, in a file of its own, and apart from them what the rows are."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from genbench.errors import InvalidEvidence
from genbench.files.atomic import write_bytes
from genbench.scoring.audits.facts import COLUMNS, HALVES, KEY, QUESTIONS
from genbench.scoring.audits.stream import Half, Stream
from genbench.store.tensors import read_arrays, read_named, write_tensors

OF_ROWS = ("role", "place", "alike")
OF_STREAM = ("tested", "moved", "kernel", "linear", "verified")


def write(stream: Stream, folder: Path) -> None:
    """Lay a stream down: the rows and the ends of the batches of each half, and the key."""
    key = {name: getattr(stream, name) for name in OF_STREAM}
    for name, half in zip(HALVES, stream.halves, strict=True):
        key |= {f"{name}.{part}": getattr(half, part) for part in OF_ROWS}
        _write(folder / QUESTIONS[name], {"rows": half.rows, "ends": half.ends})
    _write(folder / KEY, key)


def write_columns(rows: NDArray[np.generic], folder: Path) -> None:
    """Lay down what a model is told of rows [V, D] entry by entry: a line for each entry but the last.

    Nobody asks for anything after the last one, so that nothing has to be told of it.
    """
    lines = [",".join(map(str, column.tolist())) for column in rows.T[:-1]]
    write_bytes(folder / COLUMNS, "\n".join(lines).encode())


def column(told: str) -> NDArray[np.int64]:
    """The entries [V] of a line that `write_columns` wrote."""
    return np.array(told.split(","), np.int64)


def read(questions: tuple[Path, Path], key: Path) -> Stream:
    """The stream that `write` laid down."""
    known = read_named(key)
    halves = []
    for name, path in zip(HALVES, questions, strict=True):
        asked = read_named(path)
        halves.append(Half(asked["rows"], asked["ends"], *(known[f"{name}.{part}"] for part in OF_ROWS)))
    return Stream((halves[0], halves[1]), *(known[name] for name in OF_STREAM))


def read_said(*paths: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The nats that both density stages left.

    Raises:
        InvalidEvidence: a file holds no float64 vector of that name.
    """
    said = [read_arrays(path, {"nats"})["nats"] for path in paths]
    for nats in said:
        if nats.dtype != np.float64 or nats.ndim != 1:
            raise InvalidEvidence(f"nats are {nats.dtype} {nats.shape}, expected a float64 vector")
    return said[0], said[1]


def _write(path: Path, arrays: dict[str, NDArray[np.generic]]) -> None:
    write_tensors(path, {name: torch.from_numpy(np.ascontiguousarray(rows)) for name, rows in arrays.items()})
