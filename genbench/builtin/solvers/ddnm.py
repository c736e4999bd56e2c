"""ddnm: restore with a diffusion model whose guess at the sample is made to agree with y at each step."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

import torch
from torch import Tensor

from genbench.builtin.solvers.scale import highest, ladder
from genbench.contracts.answers import Restorer
from genbench.contracts.model import Denoiser
from genbench.contracts.operator import Operator
from genbench.contracts.settings import Range
from genbench.contracts.task import Solver
from genbench.records.space import Space


class Ddnm(Solver):
    """At each noise level x̂ = D(x_σ; σ), x̂' = x̂ + A⁺(y - A x̂), and x_σ' is drawn of q(x_σ' | x_σ, x̂').

    It starts from noise and takes the ancestral sampler's steps, so that `steps` network evaluations make a draw. What
    is known of the sample is put in place; what is hidden follows only as far as the denoiser goes along. That is no
    draw from the posterior of the model, even where the denoiser is exact: early guesses are means over much, the
    known part enters them late, and draws come out with too little of what the known part says about the hidden one.
    The last guess is rounded and kept in range, in agreement with y. Operators that are not linear are projected onto
    as they say; there is no noise in y, and no time travel.

    Args:
        steps: noise levels on the way, at most as many as the model was trained on: the NFE of a draw.
    """

    name = "ddnm"
    version = "2"
    source = "Wang, Yu and Zhang 2023, algorithm 1, https://arxiv.org/abs/2212.00490"
    lifts = Denoiser
    to = Restorer

    def __init__(self, *, steps: Annotated[int, Range(1, 4000, log=True)] = 25) -> None:
        self.steps = steps

    def lift(self, model: Denoiser, space: Space) -> Restorer:
        """The model's way from noise to what agrees with y.

        Raises:
            Unsuitable: the Space has no levels that could be scaled to [-1, 1].
        """
        highest(space)
        return _NullSpace(model, space, self.steps)


@dataclass(frozen=True)
class _NullSpace(Restorer):
    model: Denoiser
    space: Space
    steps: int

    def restore(self, y: Tensor, operator: Operator, draws: int) -> Tensor:
        return torch.stack([self._draw(y, operator) for _ in range(draws)], dim=1)  # [N, draws, *shape]

    def _draw(self, y: Tensor, operator: Operator) -> Tensor:
        sigmas = ladder(self.model.sigmas, self.steps).flip(0)
        x = sigmas[0] * torch.randn(len(y), *self.space.shape, device=y.device)
        for sigma, following in pairwise(sigmas):
            clean = self._scaled(operator.project(self._guess(x, sigma), y))
            share = (following / sigma) ** 2
            x = clean + share * (x - clean) + following * (1 - share).sqrt() * torch.randn_like(x)
        return operator.agreeing(self._guess(x, sigmas[-1]), y)

    def _guess(self, x: Tensor, sigma: Tensor) -> Tensor:
        """The denoised sample, in levels."""
        return (self.model.denoise(x, sigma.expand(len(x))) + 1) / 2 * highest(self.space)

    def _scaled(self, x: Tensor) -> Tensor:
        return 2 * x / highest(self.space) - 1
