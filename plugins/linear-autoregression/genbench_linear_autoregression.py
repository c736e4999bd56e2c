"""A linear autoregression over pixels: the exact likelihood that any deep density has to beat."""

from typing import Annotated

import torch
from torch import Tensor

import genbench

LARGEST = 16_384  # entries in a sample: its square then takes 1 GiB
WIDEST = 2.0  # the largest factor by which a deviation is multiplied, in the search on valid
STEPS = 21  # of that search


class LinearAutoregression(genbench.Model, genbench.Density, genbench.Sequential):
    """P(x) = Π_d P(x_d | x_<d): a normal law about a linear function of the entries before, discretised.

    P(v | x_<d) = (1 - ε) [Φ((v + ½ - m_d)/σ_d) - Φ((v - ½ - m_d)/σ_d)] + ε/levels, where the lowest level's interval
    begins at -∞ and the highest one's ends at ∞, so that it sums to 1 exactly. m_d is fitted by ridge regression.

    Args:
        space: integers.
        ridge: added to each variance of the regression, in squared levels.
        uniform: ε.
    Raises:
        Unsuitable: real numbers, or too many entries.
    """

    name = "linear-autoregression"
    family = genbench.Family.BASELINE
    source = "Theis, Hosseini and Bethge 2012, sec. 2.1, https://doi.org/10.1371/journal.pone.0039857"

    def __init__(
        self,
        space: genbench.Space,
        *,
        ridge: Annotated[float, genbench.Range(1e-3, 10, log=True)] = 0.1,
        uniform: Annotated[float, genbench.Range(1e-6, 0.5, log=True)] = 0.01,
    ) -> None:
        if space.levels is None:
            raise genbench.Unsuitable(f"linear-autoregression needs integer levels, got {space}")
        if space.dim > LARGEST:
            raise genbench.Unsuitable(f"a regression over {space.dim} entries is too large: at most {LARGEST}")
        super().__init__()
        self.space, self.ridge, self.uniform = space, ridge, uniform
        self.register_buffer("weight", torch.zeros(space.dim, space.dim, dtype=torch.float64))  # strictly lower
        self.register_buffer("bias", torch.zeros(space.dim, dtype=torch.float64))
        self.register_buffer("sigma", torch.ones(space.dim, dtype=torch.float64))

    @property
    def likelihood(self) -> genbench.Likelihood:
        return genbench.Likelihood.EXACT

    def fit(self, data: genbench.TrainingData) -> None:
        x = data.train.x[:].flatten(1).double()  # [N, D]
        mu, cov = x.mean(0), torch.atleast_2d(x.T.cov(correction=0))
        cov = cov + self.ridge * torch.eye(len(mu), dtype=x.dtype)
        # With cov = L Lᵀ, e = diag(L) L⁻¹ (x - mu) are the residuals of each entry on those before it.
        scale = torch.linalg.cholesky(cov)
        unit = scale.diagonal()[:, None] * torch.linalg.inv(scale)
        self.weight.copy_(torch.eye(len(mu), dtype=x.dtype) - unit)
        self.bias.copy_(mu - self.weight @ mu)
        self.sigma.copy_(scale.diagonal())
        self._widen(data.valid.x[:])

    def _widen(self, valid: Tensor) -> None:
        """Multiply all deviations by the factor under which the valid rows are most probable."""
        fitted = self.sigma.clone()
        factors = torch.linspace(0.5, WIDEST, STEPS).tolist()

        def likely(factor: float) -> float:
            self.sigma.copy_(fitted * factor)
            return float(self.log_prob(valid).mean())

        self.sigma.copy_(fitted * max(factors, key=likely))

    def log_prob(self, x: Tensor) -> Tensor:
        rows = x.flatten(1).double()
        return self._log_p(rows, self.bias + rows @ self.weight.T, self.sigma).sum(1)

    def next(self, x: Tensor, i: int) -> Tensor:
        m = self.bias[i] + x.flatten(1)[:, :i].double() @ self.weight[i, :i]  # [N]
        every = torch.arange(self.space.levels or 1, dtype=torch.float64, device=m.device)  # [levels]
        return self._log_p(every, m[:, None], self.sigma[i])

    def _log_p(self, values: Tensor, m: Tensor, sigma: Tensor) -> Tensor:
        """log P(v | x_<d) of values under means m and deviations sigma, of shapes that broadcast."""
        top = (self.space.levels or 1) - 1
        low = torch.where(values == 0, -torch.inf, (values - 0.5 - m) / sigma)
        high = torch.where(values == top, torch.inf, (values + 0.5 - m) / sigma)
        right = low > 0  # there both tails are taken from above, where they are small and exact
        first, second = torch.where(right, -high, low), torch.where(right, -low, high)
        inside = torch.special.ndtr(second) - torch.special.ndtr(first)
        mixed = (1 - self.uniform) * inside + self.uniform / (top + 1)
        return mixed.log()

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        levels, dim = self.space.levels or 1, self.space.dim
        x = torch.zeros(n, dim, dtype=torch.float64, device=self.bias.device)
        z = torch.randn(dim, n, dtype=torch.float64, device=x.device)
        anywhere = torch.randint(levels, (dim, n), device=x.device)
        stray = torch.rand(dim, n, device=x.device) < self.uniform
        for d in range(dim):
            value = (self.bias[d] + x[:, :d] @ self.weight[d, :d] + self.sigma[d] * z[d]).round().clamp(0, levels - 1)
            x[:, d] = torch.where(stray[d], anywhere[d], value)
        return x.long().view(n, *self.space.shape)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this plugin."""
    return [LinearAutoregression]
