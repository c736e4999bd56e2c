"""ddnm, inversion, ancestral and importance on models whose posterior is known."""

import itertools
import math
from typing import ClassVar

import pytest
import torch
from analytic import Gaussian, Turned

from genbench.builtin.operators import OPERATORS
from genbench.builtin.operators.crop import Crop
from genbench.builtin.operators.hdr import HighDynamicRange
from genbench.builtin.solvers.ancestral import Ancestral
from genbench.builtin.solvers.ddnm import Ddnm
from genbench.builtin.solvers.evaluations import most_evaluations
from genbench.builtin.solvers.importance import Importance, tempered
from genbench.builtin.solvers.inversion import Inversion
from genbench.contracts.model import Conditional, Decoder, Model, Sequential
from genbench.errors import Unsuitable
from genbench.records.kinds import Family
from genbench.records.space import Space

IMAGE = Space((1, 4, 4), levels=1001)
TINY = Space((4,), levels=3)
LAW = torch.rand(3**4, generator=torch.Generator().manual_seed(0)).double() ** 3
LAW = (LAW / LAW.sum()).view(3, 3, 3, 3)  # of all four entries


class Table(Sequential):
    """The law of entry i given those before it, from the table of all."""

    def next(self, x, i):
        rows = []
        for row in x:
            law = LAW[tuple(row[:i].tolist())]
            rows.append(law.flatten(1).sum(1) if law.dim() > 1 else law)
        return torch.stack(rows).log()


class Tabled(Model):
    """Draws from the table."""

    name, family, source = "tabled", Family.BASELINE, "here"
    samplers: ClassVar = {"first": {"power": 1}}

    def fit(self, data): ...

    def sample(self, n, *, labels=None, power=3):
        self.asked = n, labels, power
        which = torch.multinomial(LAW.flatten(), n, replacement=True)
        return torch.stack([which // 27, which // 9 % 3, which // 3 % 3, which % 3], dim=1)


def shares(x) -> torch.Tensor:
    """How often each of the nine ends of a row of the tiny Space was drawn, [3, 3]."""
    return torch.bincount(3 * x[:, 2] + x[:, 3], minlength=9).double().view(3, 3) / len(x)


@pytest.mark.parametrize("start", [(0, 0), (1, 2), (2, 1)])
def test_ancestral_completion_draws_from_the_exact_law_of_the_rest(start):
    torch.manual_seed(0)
    operator = Crop(TINY)
    y = torch.tensor([[*start, 0, 0]]).float().repeat(40, 1)
    x = Ancestral().lift(Table(), TINY).restore(y, operator, 100).flatten(0, 1)
    assert (x[:, :2] == torch.tensor(start)).all()
    law = LAW[start] / LAW[start].sum()
    assert (shares(x) - law).abs().max() < 4 * 0.5 / math.sqrt(4000)


def test_ancestral_keeps_within_the_bounds_of_what_is_clipped():
    """Levels 0 … 4, clipped from 2 up: what is drawn there is one of 2, 3, 4, by the model's weights."""
    space = Space((2,), levels=5)

    class Falling(Sequential):
        def next(self, x, i):
            return -torch.arange(5.0).expand(len(x), 5)

    torch.manual_seed(0)
    operator, y = HighDynamicRange(space), torch.tensor([[4.0, 2.0]])
    x = Ancestral().lift(Falling(), space).restore(y, operator, 5000)[0]
    assert set(x[:, 1].tolist()) == {1}
    found = torch.bincount(x[:, 0], minlength=5).double() / 5000
    assert found.tolist() == pytest.approx([0, 0, *torch.tensor([0.0, -1, -2]).softmax(0).tolist()], abs=0.03)


def test_where_the_model_gives_no_weight_to_what_is_allowed_any_of_it_is_drawn():
    class Sure(Sequential):
        def next(self, x, i):
            return torch.tensor([0.0, -math.inf, -math.inf, -math.inf, -math.inf]).expand(len(x), 5)

    space = Space((1,), levels=5)
    x = Ancestral().lift(Sure(), space).restore(torch.tensor([[4.0]]), HighDynamicRange(space), 300)
    assert set(x.flatten().tolist()) == {2, 3, 4}


@pytest.mark.parametrize("name", ["sr2", "blur"])
def test_ancestral_refuses_what_mixes_entries_and_what_has_no_levels(name):
    operator = OPERATORS[name](IMAGE)
    with pytest.raises(Unsuitable, match="mixes entries"):
        Ancestral().lift(Table(), IMAGE).restore(torch.zeros(1, *operator.shape), operator, 1)
    with pytest.raises(Unsuitable, match="levels"):
        Ancestral().lift(Table(), Space((4,), levels=None))


def test_importance_comes_to_the_exact_posterior_with_many_samples_and_little_noise():
    torch.manual_seed(0)
    solver = Importance(particles=40_000, noise=0.01)
    x = solver.lift(Tabled(), TINY).restore(torch.tensor([[1.0, 2, 0, 0]]), Crop(TINY), 4000)[0]
    assert (x[:, :2] == torch.tensor([1, 2])).all()
    law = LAW[1, 2] / LAW[1, 2].sum()
    assert (shares(x) - law).abs().max() < 0.06  # some thousand samples agree, of which 4000 are drawn


def test_importance_draws_as_the_first_preset_says_and_a_batch_shares_the_samples():
    model = Tabled()
    Importance(particles=50).lift(model, Space((4,), levels=3, classes=2)).restore(torch.zeros(7, 4), Crop(TINY), 2)
    assert model.asked == (50, None, 1)


def test_importance_draws_labels_where_the_model_obeys_them():
    class Labelled(Tabled, Conditional):
        pass

    model = Labelled()
    Importance(particles=50).lift(model, Space((4,), levels=3, classes=2)).restore(torch.zeros(1, 4), Crop(TINY), 2)
    assert set(model.asked[1].tolist()) == {0, 1}


def test_weights_are_tempered_until_enough_are_left_and_no_further():
    log_weights = torch.stack([-torch.arange(50.0).double() * 10, -torch.arange(50.0).double() * 1e-3])
    weights = tempered(log_weights, 8)
    sizes = 1 / weights.square().sum(1)
    assert sizes[0].item() == pytest.approx(8, rel=1e-6)
    torch.testing.assert_close(weights[1], log_weights[1].softmax(0))  # enough as they are
    assert (weights.diff(dim=1) <= 0).all()


@pytest.mark.parametrize("name", ["box", "crop"])
def test_ddnm_of_independent_entries_draws_the_hidden_ones_from_the_prior(name):
    """Of x ~ N(m, s² I) nothing that is known says anything of the rest: that posterior ddnm has to get right."""
    torch.manual_seed(0)
    model, operator = Gaussian(mean=0.1, spread=0.2), OPERATORS[name](IMAGE)
    y = operator.measure(torch.full((50, *IMAGE.shape), 700.0))
    x = Ddnm(steps=200).lift(model, IMAGE).restore(y, operator, 20)
    hidden = operator.hidden(y)[0].bool()
    assert (x[..., ~hidden] == 700).all()
    drawn = x[..., hidden].double()
    assert drawn.mean().item() == pytest.approx(550, abs=4)  # (0.1 + 1) / 2 · 1000
    assert drawn.std().item() == pytest.approx(100, rel=0.06)  # 200 steps


def test_ddnm_of_means_has_the_posteriors_mean_and_spread():
    """Of x ~ N(m, s² I) the mean of a block tells where the block lies; in it, entries are off by s² (1 - 1/4)."""
    torch.manual_seed(0)
    model, operator = Gaussian(mean=0.0, spread=0.2), OPERATORS["sr2"](IMAGE)
    y = operator.measure(torch.full((50, *IMAGE.shape), 600.0))
    x = Ddnm(steps=200).lift(model, IMAGE).restore(y, operator, 20).double()
    assert operator.measure(x.flatten(0, 1)).sub(600).abs().max() <= 0.5
    assert (x - 600).square().mean().sqrt().item() == pytest.approx(100 * math.sqrt(3 / 4), rel=0.06)


def test_ddnm_takes_as_many_evaluations_a_draw_as_it_was_told():
    model, operator = Gaussian(), Crop(IMAGE)
    Ddnm(steps=7).lift(model, IMAGE).restore(torch.zeros(3, *IMAGE.shape), operator, 5)
    assert len(model.asked) == 5 * 7
    with pytest.raises(Unsuitable, match="2 or more levels"):
        Ddnm().lift(model, Space((4,), levels=None))


def test_inversion_finds_the_latent_vector_that_renders_what_was_measured():
    """x = z R: its entries are independent, so that of the other one the most probable value is 0."""
    torch.manual_seed(0)
    space = Space((2,), levels=None)
    model = Turned(levels=None, scale=1.0)
    y = torch.tensor([[1.7, 0.0], [-0.4, 0.0]])
    with torch.no_grad():
        x = Inversion(steps=300, noise=1.0).lift(model, space).restore(y, Crop(space), 3)
    assert x.shape == (2, 3, 2)
    torch.testing.assert_close(x[..., 0], y[:, :1].expand(2, 3), rtol=0, atol=1e-5)
    assert x[..., 1].abs().max() < 0.01


def test_inversion_keeps_the_best_of_its_starts():
    class Folded(Turned):
        """Two latent values for each x_0: (z - 1)² = 4 where z is -1 or 3, of which the first is more probable."""

        def render(self, z):
            return torch.cat([(z[:, :1] - 1).square(), z[:, :1]], dim=1)

    torch.manual_seed(0)
    space = Space((2,), levels=None)
    y = torch.tensor([[4.0, 0]]).repeat(64, 1)
    with torch.no_grad():
        few, many = (
            Inversion(steps=150, restarts=restarts, noise=0.1)
            .lift(Folded(levels=None), space)
            .restore(y, Crop(space), 1)[:, 0]
            for restarts in (1, 8)
        )
    share = ((few[:, 1] + 1).abs() < 0.1).float().mean().item()
    assert 0.5 < share < 0.95  # starts above 1, one in six, go to 3
    assert (many[:, 1] + 1).abs().max() < 0.1
    assert torch.equal(many[:, 0], y[:, 0])


@pytest.mark.parametrize(("steps", "refused"), [(10, False), (11, True)])
def test_inversion_refuses_a_chain_of_many_evaluations(steps, refused):
    class Chain(torch.nn.Module, Decoder):
        latent_dim = 2

        def __init__(self):
            super().__init__()
            self.net = torch.nn.Linear(2, 2)

        def render(self, z):
            for _ in range(steps):
                z = self.net(z)
            return z

    model = Chain()
    assert most_evaluations(model, lambda: model.render(torch.zeros(1, 2))) == steps
    assert not model.net._forward_hooks
    if refused:
        with pytest.raises(Unsuitable, match="in 11 evaluations of a network"):
            Inversion().lift(model, Space((2,), levels=None))
    else:
        Inversion().lift(model, Space((2,), levels=None))


@pytest.mark.parametrize("name", ["box", "crop", "sr2", "blur", "hdr"])
def test_what_solvers_restore_are_levels_that_agree(name):
    torch.manual_seed(0)
    space = Space((1, 4, 4), levels=5)
    operator = OPERATORS[name](space)
    y = operator.measure(torch.randint(5, (6, *space.shape)).float())

    class Uniform(Tabled, Sequential):
        def sample(self, n, *, labels=None, power=1):
            return torch.randint(5, (n, *space.shape))

        def next(self, x, i):
            return torch.zeros(len(x), 5)

        latent_dim = 16

        def render(self, z):
            return 4 * z.sigmoid().view(-1, *space.shape)

    solvers = [(Ddnm(steps=5), Gaussian()), (Importance(particles=20), Uniform()), (Inversion(steps=5), Uniform())]
    solvers += [(Ancestral(), Uniform())] if name in ("box", "crop", "hdr") else []
    for solver, model in solvers:
        with torch.no_grad():
            x = solver.lift(model, space).restore(y, operator, 3)
        assert x.shape == (6, 3, 1, 4, 4)
        assert x.dtype == torch.int64
        assert 0 <= x.min() <= x.max() <= 4
        for i in range(3):
            off = (operator.measure(x[:, i].float()) - y).square().mean().sqrt().item()
            assert off <= 2 * operator.rounding
        assert len({x[:, i].numpy().tobytes() for i in range(3)}) == 3


def test_draws_of_different_questions_and_of_one_are_no_copies_of_each_other():
    torch.manual_seed(0)
    operator, model = Crop(IMAGE), Gaussian()
    x = Ddnm(steps=5).lift(model, IMAGE).restore(torch.full((2, *IMAGE.shape), 500.0), operator, 2).flatten(0, 1)
    assert all(not torch.equal(a, b) for a, b in itertools.combinations(x, 2))


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_evaluations_are_counted_in_torchscript_as_well():
    x = torch.zeros(1, 2)
    model = torch.nn.Sequential(torch.jit.trace(torch.nn.Linear(2, 2), x))
    assert most_evaluations(model, lambda: model(model(x))) == 2
    assert most_evaluations(object(), lambda: None) == 0
