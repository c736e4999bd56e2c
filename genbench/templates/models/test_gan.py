"""The GAN: what it samples is what it renders, and its discriminator learns."""

import numpy as np
import torch

import genbench
from genbench.templates.models.gan import NewPlugin

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
def test_a_sample_is_what_the_model_renders_of_its_prior() -> None:
    model = fitted()
    torch.manual_seed(1)
    x = model.sample(20)
    torch.manual_seed(1)
    rendered = model.render(torch.randn(20, model.latent_dim))
    assert torch.equal(x, rendered.round().long())


def test_the_penalty_counts_the_slope_of_the_discriminator() -> None:
    model = fitted()
    real, fake = torch.zeros(20, SPACE.dim), torch.zeros(20, SPACE.dim)
    torch.manual_seed(2)
    with_penalty = model.discriminator_loss(real, fake)
    model.penalty = 0.0
    torch.manual_seed(2)
    assert with_penalty > model.discriminator_loss(real, fake)
