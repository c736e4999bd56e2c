import pytest
import torch
from genbench_gan import GAN, PENALTY_EVERY, discriminator, generator, halvings, shifted

import genbench

SHAPES = [(1, 8, 8), (1, 28, 28), (3, 9, 7)]


@pytest.mark.parametrize("shape", [*SHAPES, (1, 4, 4), (3, 32, 32), (1, 17, 8), (3, 2, 5)])
def test_both_networks_fit_every_shape(shape):
    images = generator(shape, 5, 4)(torch.randn(3, 5))
    assert images.shape == (3, *shape)
    assert images.abs().max() <= 1
    assert discriminator(shape, 4)(images).shape == (3, 1)


def test_sizes_halve_down_to_four():
    assert halvings((1, 28, 28)) == [(28, 28), (14, 14), (7, 7)]
    assert halvings((3, 9, 17)) == [(9, 17), (5, 9)]


def test_a_shift_moves_each_image_whole():
    x = torch.rand(200, 3, 6, 5)
    moved = shifted(x, 2)
    offsets = {offset(*pair) for pair in zip(x, moved, strict=True)}
    assert len(offsets) == 25  # all of -2…2 twice over turn up: missing one has probability 25 · 0.96²⁰⁰ < 0.01
    assert torch.equal(shifted(x, 0), x)


def offset(x, moved):
    """(dy, dx) of the one shift that explains `moved`: the pad is -1, which no pixel of x is."""
    _, h, w = x.shape
    rows, columns = (moved[0] >= 0).any(1).nonzero()[:, 0], (moved[0] >= 0).any(0).nonzero()[:, 0]
    for dy in range(-2, 3):
        for dx in range(-2, 3):
            inner = moved[:, max(0, dy) : h + min(0, dy), max(0, dx) : w + min(0, dx)]
            source = x[:, max(0, -dy) : h + min(0, -dy), max(0, -dx) : w + min(0, -dx)]
            if len(rows) == h - abs(dy) and len(columns) == w - abs(dx) and torch.equal(inner, source):
                return dy, dx
    raise AssertionError("not a shift")


def test_gradients_pass_through_a_shift():
    x = torch.rand(4, 1, 6, 6, requires_grad=True)
    shifted(x, 1).sum().backward()
    assert set(x.grad.unique().tolist()) <= {0.0, 1.0}  # a pixel is kept once or has left the image
    assert x.grad.sum() >= 4 * 25


def test_the_penalty_is_half_gamma_times_the_squared_gradient_on_real_images():
    model = GAN(genbench.Space((1, 4, 4)), penalty=3.0, shift=0.0)
    model.D = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 1))  # its gradient is its weight
    real, fake = torch.rand(2, 7, 1, 4, 4)
    losses = []
    for penalised in (False, True):
        torch.manual_seed(0)
        losses.append(model._discriminator_loss(real, fake, penalised).item())
    expected = 3.0 / 2 * PENALTY_EVERY * model.D[1].weight.square().sum().item()
    assert losses[1] - losses[0] == pytest.approx(expected, rel=1e-5)


def test_an_average_with_exponent_zero_is_the_mean_of_all_steps():
    model, values = GAN(genbench.Space((1, 4, 4)), averaging=0.0), torch.randn(6)
    average = values[0]
    for step in range(1, 6):
        average = model._averaged(average, values[step], torch.tensor(step))
    assert average.item() == pytest.approx(values.mean().item(), abs=1e-6)


def test_a_short_fit_brings_the_mean_and_the_spread_of_pixels_near(digits):
    data = digits(8_000)
    model = GAN(data.space, width=16, batch=32)
    real = data.train.x[:].double()

    def gaps():
        with torch.no_grad():
            samples = model.eval().sample(500).double()
        return (samples.mean(0) - real.mean(0)).abs().mean(), (samples.std(0) - real.std(0)).abs().mean()

    before = gaps()
    model.fit(data)
    after = gaps()
    assert after[0] < 0.5 * before[0]
    assert after[1] < 0.6 * before[1]
    assert data.curve[-1].keys() >= {"discriminator_nats", "generator_nats"}


def test_what_is_sampled_is_the_average_not_the_last_step(ramps):
    space = genbench.Space((1, 4, 4))
    models = []
    for averaging in (0.0, 1000.0):
        torch.manual_seed(0)
        models.append(GAN(space, averaging=averaging, width=4))
        models[-1].fit(ramps(space, 3_000))
    assert torch.equal(models[0].D[0].weight, models[1].D[0].weight)
    assert not torch.allclose(models[0].G[0].weight, models[1].G[0].weight)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_reloaded_model_samples_the_same_integers(shape, ramps, reloaded):
    space = genbench.Space(shape)
    model = GAN(space, width=8)
    model.fit(ramps(space, 320))
    model.eval()
    twin = reloaded(model, width=8)
    torch.manual_seed(1)
    samples = model.sample(9)
    torch.manual_seed(1)
    assert torch.equal(twin.sample(9), samples)
    assert samples.dtype == torch.int64
    assert samples.shape == (9, *shape)
    assert 0 <= samples.min() <= samples.max() < 256
    assert not torch.equal(model.sample(9), samples)


@pytest.mark.parametrize("space", [genbench.Space((12,)), genbench.Space((1, 1, 8)), genbench.Space((1, 8, 8), None)])
def test_other_spaces_are_declined(space):
    with pytest.raises(genbench.Unsuitable, match="needs images"):
        GAN(space)
