"""`digits-net`: a small convolutional network for the digits dataset, its weights in this package.

`python tools/train_digits_net.py OUT.safetensors` makes the weights again.
"""

from pathlib import Path
from typing import ClassVar

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from genbench.contracts.extractor import ClassExtractor
from genbench.errors import Unsuitable
from genbench.files.atomic import sha256_of
from genbench.records.space import Space

WEIGHTS = Path(__file__).with_name("digits_net.safetensors")
SHAPE, LEVELS, CLASSES = (1, 8, 8), 17, 10
DIM = 64
WIDTH = 32
BATCH = 1024  # images that pass the network at a time: bounds its memory


class Network(nn.Module):
    """Four 3×3 convolutions, a linear map to 64 features of about unit variance, and a linear classifier on them.

    The features are linear in the last hidden layer: nothing saturates, so that what is far from any digit stays far.
    """

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            *_convolution(1, WIDTH),
            *_convolution(WIDTH, 2 * WIDTH),
            *_convolution(2 * WIDTH, 2 * WIDTH),
            nn.MaxPool2d(2),
            *_convolution(2 * WIDTH, 3 * WIDTH),
            nn.Flatten(),  # [N, 3 * 32 * 4 * 4]
            nn.Linear(3 * WIDTH * 16, DIM, bias=False),
            nn.BatchNorm1d(DIM, affine=False),
        )
        self.classifier = nn.Linear(DIM, CLASSES)

    def features(self, x: Tensor) -> Tensor:
        """[N, 1, 8, 8] pixels in [0, 16], any dtype → float32 [N, 64]."""
        out: Tensor = self.trunk(x.float() / 8 - 1)
        return out

    def forward(self, x: Tensor) -> Tensor:
        """[N, 1, 8, 8] pixels in [0, 16], any dtype → float32 class logits [N, 10]."""
        out: Tensor = self.classifier(self.features(x))
        return out


def _convolution(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.GELU()]


def trained(weights: Path = WEIGHTS) -> Network:
    """The network with the weights of a file, on the CPU, ready for inference."""
    with torch.device("meta"):  # no random initialisation, so that nobody's generator moves
        network = Network()
    network.load_state_dict(load_file(weights), assign=True)
    return network.eval()


class DigitsNet(ClassExtractor):
    """Features that know digits: the penultimate layer, d = 64, of a classifier that must also keep the image.

    Training asks the features for the class, for the pixels back and for the amount of added noise
    (`train_digits_net`), so that they tell digits apart within a class too, and real digits from noisy ones.
    """

    name: ClassVar[str] = "digits-net"
    source: ClassVar[str] = "genbench; trained on the training split of `digits`"
    version: ClassVar[str] = "1"
    dim: ClassVar[int | None] = 64
    hides = (f"genbench/builtin/extractors/{WEIGHTS.name}",)

    def __init__(self, space: Space, device: torch.device, *, batch: int = BATCH) -> None:
        """Load the weights from the package.

        Args:
            batch: images that pass the network at a time.
        Raises:
            Unsuitable: the Space is not that of `digits` (1×8×8, 17 levels).
        """
        if (space.shape, space.levels) != (SHAPE, LEVELS):
            raise Unsuitable(
                f"extractor {self.name} serves {Space(SHAPE, LEVELS)}, got {space}; "
                "the extractor pixels serves any space"
            )
        self._network, self._batch = trained().to(device), batch

    @property
    def weights_sha256(self) -> str:
        """SHA-256 of the weights file in the package."""
        return sha256_of(WEIGHTS)

    @torch.no_grad()
    def features(self, x: Tensor) -> Tensor:
        """[N, 1, 8, 8] integers in [0, 16] on the device → float32 [N, 64], of about unit variance on real digits."""
        return torch.cat([self._network.features(rows) for rows in torch.split(x, self._batch)])

    @torch.no_grad()
    def labels(self, features: Tensor) -> Tensor:
        """Float32 [N, 64] → the digit that the classifier holds most probable, int64 [N]."""
        logits: Tensor = self._network.classifier(features)
        return logits.argmax(1)
