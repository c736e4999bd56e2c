"""`inception-v3-compat`: the network of FID, with TensorFlow's weights and TensorFlow's way to resize."""

from pathlib import Path
from typing import ClassVar

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from genbench.builtin.extractors.fidelity import Fidelity
from genbench.contracts.assets import Weights


class Inception(Fidelity):
    """One layer of Inception v3 of 2015-12-05, averaged over the image, with 299 pixels by TF1's bilinear."""

    layer: ClassVar[str]  # the number of its features
    source = "Heusel et al. 2017, https://arxiv.org/abs/1706.08500; by torch-fidelity"
    version = "1"
    weights = Weights(
        "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth",
        "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2",
        "ImageNet",
        "weights-inception-2015-12-05-6726825d.pth",
        "Apache-2.0",
    )

    def network(self, weights: Path) -> nn.Module:
        """torch-fidelity's own class, its batch norms folded into its convolutions."""
        from torch_fidelity.feature_extractor_inceptionv3 import BasicConv2d, FeatureExtractorInceptionV3

        network: nn.Module = FeatureExtractorInceptionV3(self.name, [self.layer], str(weights)).eval()
        for block in network.modules():
            if isinstance(block, BasicConv2d):
                block.conv, block.bn = fuse_conv_bn_eval(block.conv, block.bn), nn.Identity()
        return network


class InceptionV3Compat(Inception):
    """Inception v3 of 2015-12-05, last pooling layer, d = 2048, 299 pixels by TF1's bilinear: FD on it is the FID."""

    name = "inception-v3-compat"
    layer = "2048"


class InceptionV3Compat768(Inception):
    """The same network before its auxiliary classifier, d = 768: for fewer images; FD on it is not the FID."""

    name = "inception-v3-compat-768"
    layer = "768"


class InceptionV3Compat192(Inception):
    """The same network after its second pooling, d = 192: textures, for few images; FD on it is not the FID."""

    name = "inception-v3-compat-192"
    layer = "192"


class InceptionV3Compat64(Inception):
    """The same network after its first pooling, d = 64: textures, for very few images; FD on it is not the FID."""

    name = "inception-v3-compat-64"
    layer = "64"


LAYERS: tuple[type[Inception], ...] = (
    InceptionV3Compat,
    InceptionV3Compat768,
    InceptionV3Compat192,
    InceptionV3Compat64,
)
