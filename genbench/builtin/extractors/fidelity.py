"""What torch-fidelity's networks have in common: RGB images of 256 levels in, one layer out, weights from a file."""

import os
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor, nn

from genbench.contracts.assets import Weights
from genbench.contracts.extractor import Extractor
from genbench.errors import GenbenchError, Unsuitable
from genbench.files.atomic import sha256_of
from genbench.records.space import Space

LEVELS = 256
SAFE = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"  # torch.load then refuses everything but tensors, whatever its caller says


class Fidelity(Extractor):
    """A network of torch-fidelity with its preprocessing, so that its scores are comparable with published ones.

    Grey images are repeated to three channels. The weights are the file that the harness names, else the one that
    `genbench prepare` or torch-fidelity itself has left in a cache: nothing is downloaded here.
    """

    weights: ClassVar[Weights]  # one is always needed
    batch: ClassVar[int] = 64  # images that pass the network at a time: bounds its memory
    batch_on_cpu: ClassVar[int] = 8  # what fits into a CPU's cache is up to 1.5 times as fast

    def __init__(self, space: Space, device: torch.device, weights: Path | None = None) -> None:
        """Load the network.

        Raises:
            Unsuitable: the Space is not one of grey or colour images with 256 levels.
            GenbenchError: there are no weights, or the file holds something else.
        """
        if not space.is_image or space.levels != LEVELS:
            raise Unsuitable(
                f"extractor {self.name} serves grey or colour images with {LEVELS} levels, got {space}; "
                "the extractor pixels serves any space"
            )
        path = weights or self.weights.found(self.name)
        self._sha256 = sha256_of(path)
        try:
            with torch.random.fork_rng(devices=[]), _only_tensors():  # layers draw first weights, soon overwritten
                network = self.network(path)
        except Exception as error:  # what torch raises for a foreign file has no common class
            reason = str(error).strip().partition("\n")[0]
            raise GenbenchError(f"{path} holds no weights of {self.name} ({type(error).__name__}: {reason})") from error
        self._batch = self.batch_on_cpu if device.type == "cpu" else self.batch
        network = network.to(memory_format=torch.channels_last)
        self._network = network.eval().requires_grad_(False).to(device)

    @abstractmethod
    def network(self, weights: Path) -> nn.Module:
        """The network on the CPU; its call takes uint8 [N, 3, H, W] and returns a tuple of one tensor [N, d]."""

    @property
    def weights_sha256(self) -> str:
        """SHA-256 of the file that was loaded."""
        return self._sha256

    @torch.no_grad()
    def features(self, x: Tensor) -> Tensor:
        """[N, 1 or 3, H, W] integers in [0, 255] on the device → float32 [N, d]."""
        rgb = x.to(torch.uint8).expand(-1, 3, -1, -1)  # [N, 3, H, W]
        return torch.cat([self._network(rows)[0] for rows in torch.split(rgb, self._batch)])


@contextmanager
def _only_tensors() -> Iterator[None]:
    """torch-fidelity asks torch to unpickle its weights; within this, torch reads tensors and refuses code."""
    before = os.environ.get(SAFE)
    os.environ[SAFE] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[SAFE]
        else:
            os.environ[SAFE] = before
