"""The denoising diffusion GAN: its steps against Gaussian closed forms, and what it learns."""

import pytest
import torch
from genbench_ddgan import BETA, DDGAN, PENALTY_EVERY, remaining_signal
from torch import nn

import genbench

SHAPES = [(1, 8, 8), (1, 28, 28), (3, 9, 7)]
SMALL = {"width": 8, "depth": 1, "critic": 8}
DRAWS = 40_000


class Slopes(nn.Module):
    """A discriminator that is linear in x_{t-1} and looks at nothing else."""

    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, before, x_t, t, label):
        return before.flatten(1) @ self.weight


@pytest.fixture
def model():
    return DDGAN(genbench.Space((1, 2, 2), levels=4, classes=3), **SMALL)


@pytest.mark.parametrize("steps", [1, 4, 8])
def test_each_steps_noise_is_the_papers(steps):
    """β_t = 1 - exp(-β_min / T - (β_max - β_min) (2t - 1) / (2 T²)), of the paper's appendix."""
    alpha_bar = remaining_signal(steps)
    t = torch.arange(1, steps + 1, dtype=torch.float64)
    beta = 1 - (-BETA[0] / steps - (BETA[1] - BETA[0]) * (2 * t - 1) / (2 * steps**2)).exp()
    torch.testing.assert_close(alpha_bar, torch.cat([torch.ones(1, dtype=torch.float64), (1 - beta).cumprod(0)]))
    assert alpha_bar[-1].item() == pytest.approx(4.3e-5, rel=0.01)


def pair_law(model: DDGAN, t: int) -> tuple[torch.Tensor, torch.Tensor]:
    """What multiplies x_0 in the means of (x_{t-1}, x_t), [2], and their covariance [2, 2], from α_bar alone."""
    before, now = model.alpha_bar[t - 1].double(), model.alpha_bar[t].double()
    shared = (now / before).sqrt() * (1 - before)
    return torch.stack([before, now]).sqrt(), torch.stack([1 - before, shared, shared, 1 - now]).view(2, 2)


@pytest.mark.parametrize("t", [1, 2, 3, 4])
def test_real_pairs_have_the_moments_of_the_forward_process(model, t):
    x_0 = torch.full((DRAWS, 1, 2, 2), 0.6)
    found = torch.stack([x.flatten() for x in model.diffused(x_0, torch.full((DRAWS,), t))]).double()
    scale, cov = pair_law(model, t)
    torch.testing.assert_close(found.mean(1), 0.6 * scale, atol=0.013, rtol=0)  # five standard errors of 160,000
    torch.testing.assert_close(found.cov(), cov, atol=0.018, rtol=0)


@pytest.mark.parametrize("t", [1, 2, 3, 4])
def test_a_step_from_the_true_image_has_the_law_of_one_gaussian_given_another(model, t):
    scale, cov = pair_law(model, t)
    x_0, x_t = torch.tensor([0.6, -0.3, 1.0]), torch.tensor([-0.2, 1.5, 0.1])
    mean = scale[0] * x_0 + cov[0, 1] / cov[1, 1] * (x_t - scale[1] * x_0)
    images = [x.view(3, 1, 1, 1).expand(3, 1, 2, 2) for x in (x_0, x_t)]
    found = model.posterior_mean(*images, torch.full((3,), t))
    torch.testing.assert_close(found[:, 0, 0, 0].double(), mean.double(), atol=1e-5, rtol=0)
    variance = cov[0, 0] - cov[0, 1] ** 2 / cov[1, 1]
    assert model.posterior[t].item() == pytest.approx(variance.item(), abs=1e-6)


def test_the_last_step_shows_the_image_that_was_guessed(model):
    x_0, x_t = torch.randn(2, 5, 1, 2, 2)
    torch.testing.assert_close(model.stepped(x_0, x_t, torch.ones(5, dtype=torch.int64)), x_0)


def test_every_step_adds_its_own_noise(model):
    zeros = torch.zeros(DRAWS, 1, 2, 2)
    for t in (2, 3, 4):
        x = model.stepped(zeros, zeros, torch.full((DRAWS,), t))
        assert x.var().item() == pytest.approx(model.posterior[t].item(), rel=0.02)  # five standard errors of 160,000


def test_the_discriminator_judges_each_pair_by_its_own_time_and_class(model):
    model.D.time.weight.data[1] += 1
    before, x_t = torch.randn(2, 1, 1, 2, 2).expand(2, 3, 1, 2, 2)
    t, label = torch.tensor([2, 3, 3]), torch.tensor([0, 0, 2])
    found = model.D(before, x_t, t, label)
    for row in range(3):
        alone = model.D(before[:1], x_t[:1], t[row : row + 1], label[row : row + 1])
        torch.testing.assert_close(found[row : row + 1], alone)
    assert len(found.unique()) == 3


@pytest.mark.parametrize("shape", [*SHAPES, (1, 2, 2), (3, 32, 32), (1, 17, 8)])
def test_the_discriminator_sees_every_pixel_of_both_images(shape):
    space = genbench.Space(shape)
    pair = torch.randn(2, 2, *shape, requires_grad=True)
    DDGAN(space, **SMALL).D(*pair, torch.tensor([1, 4]), torch.zeros(2, dtype=torch.int64)).sum().backward()
    assert (pair.grad != 0).all()


def test_what_is_judged_gets_noise_of_half_a_level(model):
    weight = torch.randn(4)
    model.D = Slopes(weight)
    before, x_t = torch.randn(2, 500, 1, 2, 2)
    astray = model._judged(before, x_t, None, None) - before.flatten(1) @ weight
    assert astray.var().item() == pytest.approx((weight**2).sum().item() * (1 / 3) ** 2 / 3, rel=0.4)
    assert astray.abs().max() <= weight.abs().sum() / 3  # half of the distance 2/3 between levels


def test_only_what_comes_before_is_penalised(model):
    weight = torch.randn(8)
    model.penalty = 3.0
    real, fake, x_t = torch.randn(3, 4, 1, 2, 2)
    losses = [
        model._discriminator_loss(
            lambda before: torch.cat([before, x_t], dim=1).flatten(1) @ weight, real.clone(), fake, penalised
        )
        for penalised in (False, True)
    ]
    expected = 3.0 / 2 * PENALTY_EVERY * weight[:4].square().sum()
    torch.testing.assert_close(losses[1] - losses[0], expected)


@pytest.mark.parametrize("steps", [1, 4, 7])
def test_a_sample_takes_as_many_network_evaluations_as_there_are_steps(steps):
    model, calls = DDGAN(genbench.Space((1, 4, 4)), steps=steps, **SMALL).eval(), []
    model.G.register_forward_hook(lambda *_: calls.append(1))
    model.sample(5)
    assert len(calls) == steps


def test_samples_obey_labels():
    """Of black and of white images, which are the two classes."""
    space, y = genbench.Space((1, 2, 2), levels=5, classes=2), torch.tensor([0, 1]).repeat(48)
    x = (4 * y).view(96, 1, 1, 1).expand(96, 1, 2, 2)
    rows = genbench.Split(genbench.Examples(x.numpy().astype(space.storage), y.numpy()))
    data = genbench.TrainingData(space, rows, rows, 64 * 100)
    model = DDGAN(space, steps=2, epochs=1000, latent=4, width=8, depth=1, critic=64)
    model.fit(data)
    with torch.no_grad():
        black, white = model.eval().sample(400, labels=torch.arange(2).repeat_interleave(200)).float().split(200)
    assert white.mean() - black.mean() > 1.5  # of 4, after a hundred steps
    assert model.G.share.tolist() == [0.5, 0.5]
    assert data.curve[-1].keys() >= {"discriminator_nats", "generator_nats"}
