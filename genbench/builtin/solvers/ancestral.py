"""ancestral: restore with an autoregressive model, entry by entry in its order."""

from dataclasses import dataclass

import torch
from torch import Tensor

from genbench.contracts.answers import Restorer
from genbench.contracts.model import Sequential
from genbench.contracts.operator import Operator
from genbench.contracts.task import Solver
from genbench.errors import Unsuitable
from genbench.records.space import Space


class Ancestral(Solver):
    """Draws what is hidden in the model's order, given all that stands before it; what is known stays as it is.

    Where all that is known comes before all that is hidden, and a measurement bounds no hidden entry, these are exact
    draws of the model's law of x given y: completion. Elsewhere a hidden entry does not see what is known beyond it,
    and the draws are of another law: in a box, only what is above an entry and to the left of it counts. Bounds of an
    entry are kept by leaving out the levels beyond them. A draw costs an evaluation for each entry that is not known.
    """

    name = "ancestral"
    version = "1"
    source = "van den Oord et al. 2016, sec. 3 and fig. 9, https://arxiv.org/abs/1601.06759"
    lifts = Sequential
    to = Restorer

    def lift(self, model: Sequential, space: Space) -> Restorer:
        """The model's way through the entries.

        Raises:
            Unsuitable: the Space has no levels.
        """
        if space.levels is None:
            raise Unsuitable("a law of each level needs a Space with levels")
        return _Completed(model, space, space.levels)


@dataclass(frozen=True)
class _Completed(Restorer):
    model: Sequential
    space: Space
    levels: int

    def restore(self, y: Tensor, operator: Operator, draws: int) -> Tensor:
        """As the contract says.

        Raises:
            Unsuitable: the operator mixes entries.
        """
        low, high = (bound.round().long() for bound in operator.bounds(y))  # [N, *shape]
        return torch.stack([self._draw(low, high) for _ in range(draws)], dim=1)

    def _draw(self, low: Tensor, high: Tensor) -> Tensor:
        x, least, most = low.clone(), low.flatten(1), high.flatten(1)
        flat, level = x.view(len(x), -1), torch.arange(self.levels, device=x.device)
        for i in (least < most).any(0).nonzero()[:, 0].tolist():
            allowed = (least[:, i, None] <= level) & (level <= most[:, i, None])  # [N, levels]
            weights = self.model.next(x, i).float().log_softmax(1).masked_fill(~allowed, -torch.inf)
            none = weights.amax(1, keepdim=True).isneginf()  # the model gives what is allowed no weight at all
            weights = torch.where(none & allowed, 0.0, weights)
            flat[:, i] = torch.multinomial(weights.softmax(1), 1)[:, 0]
        return x
