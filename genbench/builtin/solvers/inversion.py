"""inversion: restore with a generator, by the latent vectors whose samples agree with what was measured."""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from genbench.builtin.solvers.evaluations import device_of, most_evaluations
from genbench.contracts.answers import Restorer
from genbench.contracts.model import Decoder
from genbench.contracts.operator import Operator
from genbench.contracts.settings import Range
from genbench.contracts.task import Solver
from genbench.errors import Unsuitable
from genbench.records.space import Space

LONGEST = 10  # calls of one module in a rendering
AT_ONCE = 1_000  # latent vectors that are gone down from together: more of them than a batch of questions waste less


class Inversion(Solver):
    """Goes down ‖A(render(z)) - y‖² / (2 noise²) + ½‖z‖² from draws of the prior; what comes out is made to agree.

    That is the negative logarithm of p(z) p(y | z), up to a constant, with Gaussian noise in y that stands for what the
    generator cannot render. The model's parameters stay as they are (the paper goes on to train the generator on y as
    well). Adam takes `steps` steps from `restarts` starts a draw, and of these the one with the lowest value is kept.
    A step is an evaluation of the network forward and back: a draw costs restarts · steps of them, and one to render.
    Draws are local maxima of the posterior and no draws of it: they differ as far as starts lead to different ones.

    Args:
        steps: of Adam.
        restarts: starts of a draw.
        noise: deviation of y in levels, of a Space with levels (else in the data's unit): how loud the measurement
            speaks against the prior.
        lr: of Adam, falling to 0 along a cosine.
    """

    name = "inversion"
    version = "2"
    source = "Pan et al. 2020, https://arxiv.org/abs/2003.13897"
    lifts = Decoder
    to = Restorer

    def __init__(
        self,
        *,
        steps: Annotated[int, Range(1, 10_000, log=True)] = 50,
        restarts: Annotated[int, Range(1, 1000, log=True)] = 2,
        noise: Annotated[float, Range(1e-3, 1e3, log=True)] = 1.0,
        lr: Annotated[float, Range(1e-4, 1.0, log=True)] = 0.1,
    ) -> None:
        self.steps, self.restarts, self.noise, self.lr = steps, restarts, noise, lr

    def lift(self, model: Decoder, space: Space) -> Restorer:
        """The model's latent vectors that render what agrees with y.

        Raises:
            Unsuitable: it renders in so many evaluations of a network that gradients through all of them take too long.
        """
        z = torch.zeros(1, model.latent_dim, device=device_of(model))
        calls = most_evaluations(model, lambda: model.render(z))
        if calls > LONGEST:
            words = (
                f"it renders a sample in {calls} evaluations of a network, through each of which a gradient would go"
            )
            raise Unsuitable(f"{words}; inversion takes {LONGEST} at most")
        return _Inverted(model, space, self)


@dataclass(frozen=True)
class _Inverted(Restorer):
    model: Decoder
    space: Space
    own: Inversion

    def restore(self, y: Tensor, operator: Operator, draws: int) -> Tensor:
        n, restarts = len(y), self.own.restarts
        repeated = y.repeat(restarts * draws, *[1] * (y.dim() - 1))  # [restarts · draws · N, …]
        z = torch.randn(len(repeated), self.model.latent_dim, device=y.device)
        parts = zip(torch.split(z, AT_ONCE), torch.split(repeated, AT_ONCE), strict=True)
        value, x = map(torch.cat, zip(*(self._rendered(*part, operator) for part in parts), strict=True))
        best = value.view(restarts, draws * n).argmin(0)  # [draws · N]
        chosen = x.view(restarts, draws * n, *self.space.shape)[best, torch.arange(draws * n, device=y.device)]
        found = operator.agreeing(chosen, repeated[: draws * n])
        return found.view(draws, n, *self.space.shape).transpose(0, 1)  # [N, draws, *shape]

    def _rendered(self, z: Tensor, y: Tensor, operator: Operator) -> tuple[Tensor, Tensor]:
        """What was gone down to, [M], and the samples there, [M, *shape]."""
        with torch.enable_grad():
            z = self._descended(z, y, operator)
        return self._value(z, y, operator)

    def _descended(self, z: Tensor, y: Tensor, operator: Operator) -> Tensor:
        z = z.requires_grad_(True)
        optimiser = torch.optim.Adam([z], self.own.lr)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, self.own.steps)
        for _ in range(self.own.steps):
            (z.grad,) = torch.autograd.grad(self._value(z, y, operator)[0].sum(), z)
            optimiser.step()
            schedule.step()
        return z.detach()

    def _value(self, z: Tensor, y: Tensor, operator: Operator) -> tuple[Tensor, Tensor]:
        """What is gone down, [N], and the samples, [N, *shape]."""
        x = self.model.render(z)
        off = (operator.measure(x) - y).flatten(1).square().sum(1)
        return off / (2 * self.own.noise**2) + z.square().sum(1) / 2, x
