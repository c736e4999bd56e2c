"""Random features: what fixed random filters see, and how much it varies over the image."""

import torch
from torch import Tensor, nn

import genbench

FILTERS, SIDE = 64, 3


class NewPlugin(genbench.Extractor):
    """The mean and the deviation over all places of 64 rectified 3×3 filters, drawn once and never trained."""

    name = "new-plugin"
    source = "Saxe et al. 2011, On Random Weights and Unsupervised Feature Learning, ICML"
    version = "1"
    dim = 2 * FILTERS
    weights_sha256 = ""  # it reads no file

    def __init__(self, space: genbench.Space, device: torch.device) -> None:
        if not space.is_image or space.levels is None or min(space.shape[1:]) < SIDE:
            raise genbench.Unsuitable(f"takes images of at least {SIDE}×{SIDE} pixels with integer levels, got {space}")
        shape = (FILTERS, space.shape[0], SIDE, SIDE)
        self.filters = torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(device)
        self.top = max(1, space.levels - 1)

    def features(self, x: Tensor) -> Tensor:
        scaled = 2 * x.float() / self.top - 1
        seen = nn.functional.conv2d(scaled, self.filters).relu().flatten(2)  # [N, FILTERS, places]
        return torch.cat([seen.mean(2), seen.std(2, correction=0)], dim=1)


@genbench.hookimpl
def genbench_extractors() -> list[type[genbench.Extractor]]:
    """The extractors of this distribution."""
    return [NewPlugin]
