"""The flow: its inverse is one, and its log-determinant is that of its Jacobian."""

import numpy as np
import torch

import genbench
from genbench.templates.models.flow import NewPlugin

SPACE = genbench.Space((1, 2, 2), levels=4)
X = np.random.default_rng(0).integers(4, size=(200, *SPACE.shape)).astype(np.uint8)


@torch.enable_grad()
def fitted() -> NewPlugin:
    """A model after a moment of training."""
    torch.manual_seed(0)
    model, split = NewPlugin(SPACE), genbench.Split(genbench.Examples(X))
    model.fit(genbench.TrainingData(SPACE, split, split, images=1000))
    return model.eval()


@torch.no_grad()
def test_it_draws_samples_of_its_space() -> None:
    x = fitted().sample(50)
    assert (x.shape, x.dtype) == ((50, *SPACE.shape), torch.int64)
    assert 0 <= x.min() <= x.max() < 4


def rows() -> torch.Tensor:
    """Five real vectors inside [0, levels]."""
    return 4 * torch.rand(5, SPACE.dim, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@torch.no_grad()
def test_the_inverse_undoes_the_flow() -> None:
    model, x = fitted().double(), rows()
    torch.testing.assert_close(model.inverse(model.latent(x)[0]), x)


def test_the_log_determinant_is_that_of_the_jacobian() -> None:
    model, x = fitted().double(), rows()
    for row in x:
        jacobian = torch.autograd.functional.jacobian(lambda v: model.latent(v[None])[0][0], row)
        torch.testing.assert_close(model.latent(row[None])[1][0], torch.linalg.slogdet(jacobian)[1])
