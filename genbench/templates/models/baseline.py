"""Probabilistic PCA: a Gaussian whose covariance is a few directions and noise, fitted in closed form."""

from typing import Annotated

import torch
from torch import Tensor

import genbench


class NewPlugin(genbench.Model, genbench.Latent):
    """x = W z + μ + ε, z ~ N(0, I), ε ~ N(0, σ² I), rounded: what a network has to beat.

    The likelihood is largest where W holds the leading eigenvectors of the covariance, each scaled by √(λ - σ²), and σ²
    is the mean of the eigenvalues that are left (eq. 7 and 8 of the paper).

    Args:
        space: at least two entries.
        latent: entries of z, fewer than a sample has.
    """

    name = "new-plugin"
    family = genbench.Family.BASELINE
    source = "Tipping and Bishop 1999, https://doi.org/10.1111/1467-9868.00196"
    W: Tensor  # [D, latent]
    mu: Tensor  # [D]
    sigma2: Tensor  # []

    def __init__(self, space: genbench.Space, *, latent: Annotated[int, genbench.Range(1, 512, log=True)] = 16) -> None:
        super().__init__()
        if space.dim < 2:
            raise genbench.Unsuitable(f"needs at least two entries, got {space}")
        self.space, self.latent = space, min(latent, space.dim - 1)
        self.register_buffer("W", torch.zeros(space.dim, self.latent))
        self.register_buffer("mu", torch.zeros(space.dim))
        self.register_buffer("sigma2", torch.ones(()))

    @property
    def latent_dim(self) -> int:
        return self.latent

    def fit(self, data: genbench.TrainingData) -> None:
        x = data.train.x[:].flatten(1).double()  # [N, D]
        value, vector = torch.linalg.eigh(x.T.cov())  # ascending
        sigma2 = value[: -self.latent].mean().clamp(min=1e-6)
        scale = (value[-self.latent :] - sigma2).clamp(min=0).sqrt()
        self.W.copy_(vector[:, -self.latent :] * scale)
        self.mu.copy_(x.mean(0))
        self.sigma2.copy_(sigma2)

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        z = torch.randn(n, self.latent, device=self.mu.device)
        x = z @ self.W.T + self.mu + self.sigma2.sqrt() * torch.randn(n, self.space.dim, device=self.mu.device)
        x = x.view(n, *self.space.shape)
        return x if self.space.levels is None else x.round().clamp(0, self.space.levels - 1).long()

    def encode(self, x: Tensor) -> Tensor:
        """The mean of p(z|x) = N(M⁻¹ Wᵀ (x - μ), σ² M⁻¹) with M = Wᵀ W + σ² I, sec. 3.1."""
        M = self.W.T @ self.W + self.sigma2 * torch.eye(self.latent, device=self.mu.device)
        z: Tensor = torch.linalg.solve(M, self.W.T @ (x.flatten(1).float() - self.mu).T)
        return z.T

    def render(self, z: Tensor) -> Tensor:
        x = (z @ self.W.T + self.mu).view(-1, *self.space.shape)
        return x if self.space.levels is None else x.clamp(0, self.space.levels - 1)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [NewPlugin]
