"""Freshness: a sampler whose calls repeat each other under other seeds has drawn less than it says."""

import math
from collections import deque

import torch
from torch import Tensor

from genbench.errors import InvalidEvidence
from genbench.records.space import Space

SHOWN = 8  # samples that have to be repeated, in as many calls as hold them, before it is no chance
BITS = 64  # that all of a short run has to repeat: two honest draws agree on them once in 2^64 times


class Freshness:
    """Compares the calls of a run, each with the first ones, in stretches of at least SHOWN samples.

    Args:
        space: where the samples live.
        size: samples of a call.
    """

    def __init__(self, space: Space, size: int) -> None:
        self._calls, self._length, self._size = 0, -(-SHOWN // size), size
        self._first: list[Tensor] = []
        self._last: deque[Tensor] = deque(maxlen=self._length)
        self._bits = space.dim * (32.0 if space.levels is None else math.log2(space.levels))

    def check(self, x: Tensor) -> None:
        """Take the next call's samples.

        Args:
            x: [size, *shape]
        Raises:
            InvalidEvidence: the last calls are the first ones again.
        """
        self._calls += 1
        if len(self._first) < self._length:
            self._first.append(x)
        self._last.append(x)
        if self._calls > self._length and all(map(torch.equal, self._first, self._last)):
            _refuse()

    def conclude(self) -> None:
        """Judge a run that had too few calls for a stretch: whether all of them are the first one.

        Raises:
            InvalidEvidence: they are, and that is no chance.
        """
        repeated = [torch.equal(self._first[0], other) for other in self._first[1:]]
        enough = len(repeated) * self._size * self._bits >= BITS
        if self._calls <= self._length and enough and all(repeated):
            _refuse()


def _refuse() -> None:
    raise InvalidEvidence(
        "two calls under different seeds returned the same samples; "
        "draw from torch's default generator, anew at every call"
    )
