"""Extractor: samples → feature vectors. A score names the extractor that it was computed with."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from genbench.contracts.assets import Weights
from genbench.records.space import Space

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Extractor(ABC):
    """Maps samples of a Space to feature vectors; the same samples always give the same vectors."""

    name: ClassVar[str]  #: kebab-case: what follows the @ of a score
    source: ClassVar[str]  #: paper, year and URL
    version: ClassVar[str]  #: of the preprocessing: part of the identity
    weights: ClassVar[Weights | None] = None  #: the file that it reads and that comes from outside
    dim: ClassVar[int | None] = None  #: features in a vector; 0: as many as a sample has entries; None: not told
    hides: ClassVar[Sequence[str]] = ()  #: files that no confined plugin can open, as a Dataset's

    @abstractmethod
    def __init__(self, space: Space, device: "torch.device", weights: Path | None = None) -> None:
        """Make ready for samples of `space` on `device`.

        Args:
            weights: the file to read; only an extractor that declares `weights` is given one, and need take it.
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
    def features(self, x: "Tensor") -> "Tensor":
        """[N, *shape] of the Space's storage dtype, on the device → float32 [N, d], in row order."""


class ClassExtractor(Extractor):
    """An extractor whose features also tell the class of a sample."""

    @abstractmethod
    def labels(self, features: "Tensor") -> "Tensor":
        """Float32 [N, d] on the device, as `features` gave them → int64 [N], the most probable class of each."""
