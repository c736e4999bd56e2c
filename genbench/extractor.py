"""Extractor: samples → feature vectors. A score names the extractor that it was computed with."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from genbench.space import Space


class Extractor(ABC):
    """Maps samples of a Space to feature vectors; the same samples always give the same vectors."""

    name: ClassVar[str]
    source: ClassVar[str]
    version: ClassVar[str]  # of the preprocessing: part of the identity

    @abstractmethod
    def __init__(self, space: Space, device: torch.device) -> None:
        """Make ready for samples of `space` on `device`.

        Raises:
            Unsuitable: this extractor cannot serve this Space.
            GenbenchError: its weights are not there; says how to get them.
        """

    @property
    @abstractmethod
    def weights_sha256(self) -> str:
        """SHA-256 of the weights file; "" where there are no weights."""

    @property
    def identity(self) -> str:
        """name/preprocessing version/weights: scores of different identities never share a column."""
        return f"{self.name}/{self.version}/{self.weights_sha256[:16] or 'no-weights'}"

    @abstractmethod
    def features(self, x: Tensor) -> Tensor:
        """[N, *shape] of the Space's storage dtype, on the device → float32 [N, d], in row order."""
