"""latent-shift: translate by moving latent vectors from the mean of one domain to that of the other."""

from abc import ABC
from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from genbench.builtin.solvers.bayes import classes_of
from genbench.builtin.solvers.scale import settled
from genbench.contracts.answers import Translator
from genbench.contracts.model import Conditional, Decoder, Encoder, Model
from genbench.contracts.settings import Range
from genbench.contracts.task import Solver
from genbench.records.space import Space
from genbench.seeds import seed_for


class ConditionalLatent(Model, Conditional, Encoder, Decoder, ABC):
    """A model with a latent vector a sample that draws samples of a class. Whatever is all of these is one."""

    @classmethod
    def __subclasshook__(cls, other: type) -> bool:
        if cls is ConditionalLatent and {Model, Conditional, Encoder, Decoder} <= {*other.__mro__}:
            return True
        return NotImplemented  # type: ignore[no-any-return]  # go on as usual


class LatentShift(Solver):
    """z' = z(x) + m_y - m, m_y the mean latent vector of the model's own samples of the domain, m that of all others.

    A solver is shown no data: the model draws what the means are taken of, once, before it is asked, by the first of
    its samplers and a seed that is always the same. What the domains differ in besides their means stays as it is. A
    model that keeps the class beside the rest of its latent vector is moved in the class alone.

    Args:
        samples: of each domain.
    """

    name = "latent-shift"
    version = "1"
    source = "Larsen et al. 2016, sec. 4.3 (visual attribute vectors), https://arxiv.org/abs/1512.09300"
    lifts = ConditionalLatent
    to = Translator

    def __init__(self, *, samples: Annotated[int, Range(1, 100_000, log=True)] = 500) -> None:
        self.samples = samples

    def lift(self, model: ConditionalLatent, space: Space) -> Translator:
        """The model's way along a straight line.

        Raises:
            Unsuitable: the Space has no classes.
        """
        return _Shifted(model, space, self._shifts(model, classes_of(space)))

    @torch.no_grad()
    def _shifts(self, model: ConditionalLatent, classes: int) -> Tensor:
        """m_y - m of each domain y, [classes, latent_dim]."""
        device = next(iter([*model.parameters(), *model.buffers(), torch.empty(0)])).device
        preset = next(iter(model.samplers.values()))
        means = []
        with torch.random.fork_rng():
            torch.manual_seed(seed_for("latent-shift"))
            for y in torch.arange(classes, device=device):
                x = model.sample(self.samples, labels=y.expand(self.samples), **preset)
                means.append(model.encode(x).mean(0))
        every = torch.stack(means)
        return every - (every.sum(0) - every) / max(1, classes - 1)


@dataclass(frozen=True)
class _Shifted(Translator):
    model: ConditionalLatent
    space: Space
    shifts: Tensor

    def translate(self, x: Tensor, domain: Tensor) -> Tensor:
        return settled(self.model.render(self.model.encode(x) + self.shifts[domain]), self.space)
