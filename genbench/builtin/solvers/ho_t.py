"""ho-t: noise two samples, mix them, and let a diffusion model remove the noise and what mixing broke."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

import torch
from torch import Tensor

from genbench.builtin.solvers.scale import highest, ladder, mixing, scaled, unscaled
from genbench.contracts.answers import Interpolator
from genbench.contracts.model import Denoiser
from genbench.contracts.settings import Range
from genbench.contracts.task import Solver
from genbench.records.space import Space


def ancestral(model: Denoiser, paths: Tensor, sigmas: Tensor) -> Tensor:
    """Draws of the sample under the noise, step by step; all samples of a path get the same new noise.

    q(x_σ' | x_σ, x) is normal, with mean x + (σ'/σ)² (x_σ - x) and variance σ'² (1 - (σ'/σ)²), and the denoiser stands
    in for x. This is the ancestral sampler with the posterior's variance, without the factor √α_bar.

    Args:
        paths: x_σ at the first of the levels, float32 [n, N, *shape].
        sigmas: the levels to go through, [S], falling.
    Returns:
        The denoised samples at the last of them.
    Source: Ho, Jain and Abbeel 2020, eq. 6 and 7 and algorithm 2, https://arxiv.org/abs/2006.11239
    """
    for sigma, following in pairwise(sigmas):
        clean, share = _denoised(model, paths, sigma), (following / sigma) ** 2
        noise = torch.randn_like(paths[0])
        paths = clean + share * (paths - clean) + following * (1 - share).sqrt() * noise
    return _denoised(model, paths, sigmas[-1])


def _denoised(model: Denoiser, paths: Tensor, sigma: Tensor) -> Tensor:
    return torch.stack([model.denoise(x, sigma.expand(len(x))) for x in paths])


class HoT(Solver):
    """x_t = x + σ_t ε for both, with a noise each; (1 - λ) x_t(a) + λ x_t(b); then the reverse process from t.

    More noise forgets more of both samples: the middles become better samples, and the ends drift off. The noises of
    the two samples are drawn once a question and shared by its whole path, as the paper's are, and so are those that
    the reverse process adds: only λ changes along a path. A mixture of two independent noises is weaker in the middle,
    by √((1-λ)² + λ²), than the model is told; the paper has it so, and it is a reason why middles look smooth.

    Args:
        t: how far to go into the noise levels that the model was trained on; 1 is the highest. The paper's figure has
            500 of 1000, at which faces of 256 pixels stay who they are and a digit of 8 pixels becomes another one.
        steps: noise levels on the way back; at most as many as there are below t.
    """

    name = "ho-t"
    version = "1"
    source = "Ho, Jain and Abbeel 2020, sec. 4 (interpolation) and fig. 8, https://arxiv.org/abs/2006.11239"
    lifts = Denoiser
    to = Interpolator

    def __init__(
        self,
        *,
        t: Annotated[float, Range(0.0, 1.0)] = 0.25,
        steps: Annotated[int, Range(1, 4000, log=True)] = 50,
    ) -> None:
        self.t, self.steps = t, steps

    def lift(self, model: Denoiser, space: Space) -> Interpolator:
        """The model's way through noise of level t.

        Raises:
            Unsuitable: the Space has no levels that could be scaled to [-1, 1].
        """
        highest(space)
        return _Mixed(model, space, self.t, self.steps)


@dataclass(frozen=True)
class _Mixed(Interpolator):
    model: Denoiser
    space: Space
    t: float
    steps: int

    def between(self, a: Tensor, b: Tensor, n: int) -> Tensor:
        sigmas = self.model.sigmas
        below = ladder(sigmas[: max(1, round(self.t * len(sigmas)))], self.steps)
        noised = [x + below[-1] * torch.randn_like(x) for x in (scaled(a, self.space), scaled(b, self.space))]
        mixed = torch.stack([(1 - share) * noised[0] + share * noised[1] for share in mixing(n)])
        return unscaled(ancestral(self.model, mixed, below.flip(0)), self.space).movedim(0, 1)  # [N, n, *shape]
