"""Straight lines between latent vectors: interpolation by whatever has them."""

from dataclasses import dataclass

import torch
from torch import Tensor

import genbench


@dataclass(frozen=True)
class Line(genbench.Interpolator):
    """Goes along the line between two latent vectors, and renders what lies there."""

    model: genbench.Latent
    space: genbench.Space

    def between(self, a: Tensor, b: Tensor, n: int) -> Tensor:
        """[N, n, *shape]: int64, or float32 where the Space has no levels."""
        z_a, z_b = self.model.encode(a), self.model.encode(b)
        path = [self.model.render(torch.lerp(z_a, z_b, i / (n - 1))) for i in range(n)]
        x = torch.stack(path, dim=1)
        return x if self.space.levels is None else x.round().clamp(0, self.space.levels - 1).long()


class NewPlugin(genbench.Solver):
    """Interpolates along a straight line in the latent space: shorter vectors in the middle than at its ends.

    A prior's draws lie near a sphere, and the line leaves it: `slerp` keeps to it.
    """

    name = "new-plugin"
    version = "1"
    source = "White 2016, sec. 2.1, https://arxiv.org/abs/1609.04468"
    lifts = genbench.Latent
    to = genbench.Interpolator

    def lift(self, model: genbench.Latent, space: genbench.Space) -> genbench.Interpolator:
        return Line(model, space)


@genbench.hookimpl
def genbench_solvers() -> list[type[genbench.Solver]]:
    """The solvers of this distribution."""
    return [NewPlugin]
