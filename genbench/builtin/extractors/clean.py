"""`inception-v3-clean`: the network of FID as clean-fid feeds it: 299 pixels by antialiased bicubic, not rounded."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from genbench.builtin.extractors.fidelity import Fidelity
from genbench.builtin.extractors.inception import InceptionV3Compat
from genbench.files.bicubic import bicubic

SIDE = 299  # pixels of the images that the network was trained on
LAST = "Mixed_7c"  # torch-fidelity's name of the layer that is averaged over the image


class Clean(nn.Module):
    """Layers that see images of 299 pixels, whose last is averaged over the image."""

    def __init__(self, layers: nn.Sequential) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """uint8 [N, 3, H, W] → float32 [N, 2048]."""
        resized = np.stack([bicubic(image, (SIDE, SIDE)) for image in x.cpu().numpy()])  # [N, 3, 299, 299]
        return (self.layers((torch.from_numpy(resized).to(x.device) - 128) / 128).mean((2, 3)),)


class InceptionV3Clean(Fidelity):
    """Inception v3 of 2015-12-05, d = 2048, 299 pixels by antialiased bicubic: FD on it is clean-fid's."""

    name = "inception-v3-clean"
    dim = 2048
    source = "Parmar, Zhang, Zhu 2022, https://arxiv.org/abs/2104.11222; the network by torch-fidelity"
    version = "1"
    weights = InceptionV3Compat.weights

    def network(self, weights: Path) -> nn.Module:
        """The layers of torch-fidelity's own class, with the batch norms folded into the convolutions."""
        from torch_fidelity.feature_extractor_inceptionv3 import BasicConv2d, FeatureExtractorInceptionV3

        children = dict(FeatureExtractorInceptionV3(self.name, ["2048"], str(weights)).eval().named_children())
        names = list(children)
        layers = nn.Sequential(*(children[name] for name in names[: names.index(LAST) + 1]))
        for block in layers.modules():
            if isinstance(block, BasicConv2d):
                block.conv, block.bn = fuse_conv_bn_eval(block.conv, block.bn), nn.Identity()
        return Clean(layers)
