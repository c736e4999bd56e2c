"""A normalising flow: affine couplings, trained by exact likelihood on dequantised entries."""

import math
from typing import Annotated, ClassVar

import torch
from torch import Tensor, nn

import genbench

LOGS = 20  # points on the training curve
ALPHA = 0.05  # keeps the logit away from 0 and 1


class Coupling(nn.Module):
    """y = b ⊙ x + (1 - b) ⊙ (x ⊙ exp(s(b ⊙ x)) + t(b ⊙ x)), eq. 9; log|∂y/∂x| = Σ s, eq. 6.

    Args:
        b: the mask, [D] of zeros and ones.
        hidden: width of the network that s and t come from; its last layer starts at 0, so that y = x.
    """

    b: Tensor

    def __init__(self, b: Tensor, hidden: int) -> None:
        super().__init__()
        self.register_buffer("b", b, persistent=False)
        inner = nn.Linear(len(b), hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()
        last = nn.Linear(hidden, 2 * len(b))
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.net = nn.Sequential(*inner, last)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """[N, D] → y [N, D] and log|∂y/∂x| [N]."""
        s, t = self.scale_and_shift(x)
        return x * s.exp() + t, s.sum(1)

    def inverse(self, y: Tensor) -> Tensor:
        """The x that `forward` maps to y: the network sees the same unchanged half."""
        s, t = self.scale_and_shift(y)
        return (y - t) * (-s).exp()

    def scale_and_shift(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """s and t of the half that changes, [N, D] each; 0 where the mask is 1."""
        s, t = self.net(self.b * x).chunk(2, dim=1)
        return (1 - self.b) * s.tanh(), (1 - self.b) * t


class NewPlugin(genbench.Model, genbench.Density, genbench.Latent):
    """z = f(logit(α + (1 - 2α) (x + u) / levels)), z ~ N(0, I), u uniform on [0, 1)ᴰ; f is a chain of couplings.

    The density of x + u over the unit cube integrates to the probability of the integer x, so that its logarithm at
    one draw of u is in expectation a lower bound (Theis et al. 2016, https://arxiv.org/abs/1511.01844).

    Args:
        space: two entries or more, two levels or more.
        couplings: the length of the chain; each one leaves the half alone that the one before changed.
        hidden: width of their networks.
        lr: Adam's learning rate at the start; it falls to 0 along a cosine.
        batch: samples a step.
    """

    name = "new-plugin"
    family = genbench.Family.FLOW
    source = "Dinh, Sohl-Dickstein and Bengio 2016, https://arxiv.org/abs/1605.08803"
    likelihood = genbench.Likelihood.LOWER_BOUND
    audit_settings: ClassVar = {"hidden": 32}

    def __init__(
        self,
        space: genbench.Space,
        *,
        couplings: Annotated[int, genbench.Range(2, 64)] = 6,
        hidden: Annotated[int, genbench.Range(8, 4096, log=True)] = 128,
        lr: Annotated[float, genbench.Range(1e-5, 1e-1, log=True)] = 2e-3,
        batch: Annotated[int, genbench.Range(1, 4096, log=True)] = 100,
    ) -> None:
        super().__init__()
        if space.levels is None or space.levels < 2 or space.dim < 2:
            raise genbench.Unsuitable(f"needs two or more integers of two or more levels, got {space}")
        self.space, self.levels, self.lr, self.batch = space, space.levels, lr, batch
        odd = torch.arange(space.dim).remainder(2).float()
        self.f = nn.ModuleList(Coupling(1 - odd if i % 2 else odd, hidden) for i in range(couplings))

    @property
    def latent_dim(self) -> int:
        return self.space.dim

    def fit(self, data: genbench.TrainingData) -> None:
        optimiser = torch.optim.Adam(self.parameters(), self.lr)
        data.checkpoint(model=self, optimiser=optimiser)
        for x, _ in data.batches(self.batch):
            optimiser.param_groups[0]["lr"] = self.lr * math.cos(math.pi / 2 * data.progress)
            loss = -self.log_prob(x).mean() / self.space.dim
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.parameters(), 1.0)
            optimiser.step()
            if data.progress * LOGS >= len(data.curve) + 1:
                data.log(nats_per_dim=loss.item())

    def log_prob(self, x: Tensor) -> Tensor:
        z, log_det = self.latent(x.flatten(1) + torch.rand(len(x), self.space.dim, device=x.device))
        return log_det - 0.5 * (z.square() + math.log(2 * math.pi)).sum(1)

    def latent(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """z [N, D] of real x [N, D] in [0, levels], and log|∂z/∂x| [N]."""
        slope = (1 - 2 * ALPHA) / self.levels
        p = ALPHA + slope * x
        log_p, log_q = p.log(), torch.log1p(-p)
        z, log_det = log_p - log_q, (math.log(slope) - log_p - log_q).sum(1)  # sec. 4.1
        for coupling in self.f:
            z, change = coupling(z)
            log_det = log_det + change
        return z, log_det

    def inverse(self, z: Tensor) -> Tensor:
        """The real x [N, D] that `latent` maps to z; about [0, levels]."""
        for coupling in reversed(self.f):
            assert isinstance(coupling, Coupling)
            z = coupling.inverse(z)
        return (z.sigmoid() - ALPHA) / (1 - 2 * ALPHA) * self.levels

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        x = self.inverse(torch.randn(n, self.space.dim, device=next(self.parameters()).device))
        return x.floor().clamp(0, self.levels - 1).long().view(n, *self.space.shape)

    def encode(self, x: Tensor) -> Tensor:
        return self.latent(x.flatten(1) + 0.5)[0]

    def render(self, z: Tensor) -> Tensor:
        x = self.inverse(z) - 0.5  # a level's width begins at the level itself
        return x.clamp(0, self.levels - 1).view(-1, *self.space.shape)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [NewPlugin]
