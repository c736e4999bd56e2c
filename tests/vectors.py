"""Feature vectors that the tests of the metrics draw, and the evidence that holds them."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from genbench.contracts.evidence import Evidence
from genbench.geometry.comparison import Comparison
from genbench.records.space import Space

Draw = Callable[..., NDArray[np.float32]]


@pytest.fixture
def draw() -> Draw:
    """N correlated Gaussian vectors of dimension d; `law` picks mean and covariance, `seed` the sample."""

    def drawn(n: int, d: int, seed: int, *, law: int = 0, scale: float = 1.0) -> NDArray[np.float32]:
        mixing = np.random.default_rng((law, d)).standard_normal((d + 1, d)) / np.sqrt(d)
        z = np.random.default_rng(seed).standard_normal((n, d))
        return (mixing[0] + scale * z @ mixing[1:]).astype(np.float32)

    return drawn


@pytest.fixture
def evidence() -> Callable[..., Evidence]:
    """Evidence with the features of real and generated samples, and nothing else."""

    def of(real: NDArray[np.float32], generated: NDArray[np.float32], **more: object) -> Evidence:
        space = Space(real.shape[1:], levels=None)
        return Evidence(space, generated, features=Comparison(real, generated, **more))  # type: ignore[arg-type]

    return of
