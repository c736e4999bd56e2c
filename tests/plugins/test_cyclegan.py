"""CycleGAN: its losses by hand, its networks in every size, and that it learns a change without pairs."""

import numpy as np
import pytest
import torch
from genbench_cyclegan import CycleGAN, discriminator, generator
from torch import nn

import genbench

SPACE = genbench.Space((1, 4, 4), levels=17, classes=2)


class Plus(nn.Module):
    """x + c."""

    def __init__(self, c: float) -> None:
        super().__init__()
        self.c = nn.Parameter(torch.tensor(c))

    def forward(self, x):
        return x + self.c


class Mean(nn.Module):
    """The mean of each image, as one patch: what it says of images with noise is nearly what it says without."""

    def forward(self, x):
        return x.mean((1, 2, 3), keepdim=True)


def by_hand(**settings: float) -> CycleGAN:
    """G adds 0.3 and F takes 0.1 away."""
    model = CycleGAN(genbench.Space((1, 32, 32), levels=1 << 16, classes=2), width=4, **settings)
    model.G, model.F, model.D_X, model.D_Y = Plus(0.3), Plus(-0.1), Mean(), Mean()
    return model


def images(mean: float, count: int = 6) -> torch.Tensor:
    return torch.full((count, 1, 32, 32), mean)


def test_the_losses_of_the_translators_are_those_of_equations_1_to_3():
    fake_x, fake_y, parts = by_hand()._translators_loss(images(-0.2), images(0.4, 5))
    assert fake_y.mean().item() == pytest.approx(0.1)
    assert fake_x.mean().item() == pytest.approx(0.3)
    near = {"abs": 1e-4}
    adversarial = ((0.1 - 1) ** 2 + (0.3 - 1) ** 2) / 2  # of what D_Y says of G(x), and D_X of F(y)
    assert parts["adversarial"].item() == pytest.approx(adversarial, **near)
    assert parts["cycle"].item() == pytest.approx(0.2, **near)  # both ways round
    assert parts["same"].item() == pytest.approx((0.3 + 0.1) / 2, **near)


def test_each_discriminator_sees_its_own_domain():
    x, y, fake_x, fake_y = (images(mean) for mean in (0.1, 0.2, 0.3, 0.4))
    loss = by_hand()._discriminators_loss(x, y, fake_x, fake_y).item()
    assert loss == pytest.approx(((0.1 - 1) ** 2 + 0.3**2 + (0.2 - 1) ** 2 + 0.4**2) / 2, abs=1e-4)


def test_networks_that_undo_each_other_and_leave_their_range_pay_nothing():
    model = by_hand()
    model.G, model.F = nn.Identity(), nn.Identity()
    _, _, parts = model._translators_loss(images(0.5), images(-0.5))
    assert parts["cycle"] == parts["same"] == 0


def test_a_step_of_the_translators_leaves_the_discriminators_as_they_are():
    model = CycleGAN(SPACE, width=4)
    before = [value.clone() for net in (model.D_X, model.D_Y) for value in net.parameters()]
    optimiser = torch.optim.SGD(model.G.parameters(), 0.1)
    x, y = torch.rand(2, 3, 1, 4, 4)
    model._translators_step(optimiser, x, y)
    after = [value for net in (model.D_X, model.D_Y) for value in net.parameters()]
    assert all(torch.equal(*pair) for pair in zip(before, after, strict=True))
    assert all(value.requires_grad and value.grad is None for value in after)


@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 9, 7), (3, 64, 64), (1, 2, 2), (3, 2, 5), (1, 17, 40)])
def test_the_networks_fit_every_shape(shape):
    x = torch.rand(3, *shape) * 2 - 1
    found = generator(shape, 4, 1)(x)
    assert found.shape == x.shape
    assert found.abs().max() <= 1
    judged = discriminator(shape, 4)(x)
    assert judged.shape[:2] == (3, 1)


def test_each_row_goes_to_the_domain_that_was_asked_for_whatever_stands_beside_it():
    model = CycleGAN(SPACE, width=4).eval()
    x, domain = torch.randint(17, (6, 1, 4, 4)), torch.tensor([0, 1, 1, 0, 1, 0])
    with torch.no_grad():
        found = model.translate(x, domain)
        alone = torch.cat([model.translate(x[i : i + 1], domain[i : i + 1]) for i in range(6)])
        other = model.translate(x, 1 - domain)
    assert found.dtype == torch.int64
    assert 0 <= found.min() <= found.max() <= 16
    assert (found - alone).abs().max() <= 1  # but for rounding
    assert not torch.equal(found, other)


def test_it_learns_to_turn_the_light_on_and_off_without_pairs():
    """Dark images have a bright bar in a column, bright ones a dark bar: the levels change, and the column stays."""
    rng = np.random.default_rng(0)

    def rows(count: int) -> tuple[np.ndarray, np.ndarray]:
        x = rng.integers(0, 3, (count, 1, 4, 4))
        x[np.arange(count), 0, :, rng.integers(4, size=count)] += 13
        y = np.arange(count) % 2
        x[y == 1] = 16 - x[y == 1]
        return x.astype(np.uint8), y

    train, valid = (genbench.Split(genbench.Examples(*rows(count))) for count in (200, 20))
    model = CycleGAN(SPACE, width=8, blocks=1, batch=32, lr=5e-3, epochs=40)
    model.fit(genbench.TrainingData(SPACE, train, valid, 8_000))
    x, y = (torch.from_numpy(part).long() for part in rows(100))
    with torch.no_grad():
        found = model.eval().translate(x, 1 - y).float()
    assert (found - (16 - x)).abs().mean() < 3 < (x - (16 - x)).abs().float().mean() / 3


def test_data_without_two_domains_are_declined():
    for classes in (None, 1, 3):
        with pytest.raises(genbench.Unsuitable, match="two classes, which are the domains"):
            CycleGAN(genbench.Space((1, 4, 4), levels=4, classes=classes))
