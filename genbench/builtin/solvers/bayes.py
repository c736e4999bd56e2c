"""bayes: the classes that a class-conditional density holds probable."""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from genbench.builtin.solvers.evaluations import device_of, most_evaluations
from genbench.contracts.answers import Classifier
from genbench.contracts.model import ConditionalDensity
from genbench.contracts.settings import Range
from genbench.contracts.task import Solver
from genbench.errors import Unsuitable
from genbench.records.space import Space

SEEDS = 2**62


class Bayes(Solver):
    """p(y|x) = p(x|y) p(y) / Σ p(x|y') p(y'), with the p(y) that the model tells, else all classes alike.

    A density that draws, as a bound does, draws the same numbers for all classes of a batch: what they have in common
    cancels. A p(x|y) that is sure of itself in each of many pixels makes a p(y|x) that is too sure: see "after
    temperature".

    Args:
        evaluations: of its network that a density takes at most for one class of a batch; one that takes more, as the
            bound of many noise levels does, is not asked.
    """

    name = "bayes"
    version = "1"
    source = "Bayes 1763, https://doi.org/10.1098/rstl.1763.0053"
    lifts = ConditionalDensity
    to = Classifier

    def __init__(self, *, evaluations: Annotated[int, Range(1, 100_000, log=True)] = 100) -> None:
        self.evaluations = evaluations

    def lift(self, model: ConditionalDensity, space: Space) -> Classifier:
        """The model's word on classes.

        Raises:
            Unsuitable: the Space has none, or the density takes too many evaluations of its network.
        """
        able = _Posterior(model, classes_of(space))
        taken = most_evaluations(model, lambda: able.nats(blank(space, device_of(model)), 0))
        if taken > self.evaluations:
            raise Unsuitable(
                f"its density takes {taken} evaluations of its network a class, and bayes asks for "
                f"{self.evaluations} at most here"
            )
        return able


@dataclass(frozen=True)
class _Posterior(Classifier):
    model: ConditionalDensity
    classes: int

    def posterior(self, x: Tensor) -> Tensor:
        seed, nats = int(torch.randint(SEEDS, (1,))), []
        for y in range(self.classes):
            torch.manual_seed(seed)
            nats.append(self.nats(x, y))
        joint = torch.stack(nats, dim=1)  # [N, classes]
        prior = self.model.class_prior
        return joint if prior is None else joint + prior.to(joint).log()

    def nats(self, x: Tensor, y: int) -> Tensor:
        """log p(x|y), [N] float64."""
        return self.model.log_prob(x, labels=torch.full((len(x),), y, device=x.device)).double()


def blank(space: Space, device: torch.device) -> Tensor:
    """One sample of nothing but zeros, [1, *shape]."""
    return torch.zeros(1, *space.shape, dtype=torch.float32 if space.levels is None else torch.int64, device=device)


def classes_of(space: Space) -> int:
    """How many there are.

    Raises:
        Unsuitable: none.
    """
    if space.classes is None:
        raise Unsuitable(f"needs classes, got {space}")
    return space.classes
