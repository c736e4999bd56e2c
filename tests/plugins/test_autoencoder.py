import pytest
import torch
from genbench_autoencoder import Autoencoder

import genbench


@pytest.fixture(scope="module")
def trained(digits):
    torch.manual_seed(0)
    data = digits(15_000)
    model = Autoencoder(data.space)
    model.fit(data)
    return model.eval(), data


@torch.no_grad()
def test_images_are_rebuilt_and_what_is_decoded_from_noise_is_none(trained):
    """Why it is no generative model: codes of images are nowhere near N(0, I)."""
    model, data = trained
    x = data.valid.x[:100]
    z = model.encode(x)
    rebuilt = (model.render(z) - x).square().mean()
    assert rebuilt < 0.35 * (x.float().mean(0) - x).square().mean()
    nearest = torch.cdist(model.sample(100).flatten(1).float(), data.train.x[:].flatten(1).float()).min(1).values
    real = torch.cdist(x.flatten(1).float(), data.train.x[:].flatten(1).float()).min(1).values
    assert nearest.mean() > 1.15 * real.mean()


@torch.no_grad()
def test_real_numbers_are_neither_rounded_nor_bounded():
    model = Autoencoder(genbench.Space((3,), levels=None), hidden=16, latent=2).eval()
    model.mean.fill_(-5)
    x = model.sample(20)
    assert x.dtype == torch.float32
    assert x.shape == (20, 3)
    assert x.max() < 0


def test_small_data_are_not_passed_over_more_often_than_asked(ramps):
    data = ramps(genbench.Space((1, 4, 4), levels=4), 50_000)
    Autoencoder(data.space, epochs=5, batch=32, hidden=16).fit(data)
    assert data.seen == 5 * len(data.train)
