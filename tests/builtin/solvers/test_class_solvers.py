"""bayes and diffusion-classifier: beside exact posteriors, with the same draws for all classes."""

import math

import pytest
import torch

from genbench.builtin.solvers.bayes import Bayes
from genbench.builtin.solvers.diffusion_classifier import DiffusionClassifier
from genbench.contracts.answers import Classifier
from genbench.contracts.model import ConditionalDenoiser, ConditionalDensity
from genbench.errors import Unsuitable
from genbench.records.kinds import Likelihood
from genbench.records.space import Space

REALS = Space((2,), levels=None, classes=3)
MEANS = torch.tensor([[0.0, 0.0], [1.0, 0.5], [-0.5, 2.0]])
SHARE = torch.tensor([0.5, 0.2, 0.3])


class Normals(ConditionalDensity):
    """N(mean_y, I) of each class."""

    likelihood = Likelihood.EXACT

    def __init__(self, prior=None):
        self.prior = prior

    @property
    def class_prior(self):
        return self.prior

    def log_prob(self, x, *, labels=None):
        return -(x - MEANS[labels]).square().sum(1) / 2 - math.log(2 * math.pi)


def by_hand(x, share):
    joint = torch.stack([share[y] * torch.exp(-(x - MEANS[y]).square().sum(1) / 2) for y in range(3)], dim=1)
    return joint / joint.sum(1, keepdim=True)


@pytest.mark.parametrize("prior", [None, SHARE])
def test_bayes_is_the_exact_posterior_of_normals(prior):
    x = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
    able = Bayes().lift(Normals(prior), REALS)
    assert isinstance(able, Classifier)
    expected = by_hand(x.double(), torch.full((3,), 1 / 3) if prior is None else prior)
    torch.testing.assert_close(able.posterior(x).softmax(1), expected.double(), rtol=0, atol=1e-6)


def test_a_class_that_the_model_never_saw_is_ruled_out():
    able = Bayes().lift(Normals(torch.tensor([0.5, 0.5, 0.0])), REALS)
    assert (able.posterior(torch.zeros(4, 2)).softmax(1)[:, 2] == 0).all()


class Noisy(Normals):
    """The same, estimated with an error that is drawn anew at each call."""

    likelihood = Likelihood.ESTIMATE

    def log_prob(self, x, *, labels=None):
        return super().log_prob(x, labels=labels) + 100 * torch.randn(len(x))


def test_what_a_density_draws_is_drawn_alike_for_all_classes_and_anew_for_each_batch():
    x = torch.randn(20, 2)
    able, exact = Bayes().lift(Noisy(), REALS), Bayes().lift(Normals(), REALS).posterior(x)
    first, second = able.posterior(x), able.posterior(x)
    torch.testing.assert_close(first.softmax(1), exact.softmax(1), rtol=0, atol=1e-4)  # float32 of hundreds of nats
    assert not torch.allclose(first, second, atol=1)
    torch.manual_seed(3)
    again = able.posterior(x)
    torch.manual_seed(3)
    assert torch.equal(able.posterior(x), again)


@pytest.mark.parametrize(("most", "refused"), [(12, False), (11, True)])
def test_a_density_of_more_evaluations_than_bayes_asks_for_is_not_asked(most, refused):
    class Bound(torch.nn.Module, Normals):
        def __init__(self):
            torch.nn.Module.__init__(self)
            self.prior, self.net = None, torch.nn.Linear(2, 2)

        def log_prob(self, x, *, labels=None):
            return sum(self.net(x + torch.randn_like(x)).sum(1) for _ in range(12))

    model = Bound()
    if not refused:
        state = torch.get_rng_state()
        assert Bayes(evaluations=most).lift(model, REALS)
        assert torch.equal(torch.get_rng_state(), state)  # what is drawn to count them is drawn by nobody
        return
    with pytest.raises(Unsuitable, match="takes 12 evaluations of its network a class, and bayes asks for 11 at most"):
        Bayes(evaluations=most).lift(model, REALS)


LEVELS = Space((2,), levels=256, classes=2)
CENTRES = torch.tensor([[-0.5, 0.0], [0.5, 0.2]])
SPREAD = 0.3


class Denoises(ConditionalDenoiser):
    """Data N(centre_y, 0.3² I): E[x | x_σ, y] in closed form."""

    def __init__(self, levels=400):
        self.asked = []
        self._sigmas = torch.logspace(-3, 2, levels)

    @property
    def sigmas(self):
        return self._sigmas

    def denoise(self, x, sigma, *, labels=None):
        self.asked.append((x.clone(), sigma[0].item(), labels[0].item()))
        noise = sigma.square()[:, None]
        return (SPREAD**2 * x + noise * CENTRES[labels]) / (SPREAD**2 + noise)


@pytest.mark.parametrize("weights", ["even", "bound"])
def test_the_class_under_which_noise_is_removed_best_is_called(weights):
    torch.manual_seed(0)
    y = torch.arange(200) % 2
    x = ((CENTRES[y] + 0.1 * torch.randn(200, 2) + 1) / 2 * 255).round().clamp(0, 255).long()
    able = DiffusionClassifier(steps=30, draws=4, weights=weights).lift(Denoises(), LEVELS)
    assert (able.posterior(x).argmax(1) == y).float().mean() > 0.97


def test_with_the_bounds_weights_it_is_the_exact_posterior():
    """Σ over fine levels of ‖x - D‖²/σ² Δ ln σ, in expectation ‖x - centre‖²/(2·0.3²) and what no class changes."""
    torch.manual_seed(0)
    x = torch.tensor([[128, 128], [100, 140], [150, 100]])
    clean = 2 * x.float() / 255 - 1
    exact = torch.stack([-(clean - c).square().sum(1) / (2 * SPREAD**2) for c in CENTRES], dim=1)
    able = DiffusionClassifier(steps=150, draws=40, weights="bound").lift(Denoises(), LEVELS)
    found = able.posterior(x)
    torch.testing.assert_close(found[:, 1] - found[:, 0], (exact[:, 1] - exact[:, 0]).double(), rtol=0, atol=0.3)


def test_all_classes_get_the_same_noise_and_each_level_and_draw_another():
    model = Denoises()
    DiffusionClassifier(steps=3, draws=2).lift(model, LEVELS).posterior(torch.tensor([[3, 200]]))
    assert len(model.asked) == 3 * 2 * 2
    for (x_0, sigma_0, y_0), (x_1, sigma_1, y_1) in zip(model.asked[::2], model.asked[1::2], strict=True):
        assert torch.equal(x_0, x_1)
        assert (sigma_0, y_0, y_1) == (sigma_1, 0, 1)
    assert len({tuple(x.flatten().tolist()) for x, _, _ in model.asked}) == 6


@pytest.mark.parametrize("solver", [Bayes(), DiffusionClassifier()])
def test_where_there_are_no_classes_the_reason_is_said(solver):
    with pytest.raises(Unsuitable, match="needs classes"):
        solver.lift(Normals(), Space((2,), levels=256))
