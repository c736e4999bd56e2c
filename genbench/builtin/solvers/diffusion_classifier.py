"""diffusion-classifier: the class under which a diffusion model removes noise best."""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from genbench.builtin.solvers.bayes import classes_of
from genbench.builtin.solvers.scale import highest, ladder, scaled
from genbench.contracts.answers import Classifier
from genbench.contracts.model import ConditionalDenoiser
from genbench.contracts.settings import Choice, Range
from genbench.contracts.task import Solver
from genbench.records.space import Space


class DiffusionClassifier(Solver):
    """log p(y|x) = -E ‖ε - ε_θ(x + σ ε; σ, y)‖² and a constant, with the same draws of σ and ε for all classes.

    ε_θ = (x_σ - D(x_σ; σ, y)) / σ, so that an error is ‖x - D‖² / σ². All classes are alike beforehand, as in the
    paper.

    Args:
        steps: noise levels, evenly spaced in the order of those that the model was trained on, at most as many.
        draws: of ε at each level.
        weights: of the levels. "even": the mean over them, as in the paper, which leaves out the bound's own weights;
            what is then called a probability has an arbitrary scale. "bound": ∫ ‖x - D‖² / σ² d ln σ by trapezoids,
            the part of the variational bound that depends on y (Kingma et al. 2021, eq. 17,
            https://arxiv.org/abs/2107.00630).
    """

    name = "diffusion-classifier"
    version = "1"
    source = "Li et al. 2023, algorithm 1, https://arxiv.org/abs/2303.16203"
    lifts = ConditionalDenoiser
    to = Classifier

    def __init__(
        self,
        *,
        steps: Annotated[int, Range(1, 4000, log=True)] = 25,
        draws: Annotated[int, Range(1, 1000, log=True)] = 2,
        weights: Annotated[str, Choice("even", "bound")] = "even",
    ) -> None:
        self.steps, self.draws, self.weights = steps, draws, weights

    def lift(self, model: ConditionalDenoiser, space: Space) -> Classifier:
        """The model's errors under each class.

        Raises:
            Unsuitable: the Space has no classes, or no levels that could be scaled to [-1, 1].
        """
        highest(space)
        return _Errors(model, space, classes_of(space), self)


@dataclass(frozen=True)
class _Errors(Classifier):
    model: ConditionalDenoiser
    space: Space
    classes: int
    solver: DiffusionClassifier

    def posterior(self, x: Tensor) -> Tensor:
        clean = scaled(x, self.space)
        sigmas = ladder(self.model.sigmas, self.solver.steps).to(x.device)
        total = torch.zeros(len(x), self.classes, dtype=torch.float64, device=x.device)
        for sigma, weight in zip(sigmas, self._shares(sigmas), strict=True):
            for _ in range(self.solver.draws):
                noised = clean + sigma * torch.randn_like(clean)
                errors = [self._error(clean, noised, sigma, y) for y in range(self.classes)]
                total += weight / self.solver.draws * torch.stack(errors, dim=1)
        return -total

    def _error(self, clean: Tensor, noised: Tensor, sigma: Tensor, y: int) -> Tensor:
        """‖x - D(x_σ; σ, y)‖² / σ², [N] float64."""
        labels = torch.full((len(clean),), y, device=clean.device)
        off = (self.model.denoise(noised, sigma.expand(len(clean)), labels=labels) - clean) / sigma
        return off.double().flatten(1).square().sum(1)

    def _shares(self, sigmas: Tensor) -> Tensor:
        """The weight of each level, [S]."""
        if self.solver.weights == "even" or len(sigmas) == 1:
            return torch.full_like(sigmas, 1 / len(sigmas))
        widths = sigmas.log().diff() / 2
        return torch.nn.functional.pad(widths, (0, 1)) + torch.nn.functional.pad(widths, (1, 0))
