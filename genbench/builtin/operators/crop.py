"""crop: what comes second is cut off. To restore it is to uncrop, or to complete."""

import torch
from torch import Tensor

from genbench.builtin.operators.masks import Mask
from genbench.records.space import Space


class Crop(Mask):
    """Shows the upper half of an image (rounded up), or the first half of any other sample, and hides what follows.

    In a Space of one channel all that is hidden comes after all that is known, in the order of a `Sequential`.
    """

    name = "crop"
    source = "van den Oord et al. 2016, fig. 9 (completions of occluded images), https://arxiv.org/abs/1601.06759"

    def known(self, space: Space) -> Tensor:
        """The first half of the rows, or of the entries."""
        axis = 1 if space.is_image else 0
        side = space.shape[axis]
        shown = (torch.arange(side) < -(-side // 2)).view(-1, *[1] * (len(space.shape) - axis - 1))
        return shown.expand(space.shape).clone()
