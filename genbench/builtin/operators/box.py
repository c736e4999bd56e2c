"""box: the middle of an image is hidden."""

import torch
from torch import Tensor

from genbench.builtin.operators.masks import Mask
from genbench.errors import Unsuitable
from genbench.records.space import Space


class Box(Mask):
    """Hides a box in the middle, half as high and half as wide as the image (rounded up), in all channels."""

    name = "box"
    source = "Pathak et al. 2016, sec. 3.3 (central region), https://arxiv.org/abs/1604.07379"

    def known(self, space: Space) -> Tensor:
        """All but the middle.

        Raises:
            Unsuitable: the samples are no images.
        """
        if not space.is_image:
            raise Unsuitable(f"box hides the middle of images (C, H, W), got {space}")
        known = torch.ones(space.shape, dtype=torch.bool)
        top, left = (side // 4 for side in space.shape[1:])
        height, width = (-(-side // 2) for side in space.shape[1:])
        known[:, top : top + height, left : left + width] = False
        return known
