"""An autoregressive network: the chain rule over entries, all factors of one masked network."""

import math
from typing import Annotated, ClassVar

import torch
from torch import Tensor, nn

import genbench

LOGS = 20  # points on the training curve


class Masked(nn.Linear):
    """A linear layer some of whose weights are zero.

    Args:
        mask: [after, before] of zeros and ones.
    """

    mask: Tensor

    def __init__(self, mask: Tensor) -> None:
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """[N, before] → [N, after]."""
        return nn.functional.linear(x, self.mask * self.weight, self.bias)


class NewPlugin(genbench.Model, genbench.Density, genbench.Sequential):
    """P(x) = Π_i P(x_i | x_0 … x_{i-1}), each factor a softmax over the levels.

    Hidden unit k has a number m_k and sees the entries up to m_k; the factor of entry i sees units of numbers below i
    (eq. 8 and 9). So one pass gives all factors of a sample that is there, and drawing one takes a pass an entry.

    Args:
        space: integers; entries in their flat order.
        hidden: units in each of two layers.
        lr: Adam's learning rate at the start; it falls to 0 along a cosine.
        batch: samples a step.
    """

    name = "new-plugin"
    family = genbench.Family.AUTOREGRESSIVE
    source = "Germain et al. 2015, https://arxiv.org/abs/1502.03509"
    likelihood = genbench.Likelihood.EXACT
    audit_settings: ClassVar = {"hidden": 64}

    def __init__(
        self,
        space: genbench.Space,
        *,
        hidden: Annotated[int, genbench.Range(8, 4096, log=True)] = 256,
        lr: Annotated[float, genbench.Range(1e-5, 1e-1, log=True)] = 2e-3,
        batch: Annotated[int, genbench.Range(1, 4096, log=True)] = 100,
    ) -> None:
        super().__init__()
        if space.levels is None:
            raise genbench.Unsuitable(f"needs integers, got {space}")
        self.space, self.levels, self.lr, self.batch = space, space.levels, lr, batch
        entry = torch.arange(space.dim)
        unit = torch.arange(hidden) * max(1, space.dim - 1) // hidden  # m_k, spread evenly over 0 … D - 2
        first, second = (unit[:, None] >= entry).float(), (unit[:, None] >= unit).float()
        last = (entry[:, None] > unit).float().repeat_interleave(self.levels, dim=0)  # [D levels, hidden]
        self.net = nn.Sequential(Masked(first), nn.ReLU(), Masked(second), nn.ReLU(), Masked(last))

    def fit(self, data: genbench.TrainingData) -> None:
        optimiser = torch.optim.Adam(self.parameters(), self.lr)
        data.checkpoint(model=self, optimiser=optimiser)
        for x, _ in data.batches(self.batch):
            optimiser.param_groups[0]["lr"] = self.lr * math.cos(math.pi / 2 * data.progress)
            loss = -self.log_prob(x).mean() / self.space.dim
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if data.progress * LOGS >= len(data.curve) + 1:
                data.log(nats_per_dim=loss.item())

    def logits(self, x: Tensor) -> Tensor:
        """int64 [N, D] → [N, D, levels]: row i sees the entries before i."""
        scaled = 2 * x / max(1, self.levels - 1) - 1
        found: Tensor = self.net(scaled)
        return found.view(len(x), self.space.dim, self.levels)

    def log_prob(self, x: Tensor) -> Tensor:
        flat = x.flatten(1)
        return self.logits(flat).log_softmax(2).gather(2, flat[:, :, None]).sum((1, 2))

    def next(self, x: Tensor, i: int) -> Tensor:
        return self.logits(x.flatten(1))[:, i]

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        x = torch.zeros(n, self.space.dim, dtype=torch.int64, device=next(self.parameters()).device)
        for i in range(self.space.dim):
            x[:, i] = torch.multinomial(self.next(x, i).softmax(1), 1)[:, 0]
        return x.view(n, *self.space.shape)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [NewPlugin]
