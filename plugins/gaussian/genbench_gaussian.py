"""A full-covariance Gaussian fitted by maximum likelihood: what any deep model has to beat."""

import math
from typing import Annotated

import torch
from torch import Tensor

import genbench

LARGEST = 16_384  # entries in a sample: the covariance then takes 1 GiB


def box_muller(n: int, d: int, device: torch.device) -> Tensor:
    """Independent standard normals made of uniforms, two of each: r = √(-2 ln u₁), z = (r cos 2πu₂, r sin 2πu₂).

    Args:
        n, d: rows and columns.
        device: where the uniforms are drawn.
    Returns:
        [n, d] float32; |z| stays below 5.8, since u₁ is a multiple of 2⁻²⁴.
    Source: Box and Muller 1958, https://doi.org/10.1214/aoms/1177706645
    """
    u1, u2 = torch.rand(2, n, (d + 1) // 2, device=device)  # [n, ⌈d/2⌉] each, in [0, 1)
    r, angle = (-2 * torch.log1p(-u1)).sqrt(), 2 * math.pi * u2  # 1 - u₁ is as uniform, and never 0
    return torch.cat([r * angle.cos(), r * angle.sin()], dim=1)[:, :d]


class Gaussian(genbench.Model, genbench.Restorer):
    """x = μ + L z rounded into the Space, z ~ N(0, I), with μ and L Lᵀ the training set's mean and covariance.

    Given y = A x it restores x by exact draws of its posterior, before they are rounded and brought into range.

    Args:
        space: any; real-valued samples stay unrounded.
        jitter: share of the mean variance that is added to every variance, so that L exists for constant pixels.
    Raises:
        Unsuitable: a sample has too many entries for a covariance matrix.
    """

    name = "gaussian"
    family = genbench.Family.BASELINE
    source = "Bishop, Pattern Recognition and Machine Learning, 2006, sec. 2.3.4"

    def __init__(
        self, space: genbench.Space, *, jitter: Annotated[float, genbench.Range(1e-9, 1, log=True)] = 1e-4
    ) -> None:
        if space.dim > LARGEST:
            raise genbench.Unsuitable(f"a covariance over {space.dim} entries is too large: at most {LARGEST}")
        super().__init__()
        self.space, self.jitter = space, jitter
        self.register_buffer("mu", torch.zeros(space.dim))
        self.register_buffer("scale_tril", torch.eye(space.dim))

    def fit(self, data: genbench.TrainingData) -> None:
        x = data.train.x[:].flatten(1).double()  # [N, D]
        cov = torch.atleast_2d(x.T.cov(correction=0))
        cov.diagonal().add_(self.jitter * max(cov.diagonal().mean().item(), 1e-12))
        self.mu.copy_(x.mean(0))
        self.scale_tril.copy_(torch.linalg.cholesky(cov))

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return self._settled(self._drawn(n))

    def restore(self, y: Tensor, operator: genbench.Operator, draws: int) -> Tensor:
        """x + K (y - A x) for draws x of the prior, K = Σ Aᵀ (A Σ Aᵀ)⁺: exactly p(x | y), by Matheron's rule.

        Raises:
            Unsuitable: the operator is not linear.
        Source: Wilson et al. 2020, theorem 1, https://arxiv.org/abs/2002.09309
        """
        if not isinstance(operator, genbench.LinearOperator):
            raise genbench.Unsuitable(f"a Gaussian's posterior is one where A is linear, which {operator.name} is not")
        basis = torch.eye(self.space.dim, dtype=torch.float64, device=y.device).view(-1, *self.space.shape)
        a = operator.measure(basis).flatten(1).T  # [M, D]
        cross = self.scale_tril.double() @ (a @ self.scale_tril.double()).T  # Σ Aᵀ, [D, M]
        gain = cross @ torch.linalg.pinv(a @ cross, hermitian=True)  # K, [D, M]
        x = self._drawn(len(y) * draws).double()
        told = y.double().flatten(1).repeat_interleave(draws, 0)
        x = (x + (told - x @ a.T) @ gain.T).view(-1, *self.space.shape)
        return operator.agreeing(x, told.view(-1, *operator.shape)).unflatten(0, (len(y), draws))

    def _drawn(self, n: int) -> Tensor:
        """Draws that are not rounded, [n, D]."""
        return self.mu + box_muller(n, self.space.dim, self.mu.device) @ self.scale_tril.T

    def _settled(self, x: Tensor) -> Tensor:
        """Rows [n, D] as samples [n, *shape]."""
        x = x.view(-1, *self.space.shape)
        return x.float() if self.space.levels is None else x.round().clamp(0, self.space.levels - 1).long()


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this plugin."""
    return [Gaussian]
