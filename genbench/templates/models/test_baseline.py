"""Probabilistic PCA: its covariance is that of the data."""

import numpy as np
import torch

import genbench
from genbench.templates.models.baseline import NewPlugin

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


def test_with_all_directions_its_covariance_is_that_of_the_data() -> None:
    model = fitted()
    assert model.latent == SPACE.dim - 1
    covariance = model.W @ model.W.T + model.sigma2 * torch.eye(SPACE.dim)
    x = torch.from_numpy(X).flatten(1).double()
    torch.testing.assert_close(covariance, x.T.cov().float())


def test_what_it_encodes_it_renders_near_the_sample() -> None:
    model, x = fitted(), torch.from_numpy(X).long()
    error = (model.render(model.encode(x)) - x).square().mean()
    assert error < (x.float().mean(0) - x).square().mean()
