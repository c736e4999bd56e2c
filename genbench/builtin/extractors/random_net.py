"""`random-net`: convolutions with random weights, a second opinion that no training set has shaped."""

import hashlib
from itertools import pairwise
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from genbench.contracts.extractor import Extractor
from genbench.errors import Unsuitable
from genbench.records.space import Space

CHANNELS = (32, 64, 128)
KERNEL = 3
BATCH = 256  # images that pass at a time


class RandomNet(Extractor):
    """Means and deviations of the last of three random convolutions with rectifiers, d = 256.

    A network that nobody trained sees texture and layout without preferring the classes of ImageNet; where it orders
    candidates otherwise than a trained one, the order is the extractor's. Weights come from NumPy's PCG64 by seed 0,
    of He's variance 2 / fan-in, so that they are the same everywhere.
    Source: Naeem, Oh, Uh, Choi, Yoo 2020, section 5.2, https://arxiv.org/abs/2002.09797 (random embeddings).
    """

    name: ClassVar[str] = "random-net"
    source: ClassVar[str] = "Naeem et al. 2020, https://arxiv.org/abs/2002.09797"
    version: ClassVar[str] = "1"
    dim: ClassVar[int | None] = 2 * CHANNELS[-1]

    def __init__(self, space: Space, device: torch.device) -> None:
        """Draw the weights.

        Raises:
            Unsuitable: the Space is not one of images.
        """
        if not space.is_image:
            raise Unsuitable(f"extractor {self.name} serves images, got {space}; the extractor pixels serves any space")
        rng = np.random.default_rng(0)
        drawn = [_filters(rng, *widths) for widths in pairwise((space.shape[0], *CHANNELS))]
        self._sha256 = hashlib.sha256(b"".join(weight.tobytes() for weight in drawn)).hexdigest()
        self._weights = [torch.from_numpy(weight).to(device) for weight in drawn]
        self._middle = 0.0 if space.levels is None else (space.levels - 1) / 2

    @property
    def weights_sha256(self) -> str:
        """SHA-256 of the weights that were drawn."""
        return self._sha256

    @torch.no_grad()
    def features(self, x: Tensor) -> Tensor:
        """[N, C, H, W] of any dtype on the device → float32 [N, 256]."""
        return torch.cat([self._pooled(rows) for rows in torch.split(x, BATCH)])

    def _pooled(self, x: Tensor) -> Tensor:
        h = x.float() / self._middle - 1 if self._middle else x.float()
        for place, weight in enumerate(self._weights):
            h = functional.conv2d(h, weight, stride=1 if place == 0 else 2, padding=KERNEL // 2).relu()
        h = h.flatten(2)
        return torch.cat([h.mean(2), h.std(2, correction=0)], 1)


def _filters(rng: np.random.Generator, before: int, after: int) -> np.ndarray:
    """Float32 [after, before, KERNEL, KERNEL]."""
    deviation = (2 / (before * KERNEL**2)) ** 0.5
    return rng.normal(0, deviation, (after, before, KERNEL, KERNEL)).astype(np.float32)
