"""A generative adversarial network: a generator, and a discriminator that it learns to deceive."""

from typing import Annotated

import torch
from torch import Tensor, nn

import genbench

LOGS = 20  # points on the training curve


def network(before: int, hidden: int, after: int) -> nn.Sequential:
    """[N, before] → [N, after], with two hidden layers."""
    inner = nn.Linear(before, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, hidden), nn.LeakyReLU(0.2)
    return nn.Sequential(*inner, nn.Linear(hidden, after))


class NewPlugin(genbench.Model, genbench.Decoder):
    """x = G(z), z ~ N(0, I), rounded, with G trained against a discriminator D.

    D maximises log σ(D(x)) + log σ(-D(G(z))), and G maximises log σ(D(G(z))): the form of section 3 that does not
    saturate. The penalty γ/2 E|∇D(x)|² on real samples makes the game settle (Mescheder et al. 2018, eq. 9,
    https://arxiv.org/abs/1801.04406). Noise as wide as a level hides from D that real samples are integers.

    Args:
        space: two levels or more.
        latent: entries of z.
        hidden: width of both networks.
        penalty: γ.
        lr: Adam's learning rate; it falls linearly to 0 over the second half.
        batch: samples a step.
    """

    name = "new-plugin"
    family = genbench.Family.GAN
    source = "Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661"

    def __init__(
        self,
        space: genbench.Space,
        *,
        latent: Annotated[int, genbench.Range(1, 1024, log=True)] = 32,
        hidden: Annotated[int, genbench.Range(8, 4096, log=True)] = 256,
        penalty: Annotated[float, genbench.Range(0.0, 100.0)] = 1.0,
        lr: Annotated[float, genbench.Range(1e-5, 1e-1, log=True)] = 1e-3,
        batch: Annotated[int, genbench.Range(2, 4096, log=True)] = 100,
    ) -> None:
        super().__init__()
        if space.levels is None or space.levels < 2:
            raise genbench.Unsuitable(f"needs integers of two or more levels, got {space}")
        self.space, self.latent, self.penalty, self.top = space, latent, penalty, space.levels - 1
        self.lr, self.batch = lr, batch
        self.G, self.D = network(latent, hidden, space.dim), network(space.dim, hidden, 1)

    def fit(self, data: genbench.TrainingData) -> None:
        optimisers = [torch.optim.Adam(net.parameters(), self.lr, betas=(0.0, 0.99)) for net in (self.D, self.G)]
        data.checkpoint(model=self, of_D=optimisers[0], of_G=optimisers[1])
        for x, _ in data.batches(self.batch):
            for optimiser in optimisers:
                optimiser.param_groups[0]["lr"] = self.lr * min(1.0, 2 - 2 * data.progress)
            real, fake = 2 * x.flatten(1) / self.top - 1, self.drawn(len(x))
            d_loss = self.descend(optimisers[0], self.discriminator_loss(real, fake.detach()))
            g_loss = self.descend(optimisers[1], nn.functional.softplus(-self.judged(fake)).mean())
            if data.progress * LOGS >= len(data.curve) + 1:
                data.log(discriminator_nats=d_loss, generator_nats=g_loss)

    @staticmethod
    def descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> float:
        """One step down a loss, which is returned."""
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss.item()

    def discriminator_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        """-log σ(D(x)) - log σ(-D(G(z))) and the penalty, of [N, D] each in [-1, 1]."""
        real = real.requires_grad_()
        judged = self.judged(real)
        loss = nn.functional.softplus(-judged).mean() + nn.functional.softplus(self.judged(fake)).mean()
        (gradient,) = torch.autograd.grad(judged.sum(), real, create_graph=True)
        return loss + self.penalty / 2 * gradient.square().sum(1).mean()

    def judged(self, x: Tensor) -> Tensor:
        """D of x [N, D] under noise as wide as a level: logits [N, 1] that it is real."""
        logits: Tensor = self.D(x + (2 * torch.rand_like(x) - 1) / self.top)
        return logits

    def drawn(self, n: int) -> Tensor:
        """G(z) of n draws, [n, D] in (-1, 1)."""
        x: Tensor = self.G(torch.randn(n, self.latent, device=next(self.parameters()).device))
        return x.tanh()

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        x = (self.drawn(n) + 1) / 2 * self.top
        return x.round().clamp(0, self.top).long().view(n, *self.space.shape)

    @property
    def latent_dim(self) -> int:
        return self.latent

    def render(self, z: Tensor) -> Tensor:
        x: Tensor = self.G(z).tanh()
        return ((x + 1) / 2 * self.top).view(-1, *self.space.shape)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [NewPlugin]
