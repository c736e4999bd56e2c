"""The adversarial losses, what restrains the discriminator, and the average: against closed forms."""

import math

import pytest
import torch
from genbench_adversarial import LOSSES, Discriminator, Restraint, between, clip, power_law, squared_slope, widths

SHAPES = [(1, 8, 8), (1, 28, 28), (3, 9, 7), (3, 17, 8), (3, 2, 5)]
REAL, FAKE = 0.7, -0.4  # what D says of a real and of a generated image


def sigma(a: float) -> float:
    return 1 / (1 + math.exp(-a))


CLOSED = {  # what the papers write, of one real and one generated image
    "minimax": (-math.log(sigma(REAL)) - math.log(1 - sigma(FAKE)), math.log(1 - sigma(FAKE))),
    "non-saturating": (-math.log(sigma(REAL)) - math.log(1 - sigma(FAKE)), -math.log(sigma(FAKE))),
    "least-squares": (0.5 * (REAL - 1) ** 2 + 0.5 * FAKE**2, 0.5 * (FAKE - 1) ** 2),
    "wasserstein": (FAKE - REAL, -FAKE),
    "wasserstein-gp": (FAKE - REAL, -FAKE),
    "hinge": ((1 - REAL) + (1 + FAKE), -FAKE),
}


@pytest.mark.parametrize("name", LOSSES)
def test_each_loss_is_its_papers(name):
    loss, (real, fake) = LOSSES[name], torch.tensor([[REAL], [FAKE]], dtype=torch.float64)
    found = loss.discriminator(real, fake).item(), loss.generator(fake).item()
    assert found == pytest.approx(CLOSED[name], abs=1e-12)  # float64


@pytest.mark.parametrize(
    ("name", "best"),
    [
        ("minimax", lambda p, q: (p / q).log()),  # Goodfellow et al. 2014, proposition 1, as a logit
        ("non-saturating", lambda p, q: (p / q).log()),
        ("least-squares", lambda p, q: p / (p + q)),  # Mao et al. 2017, eq. 5
    ],
)
def test_the_best_discriminator_tells_how_likely_a_point_is_to_be_real(name, best):
    """Where real images have law p over four points and generated ones q, D's expected loss has no slope there."""
    p, q = torch.tensor([[0.4, 0.3, 0.2, 0.1], [0.1, 0.3, 0.1, 0.5]], dtype=torch.float64)
    real, fake = best(p, q).requires_grad_(), best(p, q).requires_grad_()
    LOSSES[name].discriminator(real, fake).backward()
    torch.testing.assert_close(p * real.grad + q * fake.grad, torch.zeros(4, dtype=torch.float64), atol=1e-12, rtol=0)


@pytest.mark.parametrize("name", LOSSES)
def test_every_generator_wants_its_images_to_look_more_real(name):
    fake = torch.tensor([-3.0, -0.4, 0.2], requires_grad=True)
    LOSSES[name].generator(fake).backward()
    assert (fake.grad < 0).all()


def test_where_the_discriminator_is_sure_only_the_minimax_generator_learns_nothing():
    slopes = {}
    for name, loss in LOSSES.items():
        fake = torch.tensor([-15.0], requires_grad=True)
        loss.generator(fake).backward()
        slopes[name] = -fake.grad.item()
    assert slopes.pop("minimax") == pytest.approx(sigma(-15.0), rel=1e-4)
    assert min(slopes.values()) > 0.99


def test_the_squared_slope_of_a_quadratic_is_known():
    x = torch.randn(5, 2, 3, 4, requires_grad=True)
    judged = (x.square() * torch.arange(1.0, 6.0).view(5, 1, 1, 1)).flatten(1).sum(1)
    expected = (2 * torch.arange(1.0, 6.0)).square() * x.square().sum((1, 2, 3))
    torch.testing.assert_close(squared_slope(judged, x), expected)


def test_what_lies_between_is_on_the_line_at_a_place_of_its_own_for_each_row():
    real, fake = torch.randn(2, 400, 1, 2, 3)
    x_hat = between(real, fake)
    u = (x_hat - fake) / (real - fake)
    torch.testing.assert_close(u, u[:, :1, :1, :1].expand_as(u), atol=1e-3, rtol=0)  # of small differences
    assert u[:, 0, 0, 0].mean().item() == pytest.approx(0.5, abs=4 * (1 / 12 / 400) ** 0.5)
    assert x_hat.requires_grad


def test_clipping_changes_only_what_is_beyond():
    net = torch.nn.Linear(3, 1)
    net.weight.data = torch.tensor([[-0.5, 0.004, 0.02]])
    net.bias.data = torch.tensor([0.03])
    clip(net, 0.01)
    assert torch.equal(net.weight, torch.tensor([[-0.01, 0.004, 0.01]]))
    assert net.bias.item() == pytest.approx(0.01)


def test_a_normalised_layer_stretches_nothing_by_more_than_one():
    net, label = Discriminator((1, 8, 8), 3, 8).normalised(), torch.tensor([0, 1, 2, 2])
    for _ in range(200):  # power iterations
        net(torch.randn(4, 1, 8, 8), label)
    for layer in net.modules():
        if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear):
            assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("exponent", [0.0, 3.0])
def test_the_average_weighs_step_t_by_the_growth_of_a_power_of_t(exponent):
    values = torch.randn(7, dtype=torch.float64)
    average = values[0]
    for step in range(1, 7):
        average = power_law(average, values[step], step, exponent)
    weight = (torch.arange(8, dtype=torch.float64) ** (exponent + 1)).diff()  # ∫ t^exponent over each step
    torch.testing.assert_close(average, (weight * values).sum() / weight.sum(), atol=1e-12, rtol=0)


def test_an_average_copies_counters():
    assert power_law(torch.tensor(3), torch.tensor(4), 9, 2.0) == 4


@pytest.mark.parametrize("shape", [*SHAPES, (1, 4, 4), (1, 2, 2), (3, 32, 32)])
def test_the_discriminator_judges_every_shape(shape):
    assert Discriminator(shape, 2, 8)(torch.randn(3, *shape), torch.tensor([0, 1, 1])).shape == (3,)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_discriminator_sees_every_pixel(shape):
    x = torch.randn(2, *shape, requires_grad=True)
    Discriminator(shape, 1, 8)(x, torch.zeros(2, dtype=torch.int64)).sum().backward()
    assert (x.grad != 0).all()


def test_the_discriminator_adds_a_linear_map_of_the_class_to_one_of_all():
    net, label = Discriminator((1, 8, 8), 3, 8), torch.tensor([2, 0, 1, 2])
    x = torch.randn(4, 1, 8, 8)
    h = net.features(x)
    expected = torch.stack([net.all(row)[0] + net.each(row)[i] for row, i in zip(h, label, strict=True)])
    assert torch.allclose(net(x, label), expected, atol=1e-6)


def test_channels_halve_from_the_smallest_size_to_the_image_and_stop_at_eight():
    assert widths((1, 8, 8), 64) == [32, 64]
    assert widths((3, 32, 32), 24) == [8, 8, 12, 24]
    assert widths((3, 5, 5), 24) == [24]


def test_each_restraint_has_a_loss():
    assert {loss.restraint for loss in LOSSES.values()} == {*Restraint}
