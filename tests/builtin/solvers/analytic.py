"""Models whose answers are known in closed form."""

import torch
from torch import Tensor

from genbench.contracts.model import Denoiser, Latent


class Gaussian(Denoiser):
    """Data x ~ N(mean, spread² I) in [-1, 1]: E[x | x_σ] = (spread² x_σ + σ² mean) / (spread² + σ²)."""

    def __init__(self, mean: float = 0.0, spread: float = 0.5, levels: int = 400) -> None:
        self.mean, self.variance = mean, spread**2
        self.asked: list[float] = []
        self._sigmas = torch.logspace(-3, 1.5, levels)

    @property
    def sigmas(self) -> Tensor:
        return self._sigmas

    def denoise(self, x: Tensor, sigma: Tensor) -> Tensor:
        assert sigma.shape == x.shape[:1]
        self.asked.append(sigma[0].item())
        noise = (sigma**2).view(-1, *[1] * (x.dim() - 1))
        return (self.variance * x + noise * self.mean) / (self.variance + noise)


class Turned(Latent):
    """z is x about the middle of its levels, turned by an angle and scaled: an exact inverse, and no identity."""

    def __init__(self, levels: int | None = 256, scale: float = 0.1, offset: float = 0.0) -> None:
        self.middle, self.scale, self.offset = 0.0 if levels is None else (levels - 1) / 2, scale, offset
        self.turn = torch.tensor([[0.6, 0.8], [-0.8, 0.6]])

    @property
    def latent_dim(self) -> int:
        return 2

    def encode(self, x: Tensor) -> Tensor:
        return (x.float() - self.middle) @ self.turn * self.scale

    def render(self, z: Tensor) -> Tensor:
        return z / self.scale @ self.turn.T + self.middle + self.offset
