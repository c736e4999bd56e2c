"""`inception-v3-compat`: the network of FID, with TensorFlow's weights and TensorFlow's way to resize."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from genbench.builtin.extractors.fidelity import Fidelity
from genbench.contracts.assets import Weights

SIDE = 299  # pixels of the images that the network was trained on


def bilinear(size: int) -> Tensor:
    """The matrix [299, size] float32 that brings a row of pixels to 299, as TensorFlow 1 does.

    Pixel i lies at i · size / 299, between two that are there; beyond the last it repeats.
    """
    place = torch.arange(SIDE) * torch.tensor(size / SIDE)
    below = place.long()
    above, share = (below + 1).clamp_max(size - 1), place - below
    matrix, pixels = torch.zeros(SIDE, size), torch.arange(SIDE)
    matrix[pixels, below] += 1 - share
    matrix[pixels, above] += share
    return matrix


class Pooled(nn.Module):
    """Layers that see images of 299 pixels, and whose last is averaged over the image.

    Args:
        layers: from the image on.
        resize: uint8 [N, 3, H, W] → float32 [N, 3, 299, 299], levels still.
    """

    def __init__(self, layers: nn.Sequential, resize: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.layers, self._resize = layers, resize

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """uint8 [N, 3, H, W] → float32 [N, d]."""
        return (self.layers((self._resize(x) - 128) / 128).mean((2, 3)),)


def up_to(last: str, network: nn.Module) -> nn.Sequential:
    """The layers of a network, in their order, up to the one of that name."""
    names, layers = zip(*network.named_children(), strict=True)
    return nn.Sequential(*layers[: names.index(last) + 1])


class Inception(Fidelity):
    """One layer of Inception v3 of 2015-12-05, averaged over the image, with 299 pixels by TF1's bilinear."""

    last: ClassVar[str]  # torch-fidelity's name of the layer
    source = "Heusel et al. 2017, https://arxiv.org/abs/1706.08500; by torch-fidelity"
    version = "1"
    weights = Weights(
        "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth",
        "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
        "ImageNet",
        "weights-inception-2015-12-05-6726825d.pth",
        "Apache-2.0",
    )

    @staticmethod
    def resize(x: Tensor) -> Tensor:
        """[N, 3, H, W] of any dtype → float32 [N, 3, 299, 299] as TensorFlow 1 resizes.

        Two products of matrices take a tenth of the time of torch-fidelity's own function.
        """
        down, across = (bilinear(size).to(x.device) for size in x.shape[2:])
        return down @ x.float() @ across.T

    def network(self, weights: Path) -> nn.Module:
        """The layers of torch-fidelity's own class, with the batch norms folded into the convolutions."""
        from torch_fidelity.feature_extractor_inceptionv3 import BasicConv2d, FeatureExtractorInceptionV3

        layers = up_to(self.last, FeatureExtractorInceptionV3(self.name, ["2048"], str(weights)).eval())
        for block in layers.modules():
            if isinstance(block, BasicConv2d):
                block.conv, block.bn = fuse_conv_bn_eval(block.conv, block.bn), nn.Identity()
        return Pooled(layers, self.resize)


class InceptionV3Compat(Inception):
    """Inception v3 of 2015-12-05, last pooling layer, d = 2048, 299 pixels by TF1's bilinear: FD on it is the FID."""

    name = "inception-v3-compat"
    last, dim = "Mixed_7c", 2048


class InceptionV3Compat768(Inception):
    """The same network before its auxiliary classifier, d = 768: for fewer images; FD on it is not the FID."""

    name = "inception-v3-compat-768"
    last, dim = "Mixed_6e", 768


class InceptionV3Compat192(Inception):
    """The same network after its second pooling, d = 192: textures, for few images; FD on it is not the FID."""

    name = "inception-v3-compat-192"
    last, dim = "MaxPool_2", 192


class InceptionV3Compat64(Inception):
    """The same network after its first pooling, d = 64: textures, for very few images; FD on it is not the FID."""

    name = "inception-v3-compat-64"
    last, dim = "MaxPool_1", 64


LAYERS: tuple[type[Inception], ...] = (
    InceptionV3Compat,
    InceptionV3Compat768,
    InceptionV3Compat192,
    InceptionV3Compat64,
)
