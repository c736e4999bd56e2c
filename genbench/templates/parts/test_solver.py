"""The solver: its paths begin and end where the model rebuilds the two samples, and are straight between."""

import torch
from torch import Tensor

import genbench
from genbench.templates.parts.solver import NewPlugin

SPACE = genbench.Space((4,), levels=9)


class Mirror(genbench.Latent):
    """A latent vector that is the sample itself."""

    latent_dim = 4

    def encode(self, x: Tensor) -> Tensor:
        return x.float()

    def render(self, z: Tensor) -> Tensor:
        return z


def test_a_path_is_the_straight_line_between_its_ends() -> None:
    path = NewPlugin().lift(Mirror(), SPACE).between(torch.tensor([[0, 8, 4, 2]]), torch.tensor([[8, 0, 4, 6]]), 5)
    assert path.tolist() == [[[0, 8, 4, 2], [2, 6, 4, 3], [4, 4, 4, 4], [6, 2, 4, 5], [8, 0, 4, 6]]]
