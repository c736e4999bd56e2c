"""A plain autoencoder whose decoder is fed N(0, I): what a VAE is without its noise and its prior, and no model."""

from typing import Annotated

import torch
from torch import Tensor, nn

import genbench

LOGS = 20  # points on the training curve


class Autoencoder(genbench.Model, genbench.Latent):
    """z = E(x), x ≈ D(z), by least squares; samples are D(z) of z ~ N(0, I).

    This is the VAE's loss with the weight of the KL term 0 and the posterior's σ 0. Nothing makes the codes of images
    normal, of any scale, or without holes, so what the decoder makes of normal vectors is not a law that was fitted:
    it rebuilds images and draws none. It is on the board to tell what the prior is worth.

    Args:
        space: any.
        latent: entries of z.
        hidden: width of the two hidden layers.
        lr: Adam's learning rate at the start; it falls to 0 along a line.
        batch: rows a step.
        epochs: passes over the training set at most, within the budget.
    """

    name = "autoencoder"
    family = genbench.Family.BASELINE
    source = "Hinton and Salakhutdinov 2006, https://doi.org/10.1126/science.1127647"

    def __init__(
        self,
        space: genbench.Space,
        *,
        latent: Annotated[int, genbench.Range(1, 1024, log=True)] = 16,
        hidden: Annotated[int, genbench.Range(4, 4096, log=True)] = 256,
        lr: Annotated[float, genbench.Range(1e-5, 1e-1, log=True)] = 1e-3,
        batch: Annotated[int, genbench.Range(1, 4096, log=True)] = 64,
        epochs: Annotated[int, genbench.Range(1, 100_000, log=True)] = 100,
    ) -> None:
        super().__init__()
        self.space, self.latent, self.lr, self.batch, self.epochs = space, latent, lr, batch, epochs
        self.encoder = nn.Sequential(
            nn.Linear(space.dim, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, latent)
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, space.dim)
        )
        self.register_buffer("mean", torch.zeros(space.dim))
        self.register_buffer("scale", torch.ones(()))  # the deviation of all entries about their means

    @property
    def latent_dim(self) -> int:
        return self.latent

    def fit(self, data: genbench.TrainingData) -> None:
        rows = data.train.x[:].flatten(1).float()
        self.mean.copy_(rows.mean(0))
        self.scale.copy_((rows - rows.mean(0)).square().mean().sqrt().clamp(min=1e-6))
        most = min(data.images, self.epochs * len(data.train))
        optimiser = torch.optim.Adam(self.parameters(), self.lr)
        data.checkpoint(model=self, optimiser=optimiser)
        for x, _ in data.batches(self.batch, most=most):
            optimiser.param_groups[0]["lr"] = self.lr * (1 - data.progress_to(most))
            v = self._standardised(x)
            loss = (self.decoder(self.encoder(v)) - v).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if data.progress_to(most) * LOGS >= len(data.curve) + 1:
                data.log(squared_error=loss.item())

    def _standardised(self, x: Tensor) -> Tensor:
        """Samples [N, *shape] → float32 [N, D] of mean 0, and of variance 1 over all entries."""
        return (x.flatten(1) - self.mean) / self.scale

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        x = self.render(torch.randn(n, self.latent, device=self.mean.device))
        return x if self.space.levels is None else x.round().long()

    def encode(self, x: Tensor) -> Tensor:
        return self.encoder(self._standardised(x))

    def render(self, z: Tensor) -> Tensor:
        x = (self.mean + self.scale * self.decoder(z)).view(-1, *self.space.shape)
        return x if self.space.levels is None else x.clamp(0, self.space.levels - 1)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this plugin."""
    return [Autoencoder]
