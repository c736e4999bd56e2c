"""prefix: the first tokens of a sequence are told. To restore it is to complete it."""

import torch
from torch import Tensor

from genbench.builtin.operators.masks import Mask
from genbench.errors import Unsuitable
from genbench.records.space import Space

SHARE = 4  # of the longest sequence's tokens one in so many is told


class Prefix(Mask):
    """Shows the first quarter of the places of a sequence (rounded up), and hides all that follows.

    All that is hidden comes after all that is known, in the order of a `Sequential`: `ancestral` is exact.
    """

    name = "prefix"
    source = "Shannon 1951, https://doi.org/10.1002/j.1538-7305.1951.tb01366.x"

    def known(self, space: Space) -> Tensor:
        """The first places.

        Raises:
            Unsuitable: samples are no sequences.
        """
        if len(space.shape) != 1:
            raise Unsuitable(f"a prefix is one of a sequence, and {space} holds none; crop hides a part of an image")
        return torch.arange(space.dim) < -(-space.dim // SHARE)
