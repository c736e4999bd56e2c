"""A mixture of full-covariance Gaussians, fitted by expectation maximisation."""

import math
from typing import Annotated

import torch
from torch import Tensor

import genbench

LARGEST = 2**28  # entries of all covariances: 1 GiB in float32
RELOCATIONS = 10  # steps of k-means before EM


class GaussianMixture(genbench.Model):
    """x = μ_k + L_k z rounded into the Space, k ~ π, z ~ N(0, I).

    EM maximises the likelihood times an inverse Wishart prior about the covariance within clusters of k-means, so
    that components of few rows keep a covariance: Σ_k = (n_k S_k + ν Σ_0) / (n_k + ν).

    Args:
        space: any; real-valued samples stay unrounded.
        components: Gaussians, at most one for every two training rows.
        prior: ν, the rows for which Σ_0 counts.
        steps: of EM, each a pass over the training set; no more than the budget has.
        jitter: share of the mean variance that is added to every variance, so that L_k exists for constant pixels.
    Raises:
        Unsuitable: too many entries for the covariance matrices.
    """

    name = "gaussian-mixture"
    family = genbench.Family.BASELINE
    source = "Fraley and Raftery 2007, https://doi.org/10.1007/s00357-007-0004-5"

    def __init__(
        self,
        space: genbench.Space,
        *,
        components: Annotated[int, genbench.Range(1, 1000, log=True)] = 20,
        prior: Annotated[float, genbench.Range(1e-3, 1e4, log=True)] = 8.0,
        steps: Annotated[int, genbench.Range(1, 1000, log=True)] = 50,
        jitter: Annotated[float, genbench.Range(1e-9, 1, log=True)] = 1e-4,
    ) -> None:
        if components * space.dim**2 > LARGEST:
            raise genbench.Unsuitable(f"{components} covariances over {space.dim} entries are too large")
        super().__init__()
        self.space, self.prior, self.steps, self.jitter = space, prior, steps, jitter
        self.register_buffer("pi", torch.full((components,), 1 / components))
        self.register_buffer("mu", torch.zeros(components, space.dim))
        self.register_buffer("scale_tril", torch.eye(space.dim).repeat(components, 1, 1))

    def fit(self, data: genbench.TrainingData) -> None:
        x = data.train.x[:].flatten(1).double().to(data.device)  # [N, D]
        fitted = started(x, len(self.pi), self.prior, self.jitter)
        for _ in range(min(self.steps, max(1, data.images // len(x)))):
            log_weights = fitted.joint(x)
            data.log(nats=float(log_weights.logsumexp(1).mean()))
            fitted = fitted.maximised(x, log_weights.softmax(1))
        # As they are laid out in memory when they are loaded again: products round by that.
        parts = (fitted.pi, fitted.mu, fitted.scale_tril)
        self.pi, self.mu, self.scale_tril = (part.float().contiguous() for part in parts)

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        chosen = torch.multinomial(self.pi, n, replacement=True)
        z = torch.randn(n, self.space.dim, device=self.mu.device)
        x = torch.empty_like(z)
        for k in chosen.unique().tolist():
            rows = chosen == k
            x[rows] = self.mu[k] + z[rows] @ self.scale_tril[k].T
        x = x.view(n, *self.space.shape)
        return x if self.space.levels is None else x.round().clamp(0, self.space.levels - 1).long()


class Fitted:
    """The parameters between two steps of EM, and its two steps; float64.

    Args:
        pi: [K].
        mu: [K, D].
        scale_tril: [K, D, D].
        sigma_0: [D, D], the covariance that the prior is about.
        prior: ν.
    """

    def __init__(self, pi: Tensor, mu: Tensor, scale_tril: Tensor, sigma_0: Tensor, prior: float) -> None:
        self.pi, self.mu, self.scale_tril, self.sigma_0, self.prior = pi, mu, scale_tril, sigma_0, prior

    def joint(self, x: Tensor) -> Tensor:
        """log π_k N(x; μ_k, Σ_k) of rows [N, D]: [N, K] nats. Its softmax is the E step."""
        columns = []
        for log_pi, mu, tril in zip(self.pi.log(), self.mu, self.scale_tril, strict=True):
            e = torch.linalg.solve_triangular(tril, (x - mu).T, upper=False)  # [D, N]
            columns.append(log_pi - tril.diagonal().log().sum() - 0.5 * e.square().sum(0))
        return torch.stack(columns, dim=1) - x.shape[1] / 2 * math.log(2 * math.pi)

    def maximised(self, x: Tensor, r: Tensor) -> "Fitted":
        """The M step under responsibilities r [N, K]."""
        n_k = r.sum(0).clamp(min=1e-9)
        mu = r.T @ x / n_k[:, None]
        tril = torch.empty_like(self.scale_tril)
        for k in range(len(n_k)):
            within = x - mu[k]
            scatter = (r[:, k, None] * within).T @ within
            tril[k] = torch.linalg.cholesky((scatter + self.prior * self.sigma_0) / (n_k[k] + self.prior))
        return Fitted(n_k / n_k.sum(), mu, tril, self.sigma_0, self.prior)

    def objective(self, x: Tensor) -> float:
        """What EM raises at every step: the log-likelihood of x and the log-density of the prior, but for constants."""
        log_det = 2 * self.scale_tril.diagonal(dim1=1, dim2=2).log().sum(1)
        trace = torch.stack([torch.cholesky_solve(self.sigma_0, tril).trace() for tril in self.scale_tril])
        return float(self.joint(x).logsumexp(1).sum() - self.prior / 2 * (log_det + trace).sum())


def started(x: Tensor, components: int, prior: float, jitter: float) -> Fitted:
    """Clusters of rows x [N, D] by k-means from distant rows (k-means++), as the first parameters."""
    components = min(components, max(1, len(x) // 2))
    centres = x[torch.randint(len(x), (1,), device=x.device)]
    while len(centres) < components:
        squared = torch.cdist(x, centres).min(1).values.square() + 1e-12
        centres = torch.cat([centres, x[torch.multinomial(squared, 1)]])
    for _ in range(RELOCATIONS):
        r = torch.nn.functional.one_hot(torch.cdist(x, centres).argmin(1), components).to(x.dtype)
        centres = torch.where(r.sum(0)[:, None] > 0, r.T @ x / r.sum(0).clamp(min=1)[:, None], centres)
    within = x - r @ centres
    sigma_0 = within.T @ within / len(x)
    floor = jitter * max(x.var(0, correction=0).mean().item(), 1e-12)
    sigma_0 = sigma_0 + floor * torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
    scale_tril = torch.linalg.cholesky(sigma_0).expand(components, -1, -1)
    return Fitted(r.mean(0).clamp(min=1e-9), centres, scale_tril, sigma_0, prior)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this plugin."""
    return [GaussianMixture]
