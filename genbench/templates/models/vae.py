"""A variational autoencoder: two small networks, and a discretised logistic at each entry."""

import math
from typing import Annotated, ClassVar

import torch
from torch import Tensor, nn

import genbench

LOGS = 20  # points on the training curve


def network(before: int, hidden: int, after: int) -> nn.Sequential:
    """[N, before] → [N, after], with two hidden layers."""
    inner = nn.Linear(before, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU()
    return nn.Sequential(*inner, nn.Linear(hidden, after))


class NewPlugin(genbench.Model, genbench.Density, genbench.Latent):
    """p(x) = ∫ p(x|z) N(z; 0, I) dz, trained on the bound E_q log p(x|z) - KL(q(z|x) | N(0, I)).

    Each entry of p(x|z) is a logistic of its own mean and scale, rounded to the levels; the outermost ones take the
    tails (Salimans et al. 2017, eq. 2, https://arxiv.org/abs/1701.05517). A sample is drawn from p(x|z), pixel noise
    and all: the law that the bound speaks of.

    Args:
        space: two levels or more.
        latent: entries of z.
        hidden: width of the networks.
        lr: Adam's learning rate at the start; it falls to 0 along a cosine.
        batch: samples a step.
    """

    name = "new-plugin"
    family = genbench.Family.VAE
    source = "Kingma and Welling 2013, https://arxiv.org/abs/1312.6114"
    likelihood = genbench.Likelihood.LOWER_BOUND
    audit_settings: ClassVar = {"latent": 2, "hidden": 32}

    def __init__(
        self,
        space: genbench.Space,
        *,
        latent: Annotated[int, genbench.Range(1, 1024, log=True)] = 16,
        hidden: Annotated[int, genbench.Range(8, 4096, log=True)] = 256,
        lr: Annotated[float, genbench.Range(1e-5, 1e-1, log=True)] = 2e-3,
        batch: Annotated[int, genbench.Range(1, 4096, log=True)] = 100,
    ) -> None:
        super().__init__()
        if space.levels is None or space.levels < 2:
            raise genbench.Unsuitable(f"needs integers of two or more levels, got {space}")
        self.space, self.latent, self.lr, self.batch, self.top = space, latent, lr, batch, space.levels - 1
        self.encoder = network(space.dim, hidden, 2 * latent)
        self.decoder = network(latent, hidden, 2 * space.dim)

    @property
    def latent_dim(self) -> int:
        return self.latent

    def fit(self, data: genbench.TrainingData) -> None:
        optimiser = torch.optim.Adam(self.parameters(), self.lr)
        data.checkpoint(model=self, optimiser=optimiser)
        for x, _ in data.batches(self.batch):
            optimiser.param_groups[0]["lr"] = self.lr * math.cos(math.pi / 2 * data.progress)
            loss = -self.bound(x).mean() / self.space.dim
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if data.progress * LOGS >= len(data.curve) + 1:
                data.log(nats_per_dim=loss.item())

    def bound(self, x: Tensor) -> Tensor:
        """The evidence lower bound at one draw of z ~ q(z|x), [N] nats."""
        mu, log_sigma = self.posterior(x)
        z = mu + log_sigma.exp() * torch.randn_like(mu)
        kl = 0.5 * (mu.square() + (2 * log_sigma).exp() - 1 - 2 * log_sigma).sum(1)  # appendix B
        return self.log_mass(x.flatten(1), z).sum(1) - kl

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """μ and log σ of q(z|x), [N, latent] each."""
        mu, log_sigma = self.encoder(2 * x.flatten(1) / self.top - 1).chunk(2, dim=1)
        return mu, log_sigma.clamp(-7, 3)

    def logistics(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """The mean, in levels, and the logarithm of the scale of each entry, [N, D] each."""
        mean, log_scale = self.decoder(z).chunk(2, dim=1)
        return (mean + 1) / 2 * self.top, log_scale.clamp(-5, 3) + math.log((self.top + 1) / 8)

    def log_mass(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x|z) of each entry, int64 [N, D] → [N, D]: σ((x + ½ - m)/s) - σ((x - ½ - m)/s), without lost digits."""
        mean, log_scale = self.logistics(z)
        rate = (-log_scale).exp()
        below = nn.functional.logsigmoid((x + 0.5 - mean) * rate)
        above = nn.functional.logsigmoid((mean - x + 0.5) * rate)
        inside = below + above + torch.log(-torch.expm1(-rate))
        return torch.where(x == 0, below, torch.where(x == self.top, above, inside))

    def log_prob(self, x: Tensor) -> Tensor:
        return self.bound(x)

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        device = next(self.parameters()).device
        mean, log_scale = self.logistics(torch.randn(n, self.latent, device=device))
        u = torch.rand_like(mean).clamp(1e-6, 1 - 1e-6)
        x = mean + log_scale.exp() * torch.logit(u)
        return x.round().clamp(0, self.top).long().view(n, *self.space.shape)

    def encode(self, x: Tensor) -> Tensor:
        return self.posterior(x)[0]

    def render(self, z: Tensor) -> Tensor:
        return self.logistics(z)[0].clamp(0, self.top).view(-1, *self.space.shape)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [NewPlugin]
