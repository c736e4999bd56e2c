"""Diffusion: its steps have the law that the noising process has."""

import numpy as np
import torch

import genbench
from genbench.templates.models.diffusion import NewPlugin

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
def test_a_step_back_from_the_true_sample_has_the_law_of_the_earlier_time() -> None:
    model, t = fitted(), 60
    x = torch.full((20_000, 1), 0.5)
    x_t = model.diffused(x, torch.tensor([t]), torch.randn(len(x), 1))
    for fresh in (True, False):
        earlier = model.stepped(x, x_t, t, t - 1, fresh)
        alpha_bar = model.alpha_bar[t - 1]
        # Standard errors are below 0.01 with 20,000 draws.
        torch.testing.assert_close(earlier.mean(), alpha_bar.sqrt() * 0.5, atol=0.03, rtol=0)
        torch.testing.assert_close(earlier.var(), 1 - alpha_bar, atol=0.03, rtol=0)


@torch.no_grad()
def test_the_last_step_shows_the_predicted_sample() -> None:
    model, x, x_t = fitted(), torch.rand(5, SPACE.dim), torch.randn(5, SPACE.dim)
    for fresh in (True, False):
        torch.testing.assert_close(model.stepped(x, x_t, 1, 0, fresh), x)
