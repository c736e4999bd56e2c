"""One Gaussian for each class: what any model that claims to know classes has to beat."""

from typing import Annotated

import torch
from torch import Tensor

import genbench

LARGEST = 2**28  # entries of all covariances: 1 GiB in float32


class ClassGaussians(genbench.Model, genbench.Classifier, genbench.Conditional):
    """x = μ_y + L_y z rounded into the Space, z ~ N(0, I), with L_y L_yᵀ = (1 - λ) Σ_y + λ Σ, Σ within all classes.

    Args:
        space: any with classes; real-valued samples stay unrounded.
        shrinkage: λ, the weight of the covariance that all classes share.
        jitter: share of the mean variance that is added to every variance, so that L_y exists for constant pixels.
    Raises:
        Unsuitable: there are no classes, or too many entries for their covariance matrices.
    """

    name = "class-gaussians"
    family = genbench.Family.BASELINE
    source = "Friedman, Regularized discriminant analysis, 1989, eq. 16, https://doi.org/10.1080/01621459.1989.10478752"

    def __init__(
        self,
        space: genbench.Space,
        *,
        shrinkage: Annotated[float, genbench.Range(0, 1)] = 0.1,
        jitter: Annotated[float, genbench.Range(1e-9, 1, log=True)] = 1e-4,
    ) -> None:
        if space.classes is None:
            raise genbench.Unsuitable("needs classes, a Gaussian for each")
        if space.classes * space.dim**2 > LARGEST:
            raise genbench.Unsuitable(f"{space.classes} covariances over {space.dim} entries are too large")
        super().__init__()
        self.space, self.shrinkage, self.jitter = space, shrinkage, jitter
        self.register_buffer("mu", torch.zeros(space.classes, space.dim))
        self.register_buffer("scale_tril", torch.eye(space.dim).repeat(space.classes, 1, 1))
        # The share of each class in the training set.
        self.register_buffer("share", torch.full((space.classes,), 1 / space.classes))

    def fit(self, data: genbench.TrainingData) -> None:
        x, y = data.train.x[:].flatten(1).double(), data.train.y[:]  # [N, D], [N]
        counts = torch.bincount(y, minlength=len(self.share))
        means = torch.zeros(len(counts), x.shape[1], dtype=x.dtype).index_add_(0, y, x) / counts.clamp(min=1)[:, None]
        within = x - means[y]
        pooled = within.T @ within / len(x)
        floor = self.jitter * max(pooled.diagonal().mean().item(), 1e-12) * torch.eye(x.shape[1], dtype=x.dtype)
        self.share.copy_(counts / len(x))
        self.mu.copy_(means)
        for label in range(len(counts)):
            own = within[y == label]
            cov = own.T @ own / max(len(own), 1)
            mixed = (1 - self.shrinkage) * cov + self.shrinkage * pooled + floor
            self.scale_tril[label] = torch.linalg.cholesky(mixed)

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        y = torch.multinomial(self.share, n, replacement=True) if labels is None else labels
        z = torch.randn(n, self.space.dim, device=self.mu.device)
        x = torch.empty_like(z)
        for label in y.unique().tolist():
            rows = y == label
            x[rows] = self.mu[label] + z[rows] @ self.scale_tril[label].T
        x = x.view(n, *self.space.shape)
        return x if self.space.levels is None else x.round().clamp(0, self.space.levels - 1).long()

    def posterior(self, x: Tensor) -> Tensor:
        """log p(y) N(x; μ_y, L_y L_yᵀ) of real x, discriminant analysis: what rounding does to it is left out."""
        apart = x.flatten(1).double() - self.mu.double()[:, None]  # [classes, N, D]
        z = torch.linalg.solve_triangular(self.scale_tril.double(), apart.mT, upper=False)
        log_det = self.scale_tril.double().diagonal(dim1=1, dim2=2).log().sum(1)
        return (-z.square().sum(1) / 2 - log_det[:, None]).T + self.share.log()


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this plugin."""
    return [ClassGaussians]
