"""`vgg16`: the network of improved precision and recall."""

from pathlib import Path

from torch import nn

from genbench.builtin.extractors.fidelity import Fidelity
from genbench.contracts.assets import Weights


class Vgg16(Fidelity):
    """VGG-16, second fully connected layer after its ReLU, d = 4096, 224 pixels by TF1's bilinear."""

    name = "vgg16"
    dim = 4096
    source = "Kynkäänniemi et al. 2019, https://arxiv.org/abs/1904.06991; by torch-fidelity"
    version = "1"
    weights = Weights(
        "https://download.pytorch.org/models/vgg16-397923af.pth",
        "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
        "ImageNet",
        "vgg16-397923af.pth",
        "none stated; torchvision is BSD-3-Clause",
    )

    def network(self, weights: Path) -> nn.Module:
        """torch-fidelity's own class."""
        from torch_fidelity.feature_extractor_vgg16 import FeatureExtractorVGG16

        network: nn.Module = FeatureExtractorVGG16(self.name, ["fc2_relu"], str(weights))
        return network
