"""sdedit: translate by noise that hides the domain and leaves the rest, removed as the other domain would have it."""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from genbench.builtin.solvers.bayes import classes_of
from genbench.builtin.solvers.ho_t import ancestral
from genbench.builtin.solvers.scale import highest, ladder, scaled, unscaled
from genbench.contracts.answers import Translator
from genbench.contracts.model import ConditionalDenoiser, Denoiser
from genbench.contracts.settings import Range
from genbench.contracts.task import Solver
from genbench.records.space import Space


class SdEdit(Solver):
    """x_t = x + σ_t ε, then the reverse process from t under the label of the domain to go to.

    More noise goes further into the domain and keeps less of what was shown: t is a compromise, and an answer a draw.

    Args:
        t: how far to go into the noise levels that the model was trained on; 1 is the highest.
        steps: noise levels on the way back; at most as many as there are below t.
    """

    name = "sdedit"
    version = "1"
    source = "Meng et al. 2022, algorithm 1, https://arxiv.org/abs/2108.01073"
    lifts = ConditionalDenoiser
    to = Translator

    def __init__(
        self,
        *,
        t: Annotated[float, Range(0.0, 1.0)] = 0.65,
        steps: Annotated[int, Range(1, 4000, log=True)] = 25,
    ) -> None:
        self.t, self.steps = t, steps

    def lift(self, model: ConditionalDenoiser, space: Space) -> Translator:
        """The model's way through noise of level t.

        Raises:
            Unsuitable: the Space has no classes, or no levels that could be scaled to [-1, 1].
        """
        highest(space)
        classes_of(space)
        return _Edited(model, space, self.t, self.steps)


@dataclass(frozen=True)
class Told(Denoiser):
    """A denoiser that has been told the class of each row."""

    model: ConditionalDenoiser
    labels: Tensor

    @property
    def sigmas(self) -> Tensor:
        """The model's."""
        return self.model.sigmas

    def denoise(self, x: Tensor, sigma: Tensor) -> Tensor:
        """E[x | x_σ, y]."""
        return self.model.denoise(x, sigma, labels=self.labels)


@dataclass(frozen=True)
class _Edited(Translator):
    model: ConditionalDenoiser
    space: Space
    t: float
    steps: int

    def translate(self, x: Tensor, domain: Tensor) -> Tensor:
        sigmas = self.model.sigmas
        below = ladder(sigmas[: max(1, round(self.t * len(sigmas)))], self.steps)
        clean = scaled(x, self.space)
        noised = clean + below[-1] * torch.randn_like(clean)
        return unscaled(ancestral(Told(self.model, domain), noised[None], below.flip(0))[0], self.space)
