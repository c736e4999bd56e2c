"""slerp: interpolate along the sphere that a model's latent vectors lie on."""

from dataclasses import dataclass

import torch
from torch import Tensor

from genbench.builtin.solvers.scale import mixing, settled
from genbench.contracts.answers import Interpolator
from genbench.contracts.model import Latent
from genbench.contracts.task import Solver
from genbench.records.space import Space

SMALLEST = 1e-4  # sine of the angle below which the arc is a line: its weights would be quotients of two roundings


def slerp(z_a: Tensor, z_b: Tensor, share: float) -> Tensor:
    r"""Spherical linear interpolation, sin((1-λ)θ)/sin θ · z_a + sin(λθ)/sin θ · z_b, θ the angle between the two.

    A sum of two independent standard normal vectors of weights 1 - λ and λ is shorter than either, and no draw from a
    model's prior any more; this one has their length all along. Vectors that are (anti)parallel are mixed linearly.

    Args:
        z_a, z_b: [N, …] each.
        share: λ, in [0, 1].
    Returns:
        [N, …]; z_a at 0 and z_b at 1.
    Source: Shoemake 1985, https://doi.org/10.1145/325334.325242; White 2016, sec. 2.1, https://arxiv.org/abs/1609.04468
    """
    rows = (-1, *[1] * (z_a.dim() - 1))
    a, b = z_a.flatten(1).double(), z_b.flatten(1).double()
    cosine = torch.nn.functional.cosine_similarity(a, b).clamp(-1, 1)  # [N]
    angle, sine = cosine.acos(), (1 - cosine.square()).sqrt()
    arc, curved = sine.clamp(min=SMALLEST), sine > SMALLEST
    weight_a = torch.where(curved, ((1 - share) * angle).sin() / arc, 1 - share)
    weight_b = torch.where(curved, (share * angle).sin() / arc, share)
    return weight_a.to(z_a.dtype).view(rows) * z_a + weight_b.to(z_b.dtype).view(rows) * z_b


class Slerp(Solver):
    """Encodes both samples, goes along the arc between their latent vectors, and renders what lies there.

    The prior of a Latent is standard normal, so its vectors lie near a sphere, and so does the arc. The ends are shown
    as the model rebuilds them, as papers do: the data's own samples in their place would hide what it lost of them.
    What it renders is rounded, without the noise that a model may draw about it.
    """

    name = "slerp"
    version = "1"
    source = "White 2016, https://arxiv.org/abs/1609.04468"
    lifts = Latent
    to = Interpolator

    def lift(self, model: Latent, space: Space) -> Interpolator:
        """The model's way along the arc."""
        return _Arc(model, space)


@dataclass(frozen=True)
class _Arc(Interpolator):
    model: Latent
    space: Space

    def between(self, a: Tensor, b: Tensor, n: int) -> Tensor:
        z_a, z_b = self.model.encode(a), self.model.encode(b)
        path = [settled(self.model.render(slerp(z_a, z_b, share)), self.space) for share in mixing(n)]
        return torch.stack(path, dim=1)  # [N, n, *shape]
