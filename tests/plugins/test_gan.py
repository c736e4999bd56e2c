import pytest
import torch
from genbench_adversarial import LOSSES
from genbench_gan import GAN, MOST, PENALTY_EVERY, SLOPE_PENALTY, generator
from genbench_networks import halvings

import genbench

SHAPES = [(1, 8, 8), (1, 28, 28), (3, 9, 7)]


@pytest.mark.parametrize("shape", [*SHAPES, (1, 4, 4), (1, 2, 2), (3, 32, 32), (1, 17, 8), (3, 2, 5)])
def test_the_generator_fits_every_shape(shape):
    images = generator(shape, 5, 8)(torch.randn(3, 5))
    assert images.shape == (3, *shape)
    assert images.abs().max() <= 1


def test_sizes_halve_down_to_four():
    assert halvings((1, 28, 28)) == [(28, 28), (14, 14), (7, 7)]
    assert halvings((3, 9, 17)) == [(9, 17), (5, 9)]


class Slopes(torch.nn.Module):
    """A discriminator that is linear in the pixels, by weights of each class [classes, D]: its gradient is these."""

    def __init__(self, weight):
        super().__init__()
        self.weight = torch.nn.Parameter(weight)

    def forward(self, x, label):
        return (x.flatten(1) * self.weight[label]).sum(1)


def test_the_penalty_is_half_gamma_times_the_squared_gradient_on_real_images_of_their_classes():
    model = GAN(genbench.Space((1, 4, 4), classes=2), penalty=3.0)
    model.D = Slopes(torch.randn(2, 16))
    real, fake = torch.rand(2, 4, 1, 4, 4)
    label = torch.tensor([0, 1, 1, 1])
    losses = []
    for step in (1, PENALTY_EVERY):
        torch.manual_seed(0)
        losses.append(model._discriminator_loss(real, fake, label, step).item())
    expected = 3.0 / 2 * PENALTY_EVERY * model.D.weight[label].square().sum().item() / 4
    assert losses[1] - losses[0] == pytest.approx(expected, rel=1e-5)


def test_the_slope_penalty_is_of_the_distance_of_slopes_from_one_in_every_step():
    model = GAN(genbench.Space((1, 4, 4), classes=2), loss="wasserstein-gp")
    model.D = Slopes(torch.randn(2, 16))
    images, label = torch.rand(4, 1, 4, 4), torch.tensor([0, 1, 1, 1])
    found = model._discriminator_loss(images.clone(), images.clone(), label, 1).item()
    slopes = model.D.weight.norm(dim=1)[label]
    noise = 2 / 255 * model.D.weight.abs().sum(1).max().item()  # by it alone judgements of the same images differ
    assert found == pytest.approx(SLOPE_PENALTY * (slopes - 1).square().mean().item(), abs=noise)


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_teaches_the_generator_and_keeps_its_restraint(loss, ramps):
    space = genbench.Space((1, 4, 4), classes=2)
    model = GAN(space, loss=loss, width=8, batch=16)
    before = [parameter.clone() for parameter in model.G.parameters()]
    data = ramps(space, 16 * 12)
    model.fit(data)
    assert all((a != b).any() for a, b in zip(before, model.G.parameters(), strict=True))
    assert {torch.isfinite(value).all().item() for value in model.state_dict().values()} == {True}
    largest = max(parameter.abs().max().item() for parameter in model.D.parameters())
    assert (largest <= MOST) == (loss == "wasserstein")
    assert len(data.curve) == 12 // LOSSES[loss].critic_steps


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
    assert data.curve[-1].keys() >= {"discriminator_loss", "generator_loss"}


def test_what_is_sampled_is_the_average_not_the_last_step(ramps):
    space = genbench.Space((1, 4, 4))
    models = []
    for averaging in (0.0, 1000.0):
        torch.manual_seed(0)
        models.append(GAN(space, averaging=averaging, width=8))
        models[-1].fit(ramps(space, 3_000))
    assert torch.equal(models[0].D.features[0].weight, models[1].D.features[0].weight)
    assert not torch.allclose(models[0].G[0].weight, models[1].G[0].weight)


@pytest.fixture(scope="module")
def fitted(digits):
    """The model after a short fit on the digits."""
    torch.manual_seed(0)
    data = digits(16_000)
    model = GAN(data.space, width=32)
    model.fit(data)
    return model.eval()


def test_samples_obey_labels(fitted, digits):
    """The mean image of each class is nearest to that of the real ones of this class, of all classes."""
    train, label = digits(1).train, torch.arange(10).repeat_interleave(50)
    with torch.no_grad():
        samples = fitted.sample(500, labels=label).float()
    found = torch.stack([samples[label == i].mean(0).flatten() for i in range(10)])
    real = torch.stack([train.x[:][train.y[:] == i].float().mean(0).flatten() for i in range(10)])
    assert torch.equal(torch.cdist(found, real).argmin(1), torch.arange(10))


def test_without_labels_classes_are_drawn_by_their_shares_in_the_training_set(ramps):
    space = genbench.Space((1, 4, 4), classes=3)
    model, data = GAN(space, width=8), ramps(space, 640)
    y = torch.tensor([0, 0, 0, 2]).repeat(24)
    data.train = genbench.Split(genbench.Examples(data.train.x[:].numpy().astype(space.storage), y.numpy()))
    model.fit(data)
    assert model.prior.share.tolist() == pytest.approx([0.75, 0, 0.25])
    assert model.latent_dim == model.latent + 3
    shares = torch.bincount(model.prior.parted(torch.randn(4_000, model.latent_dim))[1], minlength=3) / 4_000
    assert shares.tolist() == pytest.approx([0.75, 0, 0.25], abs=0.04)  # five standard errors


def test_few_images_are_passed_over_no_more_often_than_told(ramps):
    space = genbench.Space((1, 4, 4))
    data = ramps(space, 10_000)
    GAN(space, width=8, epochs=20).fit(data)
    assert data.seen == 20 * 96
    assert data.curve[-1]["images"] == pytest.approx(20 * 96, abs=64)
