"""ddim-slerp: interpolate between the noise that a diffusion model takes two samples for."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

import torch
from torch import Tensor

from genbench.builtin.solvers.scale import highest, ladder, mixing, scaled, unscaled
from genbench.builtin.solvers.slerp import slerp
from genbench.contracts.answers import Interpolator
from genbench.contracts.model import Denoiser
from genbench.contracts.settings import Range
from genbench.contracts.task import Solver
from genbench.records.space import Space


def implicit(model: Denoiser, x: Tensor, sigmas: Tensor) -> Tensor:
    """Euler steps of the probability-flow equation dx/dσ = (x - D(x; σ)) / σ, DDIM with η = 0.

    x_σ' = D + σ'/σ (x_σ - D): what the denoiser takes for noise is scaled to the next level, up or down.

    Args:
        x: x_σ at the first of the levels, float32 [N, *shape].
        sigmas: the levels to go through, [S]; they rise or fall.
    Returns:
        x_σ at the last of them.
    Source: Song et al. 2020, eq. 13 and 14, https://arxiv.org/abs/2010.02502
    """
    for sigma, following in pairwise(sigmas):
        clean = model.denoise(x, sigma.expand(len(x)))
        x = clean + following / sigma * (x - clean)
    return x


class DdimSlerp(Solver):
    """Follows the probability flow from each sample up to noise, goes along the arc between the two, and back down.

    The flow is deterministic, so a noise stands for one sample, and it comes back but for the error of the steps: the
    ends are shown as they come back. A sample is taken to carry the lowest noise already, far less than a level's width
    in a model that was trained on levels.

    Args:
        steps: noise levels on the way up, and on the way down; at most as many as the model was trained on.
    """

    name = "ddim-slerp"
    version = "1"
    source = "Song, Meng and Ermon 2020, sec. 5.3, https://arxiv.org/abs/2010.02502"
    lifts = Denoiser
    to = Interpolator

    def __init__(self, *, steps: Annotated[int, Range(2, 4000, log=True)] = 50) -> None:
        self.steps = steps

    def lift(self, model: Denoiser, space: Space) -> Interpolator:
        """The model's way through noise.

        Raises:
            Unsuitable: the Space has no levels that could be scaled to [-1, 1].
        """
        highest(space)
        return _Flow(model, space, self.steps)


@dataclass(frozen=True)
class _Flow(Interpolator):
    model: Denoiser
    space: Space
    steps: int

    def between(self, a: Tensor, b: Tensor, n: int) -> Tensor:
        up = ladder(self.model.sigmas, self.steps)
        noise_a, noise_b = (implicit(self.model, scaled(x, self.space), up) for x in (a, b))
        path = [self._down(slerp(noise_a, noise_b, share), up.flip(0)) for share in mixing(n)]
        return torch.stack(path, dim=1)  # [N, n, *shape]

    def _down(self, x: Tensor, sigmas: Tensor) -> Tensor:
        x = implicit(self.model, x, sigmas)
        return unscaled(self.model.denoise(x, sigmas[-1].expand(len(x))), self.space)
