"""The law of an entry over its levels, from what a network says of it: a softmax of few levels, logistics of many."""

import torch
from genbench_networks import LogisticMixture
from torch import Tensor, nn

import genbench

SOFTMAX = 64  # levels at most that a softmax tells apart; of more, the law is a mixture of discretised logistics
LOGISTICS = 5  # in that mixture


def said_of(levels: int) -> int:
    """How many numbers a network says of an entry."""
    return levels if levels <= SOFTMAX else 3 * LOGISTICS


class LevelLaw:
    """p(x) of entries x in [0, levels).

    Args:
        said: what a network says of them, [N, said_of(levels)] or [N, said_of(levels), H, W].
        levels: at most `SOFTMAX`, or more.
    Source of the mixture: Salimans et al. 2017, sec. 2.1, https://arxiv.org/abs/1701.05517
    """

    def __init__(self, said: Tensor, levels: int) -> None:
        self.said, self.levels = said, levels
        self.grey = genbench.Space((1, 1, 1), levels=levels)

    def _mixture(self) -> LogisticMixture:
        return LogisticMixture(self.said if self.said.dim() == 4 else self.said[:, :, None, None], self.grey)

    def log_mass(self, x: Tensor) -> Tensor:
        """log p of levels x, int64 [N, 1, H, W]: [N, H, W]."""
        if self.levels <= SOFTMAX:
            return -nn.functional.cross_entropy(self.said, x[:, 0], reduction="none")
        return self._mixture().log_mass(x)

    def log_masses(self) -> Tensor:
        """log p of all levels of entries of which [N, …] was said: [N, levels]."""
        if self.levels <= SOFTMAX:
            return self.said.log_softmax(1)
        every = torch.arange(self.levels, device=self.said.device).view(1, 1, 1, -1)
        return self._mixture().log_mass(every)[:, 0]

    def chances(self, temperature: float = 1.0) -> Tensor:
        """What the law to the power 1 / temperature is in proportion to, of entries of which [N, …] was said."""
        if self.levels <= SOFTMAX:
            return (self.said / temperature).softmax(1)
        masses = self._mixture().masses().flatten(1)
        return (masses / masses.amax(1, keepdim=True)) ** (1 / temperature)
