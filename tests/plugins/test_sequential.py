"""Models that are Sequential: the law of each entry sums to its density, and does not see what it has to answer for."""

import pytest
import torch
from genbench_linear_autoregression import LinearAutoregression
from genbench_pixelcnn import PixelCNN

import genbench
from genbench.builtin.controls.densities import IndependentPixels, Noise

IMAGES = 960
MODELS = {
    PixelCNN: {"width": 8, "layers": 2, "batch": 32},
    LinearAutoregression: {},
    IndependentPixels: {},
    Noise: {},
}


@pytest.fixture(params=[(4, 5, 5), (256, 12, 3)], ids=["4-levels", "256-levels"])
def space(request: pytest.FixtureRequest) -> genbench.Space:
    levels, height, width = request.param
    return genbench.Space((1, height, width), levels=levels, classes=2 if levels == 4 else None)


@pytest.fixture(params=MODELS, ids=lambda cls: cls.name)
def model(request: pytest.FixtureRequest, space: genbench.Space, ramps) -> genbench.Model:
    """A model after a short fit to slanted ramps."""
    found = request.param(space, **MODELS[request.param])
    found.fit(ramps(space, IMAGES))
    return found.eval()


def rows(space: genbench.Space) -> torch.Tensor:
    return torch.randint(space.levels, (7, *space.shape))


@torch.no_grad()
def test_the_laws_of_all_entries_multiply_to_the_density(model, space):
    x = rows(space)
    flat, nats = x.flatten(1), torch.zeros(len(x), dtype=torch.float64)
    for i in range(space.dim):
        weights = model.next(x, i)
        assert weights.shape == (len(x), space.levels)
        nats += weights.double().log_softmax(1).gather(1, flat[:, i : i + 1]).squeeze(1)
    # Sums of float32 logarithms; of up to 36 entries of some 6 nats each.
    assert torch.allclose(nats, model.log_prob(x).double(), rtol=1e-5, atol=1e-4)


@torch.no_grad()
def test_what_stands_at_an_entry_and_beyond_does_not_matter(model, space):
    x = rows(space)
    for i in range(space.dim):
        other = rows(space).flatten(1)
        other[:, :i] = x.flatten(1)[:, :i]
        assert torch.equal(model.next(other.view_as(x), i), model.next(x, i))


def test_colour_has_an_order_of_its_own_in_a_pixelcnn():
    space = genbench.Space((3, 4, 4), levels=4)
    with pytest.raises(genbench.Unsuitable, match="channel by channel"):
        PixelCNN(space).next(torch.zeros(2, 3, 4, 4, dtype=torch.int64), 0)


def test_the_capability_is_listed():
    assert all(issubclass(cls, genbench.Sequential) and issubclass(cls, genbench.Density) for cls in MODELS)
