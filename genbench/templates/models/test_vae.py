"""The VAE: its pixels' law is one, and its bound is a bound."""

import numpy as np
import torch

import genbench
from genbench.templates.models.vae import NewPlugin

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


@torch.no_grad()
def test_the_masses_of_all_levels_sum_to_one() -> None:
    model, z = fitted(), torch.randn(3, 16)
    masses = [model.log_mass(torch.full((3, SPACE.dim), level), z).exp() for level in range(4)]
    torch.testing.assert_close(torch.stack(masses).sum(0), torch.ones(3, SPACE.dim))


@torch.no_grad()
def test_the_bounds_of_all_samples_are_probabilities_of_no_more_than_one() -> None:
    model, every = fitted(), torch.cartesian_prod(*[torch.arange(4)] * SPACE.dim).view(-1, *SPACE.shape)
    bound = torch.stack([model.log_prob(every) for _ in range(8)]).mean(0)  # [256] nats
    assert 0.5 < bound.exp().sum() < 1
