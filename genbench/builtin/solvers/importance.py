"""importance: restore with any model, by choosing among its samples those that agree with what was measured."""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from genbench.contracts.answers import Restorer
from genbench.contracts.model import Conditional, Model
from genbench.contracts.operator import Operator
from genbench.contracts.settings import Range
from genbench.contracts.task import Solver
from genbench.records.space import Space

HALVINGS = 40  # of the interval in which the exponent lies


def tempered(log_weights: Tensor, least: float) -> Tensor:
    """Weights w^β over each row that add up to 1, β in [0, 1] the largest with an effective sample size of `least`.

    The effective sample size is 1 / Σ p²; it falls as β rises.

    Args:
        log_weights: ln w, [N, M] float64.
        least: at most M.
    Source: Jasra et al. 2011, sec. 2.3 (adaptive tempering), https://doi.org/10.1111/j.1467-9469.2010.00723.x
    """
    low, high = torch.zeros(2, len(log_weights), 1, dtype=log_weights.dtype, device=log_weights.device)
    high = high + 1
    enough = _size(log_weights) >= least
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        fine = _size(middle * log_weights) >= least
        low, high = torch.where(fine, middle, low), torch.where(fine, high, middle)
    return (torch.where(enough, 1.0, low) * log_weights).softmax(1)


def _size(log_weights: Tensor) -> Tensor:
    return 1 / log_weights.softmax(1).square().sum(1, keepdim=True)


class Importance(Solver):
    """Draws samples of the model, weighs them by p(y | x) = N(y; A(x), noise² I), and draws among them again.

    Where samples are many and noise is little, that is the model's posterior. It seldom is: of some hundred samples
    hardly any agrees with y, and all weight falls on the one that comes nearest. The weights are therefore tempered,
    w^β, as far as it takes to leave as many effective samples as there are draws; the samples of each batch of
    questions are drawn anew, by the first of the model's samplers (and of classes that are equally frequent, where it
    obeys labels), and chosen independently for each question, with replacement.
    What is chosen is made to agree with y, so that what is hidden may not fit what is known. The cost is `particles`
    samples a batch, whatever is in it.

    Args:
        particles: samples that a batch of questions shares.
        noise: deviation of y in levels, of a Space with levels (else in the data's unit).
    """

    name = "importance"
    version = "2"
    source = "Gordon, Salmond and Smith 1993, https://doi.org/10.1049/ip-f-2.1993.0015"
    lifts = Model
    to = Restorer

    def __init__(
        self,
        *,
        particles: Annotated[int, Range(2, 10**6, log=True)] = 1000,
        noise: Annotated[float, Range(1e-3, 1e3, log=True)] = 1.0,
    ) -> None:
        self.particles, self.noise = particles, noise

    def lift(self, model: Model, space: Space) -> Restorer:
        """The model's samples, weighed."""
        return _Weighed(model, space, self)


@dataclass(frozen=True)
class _Weighed(Restorer):
    model: Model
    space: Space
    own: Importance

    def restore(self, y: Tensor, operator: Operator, draws: int) -> Tensor:
        x = self.model.sample(
            self.own.particles, labels=self._labels(y.device), **next(iter(self.model.samplers.values()))
        )
        x = x.float()
        off = torch.cdist(y.flatten(1).double(), operator.measure(x).flatten(1).double()).square()  # [N, particles]
        weights = tempered(-off / (2 * self.own.noise**2), min(draws, self.own.particles / 2))
        chosen = torch.multinomial(weights, draws, replacement=True)  # [N, draws]
        drawn = [operator.agreeing(x[chosen[:, i]], y) for i in range(draws)]
        return torch.stack(drawn, dim=1)

    def _labels(self, device: torch.device) -> Tensor | None:
        if not isinstance(self.model, Conditional) or self.space.classes is None:
            return None
        return torch.randint(self.space.classes, (self.own.particles,), device=device)
