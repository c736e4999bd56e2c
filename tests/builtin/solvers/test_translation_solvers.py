"""Solvers of translate, on models whose latent vectors and laws are known."""

import pytest
import torch
from torch import Tensor

from genbench.builtin.solvers.latent_shift import ConditionalLatent, LatentShift
from genbench.builtin.solvers.sdedit import SdEdit
from genbench.contracts.answers import Translator
from genbench.contracts.model import Conditional, ConditionalDenoiser, Latent, Learner, Model
from genbench.contracts.training import TrainingData
from genbench.errors import Unsuitable
from genbench.records.space import Space

REALS = Space((2,), levels=None, classes=2)
LEVELS = Space((1, 1, 1), levels=256, classes=2)
MEANS = torch.tensor([[1.0, -2.0], [4.0, 0.5]])


class Shifted(Model, Latent, Conditional):
    """x ~ N(m_y, 0.1² I), z = 2 x: the latent vectors of the domains differ in their means alone."""

    name = "shifted"
    source = "none"
    latent_dim = 2

    def __init__(self, space: Space) -> None:
        super().__init__()

    def fit(self, data: TrainingData) -> None:
        pass

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return MEANS[labels] + 0.1 * torch.randn(n, 2)

    def encode(self, x: Tensor) -> Tensor:
        return 2 * x

    def render(self, z: Tensor) -> Tensor:
        return z / 2


class Uneven(Learner, ConditionalDenoiser):
    """Entries ~ N(m_y, s²) in [-1, 1]: E[x | x_σ, y] = (s² x_σ + σ² m_y) / (s² + σ²)."""

    name = "uneven"
    source = "none"
    means, deviation = torch.tensor([-0.5, 0.5]), 0.05

    def fit(self, data: TrainingData) -> None:
        pass

    @property
    def sigmas(self) -> Tensor:
        return torch.logspace(-4, 1.5, 400)

    def denoise(self, x: Tensor, sigma: Tensor, *, labels: Tensor | None = None) -> Tensor:
        m, noise, own = self.means[labels].view(-1, 1, 1, 1), sigma.view(-1, 1, 1, 1) ** 2, self.deviation**2
        return (own * x + noise * m) / (own + noise)


def test_a_latent_vector_is_moved_by_the_difference_of_the_means():
    able = LatentShift(samples=4000).lift(Shifted(REALS), REALS)
    assert isinstance(able, Translator)
    x, domain = MEANS[torch.tensor([0, 1, 0])] + torch.tensor([0.3, -0.1]), torch.tensor([1, 0, 1])
    found = able.translate(x, domain)
    expected = x + MEANS[domain] - MEANS[1 - domain]
    assert torch.allclose(found, expected, atol=6 * 0.1 * (2 / 4000) ** 0.5)


def test_the_means_are_the_same_each_time_and_draw_nothing_of_the_answers():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, two = (LatentShift(samples=3).lift(Shifted(REALS), REALS) for _ in range(2))
    assert torch.equal(one.shifts, two.shifts)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_whatever_has_latent_vectors_and_obeys_labels_can_be_moved():
    assert issubclass(Shifted, ConditionalLatent)
    assert not issubclass(Uneven, ConditionalLatent)


@pytest.mark.parametrize(("solver", "model"), [(LatentShift(), Shifted(REALS)), (SdEdit(), Uneven())])
def test_data_without_domains_are_declined(solver, model):
    with pytest.raises(Unsuitable, match="needs classes"):
        solver.lift(model, Space((1, 1, 1), levels=256))


def translated(t: float, domain: int, level: int = 64) -> Tensor:
    torch.manual_seed(0)
    able = SdEdit(t=t, steps=100).lift(Uneven(), LEVELS)
    x = torch.full((4000, 1, 1, 1), level)
    return able.translate(x, torch.full((4000,), domain)).double()


def test_no_noise_leaves_a_sample_what_it_is():
    assert (translated(0.0, 1) == 64).all()


def test_all_noise_makes_a_draw_of_the_domain():
    """Means ±½ of [-1, 1] are the levels 63.75 and 191.25, and the deviation is 0.05 · 255 / 2 of them."""
    for domain, mean in ((0, 63.75), (1, 191.25)):
        x = translated(1.0, domain)
        assert x.mean().item() == pytest.approx(mean, abs=0.5)
        assert x.std().item() == pytest.approx(0.05 * 255 / 2, rel=0.05)


def test_in_between_it_goes_part_of_the_way():
    means = [translated(t, 1).mean().item() for t in (0.3, 0.45, 0.55, 1.0)]
    assert means == sorted(means)
    assert 64 < means[1] < 180
