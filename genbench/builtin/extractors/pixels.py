"""`pixels`: the samples themselves as feature vectors, for any Space."""

from typing import ClassVar

import torch
from torch import Tensor

from genbench.contracts.extractor import Extractor
from genbench.records.space import Space


class Pixels(Extractor):
    """Samples flattened: integers divided by levels - 1, so that they lie in [0, 1]; real numbers as they are.

    Distances are Euclidean distances of pixels: right for copies and for points, blind to meaning in images.
    """

    name: ClassVar[str] = "pixels"
    source: ClassVar[str] = "the samples themselves"
    version: ClassVar[str] = "1"
    dim: ClassVar[int | None] = 0

    def __init__(self, space: Space, device: torch.device) -> None:
        """Any Space and device will do."""
        self._highest = 1 if space.levels is None else max(space.levels - 1, 1)

    @property
    def weights_sha256(self) -> str:
        """Empty: there are no weights."""
        return ""

    def features(self, x: Tensor) -> Tensor:
        """[N, *shape] of any dtype → float32 [N, D], D the Space's dimension."""
        return x.flatten(1).float() / self._highest
