"""`inception-v3-clean`: the network of FID as clean-fid feeds it: 299 pixels by antialiased bicubic, not rounded."""

import numpy as np
import torch
from torch import Tensor

from genbench.builtin.extractors.inception import SIDE, Inception, InceptionV3Compat
from genbench.files.bicubic import bicubic


class InceptionV3Clean(Inception):
    """Inception v3 of 2015-12-05, d = 2048, 299 pixels by antialiased bicubic: FD on it is clean-fid's."""

    name = "inception-v3-clean"
    last, dim = InceptionV3Compat.last, InceptionV3Compat.dim
    source = "Parmar, Zhang, Zhu 2022, https://arxiv.org/abs/2104.11222; the network by torch-fidelity"

    @staticmethod
    def resize(x: Tensor) -> Tensor:
        """uint8 [N, 3, H, W] → float32 [N, 3, 299, 299] as clean-fid resizes."""
        images = np.stack([bicubic(image, (SIDE, SIDE)) for image in x.cpu().numpy()])
        return torch.from_numpy(images).to(x.device)
