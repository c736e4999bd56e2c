"""`clip-vit-b-32`: CLIP's image encoder."""

import warnings
from pathlib import Path
from typing import ClassVar

from torch import nn

from genbench.builtin.extractors.fidelity import Fidelity
from genbench.contracts.assets import Weights

SHA256 = "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af"


class ClipVitB32(Fidelity):
    """CLIP's ViT-B/32, its embedding before normalisation, d = 512, 224 pixels by TF1's bilinear.

    The published file is a TorchScript archive: torch's own reader takes its tensors, and no Python in it is run.
    """

    name: ClassVar[str] = "clip-vit-b-32"
    source = "Radford et al. 2021, https://arxiv.org/abs/2103.00020; by torch-fidelity"
    version = "1"
    dim = 512
    weights = Weights(
        f"https://openaipublic.azureedge.net/clip/models/{SHA256}/ViT-B-32.pt",
        SHA256,
        "400 million captioned images of the web",
        f"clip-vit-b-32-{SHA256}.pt",
        "MIT",
    )

    def network(self, weights: Path) -> nn.Module:
        """torch-fidelity's own class."""
        from torch_fidelity.feature_extractor_clip import FeatureExtractorCLIP

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # torch discourages archives like the published one
            network: nn.Module = FeatureExtractorCLIP(self.name, ["clip"], str(weights))
        return network
