"""bayes: the classes that a class-conditional density holds probable."""

from dataclasses import dataclass

import torch
from torch import Tensor

from genbench.contracts.answers import Classifier
from genbench.contracts.model import ConditionalDensity
from genbench.contracts.task import Solver
from genbench.errors import Unsuitable
from genbench.records.space import Space

SEEDS = 2**62


class Bayes(Solver):
    """p(y|x) = p(x|y) p(y) / Σ p(x|y') p(y'), with the p(y) that the model tells, else all classes alike.

    A density that draws, as a bound does, draws the same numbers for all classes of a batch: what they have in common
    cancels. A p(x|y) that is sure of itself in each of many pixels makes a p(y|x) that is too sure: see "after
    temperature".
    """

    name = "bayes"
    version = "1"
    source = "Bayes 1763, https://doi.org/10.1098/rstl.1763.0053"
    lifts = ConditionalDensity
    to = Classifier

    def lift(self, model: ConditionalDensity, space: Space) -> Classifier:
        """The model's word on classes.

        Raises:
            Unsuitable: the Space has none.
        """
        return _Posterior(model, classes_of(space))


@dataclass(frozen=True)
class _Posterior(Classifier):
    model: ConditionalDensity
    classes: int

    def posterior(self, x: Tensor) -> Tensor:
        seed, nats = int(torch.randint(SEEDS, (1,))), []
        for y in torch.arange(self.classes, device=x.device):
            torch.manual_seed(seed)
            nats.append(self.model.log_prob(x, labels=y.expand(len(x))).double())
        joint = torch.stack(nats, dim=1)  # [N, classes]
        prior = self.model.class_prior
        return joint if prior is None else joint + prior.to(joint).log()


def classes_of(space: Space) -> int:
    """How many there are.

    Raises:
        Unsuitable: none.
    """
    if space.classes is None:
        raise Unsuitable(f"needs classes, got {space}")
    return space.classes
