"""The Gaussian's restorations are exact draws of its posterior, and the scores of restorations say so."""

import math

import numpy as np
import pytest
import torch
from genbench_gaussian import Gaussian

from genbench.builtin.metrics.crps import RankedProbability
from genbench.builtin.metrics.energy import Energy
from genbench.builtin.metrics.posterior_ratio import PosteriorRatio
from genbench.builtin.metrics.psnr import DrawRatio, MeanRatio
from genbench.builtin.metrics.rank_distance import RankDistance
from genbench.builtin.operators import OPERATORS
from genbench.contracts.evidence import Evidence
from genbench.contracts.operator import LinearOperator
from genbench.errors import Unsuitable
from genbench.records.space import Space

SPACE = Space((1, 4, 4), levels=100_001)  # a level is a thousandth of a deviation and less
LINEAR = sorted(
    name
    for name, operator in OPERATORS.items()
    if issubclass(operator, LinearOperator) and name not in ("colour", "prefix")
)


@pytest.fixture(scope="module")
def model() -> Gaussian:
    torch.manual_seed(0)
    model = Gaussian(SPACE)
    half = torch.randn(16, 16) * 1500
    model.mu.copy_(50_000 + 3000 * torch.randn(16))
    model.scale_tril.copy_(torch.linalg.cholesky(half @ half.T + 1e5 * torch.eye(16)))
    return model


def known(model, operator, y) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and covariance of x given y, by conditioning on what A tells in a basis of its rows."""
    basis = torch.eye(16, dtype=torch.float64).view(16, *SPACE.shape)
    a = operator.measure(basis).flatten(1).T
    _, values, rows = torch.linalg.svd(a, full_matrices=False)
    rows = rows[values > 1e-9]  # [rank, 16]: y tells rows @ x
    told = rows @ operator.inverse(y.double()).flatten()
    mu, cov = model.mu.double(), model.scale_tril.double() @ model.scale_tril.double().T
    gain = torch.linalg.solve(rows @ cov @ rows.T, rows @ cov).T
    return mu + gain @ (told - rows @ mu), cov - gain @ rows @ cov


@pytest.mark.parametrize("name", LINEAR)
def test_draws_have_the_mean_and_the_covariance_of_the_posterior(model, name):
    torch.manual_seed(1)
    operator, n = OPERATORS[name](SPACE), 20_000
    y = operator.measure(model.sample(1).float())
    x = model.restore(y, operator, n)[0].flatten(1).double()
    mean, cov = known(model, operator, y[0][None])
    spread = cov.diagonal().clamp(min=0).sqrt()
    assert ((x.mean(0) - mean).abs() <= 5 * spread / math.sqrt(n) + 1).all()  # one level of rounding
    assert ((x.T.cov() - cov).abs() <= 0.05 * spread.max() ** 2 + 1).all()


@pytest.mark.parametrize("name", LINEAR)
def test_the_scores_find_its_restorations_of_its_own_samples_to_be_the_exact_law(model, name):
    torch.manual_seed(2)
    operator, x, k = OPERATORS[name](SPACE), model.sample(3000), 8
    y = operator.measure(x.float())
    hidden = operator.hidden(y).numpy()
    exact = model.restore(y, operator, k).numpy()
    mean = exact.mean(1, keepdims=True).repeat(k, axis=1)

    def score(metric, draws):
        own = Evidence(SPACE, draws[:, 0], answers=draws, key={"x": x.numpy(), "hidden": hidden})
        return metric().score(own).value

    assert score(PosteriorRatio, exact) == pytest.approx(1, abs=0.02)
    assert score(RankDistance, exact) < 0.02
    assert score(RankDistance, mean) > 0.3
    _, cov = known(model, operator, y[:1])
    each = cov.diagonal().clamp(min=0).sqrt().numpy()  # CRPS of N(0, s²) is s / √π
    assert score(RankedProbability, exact) == pytest.approx(
        np.average(each, weights=hidden[0].ravel()) / math.sqrt(math.pi), rel=0.03
    )
    # Two draws of a law are √2 of its deviation apart, and the energy of the law itself is half of that.
    root = torch.linalg.eigh(cov)
    spread = root.eigenvectors * root.eigenvalues.clamp(min=0).sqrt()  # spread spreadᵀ = Cov(x | y)
    apart = (torch.randn(200_000, 16, dtype=torch.float64) @ spread.T).norm(dim=1).mean().item()
    assert score(Energy, exact) == pytest.approx(apart / math.sqrt(2), rel=0.02)
    shifted = exact + np.rint(0.5 * each).astype(np.int64).reshape(1, 1, *SPACE.shape)
    for metric in (Energy, RankedProbability):
        assert score(metric, exact) < min(score(metric, mean), score(metric, shifted))
    assert score(DrawRatio, mean) - score(DrawRatio, exact) == pytest.approx(10 * math.log10(2 * k / (k + 1)), abs=0.1)
    assert score(MeanRatio, exact) > score(DrawRatio, exact)


def test_what_is_not_linear_is_unsuitable(model):
    operator = OPERATORS["hdr"](SPACE)
    with pytest.raises(Unsuitable, match="linear, which hdr is not"):
        model.restore(torch.zeros(1, 1, 4, 4), operator, 2)
