"""Spool: the batches of a timed run on disk, so that the peak memory is the model's, until it is told which count."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from genbench.errors import InvalidEvidence
from genbench.records.space import Space


@dataclass(frozen=True)
class Drawn:
    """One batch on the host.

    Args:
        x: [n, *shape] in the Space's storage dtype.
        labels: [n] int64 that it was drawn for; None where the Space has no classes.
    """

    x: Tensor
    labels: Tensor | None


class Spool:
    """Keeps batches of one size in a file without a name.

    Args:
        folder: where the file lies.
        space: of the samples.
        batch: samples each.
    """

    def __init__(self, folder: Path, space: Space, batch: int) -> None:
        self._space, self._batch = space, batch
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # closed on exit
        self._labels: list[Tensor | None] = []

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def count(self) -> int:
        """Samples so far."""
        return len(self._labels) * self._batch

    def add(self, drawn: Drawn) -> None:
        """Keep the next batch."""
        self._file.write(np.ascontiguousarray(drawn.x.numpy()).data)
        self._labels.append(drawn.labels)

    def chosen(self, places: Sequence[int], count: int) -> dict[str, Tensor]:
        """The first `count` samples of some batches, `x` [count, *shape] with their `labels` [count], if any.

        Raises:
            InvalidEvidence: one of them was never drawn.
        """
        if max(places) >= len(self._labels):
            found = f"the clock counted batch {max(places) + 1}, and {len(self._labels)} were drawn"
            raise InvalidEvidence(f"{found}: somebody marked a batch that was not")
        x = torch.cat([self._read(place) for place in places])[:count]
        labels = [labels for place in places if (labels := self._labels[place]) is not None]
        return {"x": x} | ({"labels": torch.cat(labels)[:count]} if labels else {})

    def first(self, batches: int) -> Tensor:
        """The rows of the first batches, [n, *shape] in the storage dtype, as far as they were drawn."""
        none = torch.from_numpy(np.empty((0, *self._space.shape), self._space.storage))
        return torch.cat([none, *(self._read(place) for place in range(min(batches, len(self._labels))))])

    def _read(self, place: int) -> Tensor:
        dtype = np.dtype(self._space.storage)
        shape = (self._batch, *self._space.shape)
        size = int(np.prod(shape)) * dtype.itemsize
        self._file.seek(place * size)
        return torch.from_numpy(np.frombuffer(bytearray(self._file.read(size)), dtype).reshape(shape))
