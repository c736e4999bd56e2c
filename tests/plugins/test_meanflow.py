import math

import pytest
import torch
from genbench_meanflow import PACE, MeanFlow

import genbench

SPACE = genbench.Space((1, 2, 2), levels=256)
SMALL = {"width": 8, "depth": 1}
MEAN, DEVIATION = 0.2, 0.3


def to_normal(s=DEVIATION, **settings):
    """A float64 model that knows the mean velocity of data N(0.2, s²).

    The flow keeps the distance to the mean in deviations, which are σ_t = √(((1 - t) s)² + t²): z_r is known from z_t.
    """
    model = MeanFlow(SPACE, **SMALL, **settings).double().eval()

    def mean_velocity(z, times, label=None):
        t, r = (q.view(-1, 1, 1, 1) for q in (times[:, 0] / PACE, (times[:, 0] - times[:, 1]) / PACE))
        sigma = [(((1 - q) * s).square() + q.square()).sqrt() for q in (t, r)]
        z_r = (1 - r) * MEAN + sigma[1] / sigma[0] * (z - (1 - t) * MEAN)
        now = (t - (1 - t) * s**2) / sigma[0].square() * (z - (1 - t) * MEAN) - MEAN
        return torch.where(t > r, (z - z_r) / (t - r).clamp(min=1e-12), now)

    model.net.forward = mean_velocity
    return model


def scrambled(space, **settings):
    """A float64 model whose zero-initialised layers got random weights."""
    model = MeanFlow(space, **{**SMALL, **settings}).double().eval()
    for parameter in model.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return model


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_under_the_true_mean_velocity_one_step_goes_as_far_as_many(steps):
    z = torch.linspace(-2, 2, 12, dtype=torch.float64).view(3, 1, 2, 2)
    torch.testing.assert_close(to_normal().carried(z, steps), MEAN + DEVIATION * z)


def test_the_true_mean_velocity_is_its_own_target():
    """Eq. 6: u = v - (t - r) du/dt, along the marginal velocity u(z, t, t)."""
    model, z = to_normal(spans=1.0), torch.randn(200, 1, 2, 2, dtype=torch.float64)
    r, t = (0.05 + 0.9 * torch.rand(200, 2, dtype=torch.float64)).sort(dim=1).values.unbind(1)
    v = model.u(z, t, t, None)
    # The difference is central with a half step of .005: its error is of the order of its square, by third derivatives.
    torch.testing.assert_close(model.target(z, v, r, t, None), model.u(z, r, t, None), atol=2e-3, rtol=0)


@pytest.mark.filterwarnings("ignore:`torch.jit.script:FutureWarning")  # torch's, when forward differentiation is loaded
def test_the_slope_is_the_jacobian_vector_product():
    model = scrambled(genbench.Space((1, 4, 4), levels=4, classes=2))
    z, v = torch.randn(2, 5, 1, 4, 4, dtype=torch.float64)
    r, t, label = torch.full((5,), 0.2).double(), torch.linspace(0.3, 0.9, 5).double(), torch.tensor([0, 1, 0, 1, 1])
    tangents = (v, torch.zeros_like(r), torch.ones_like(t))
    _, exact = torch.func.jvp(lambda z, r, t: model.u(z, r, t, label), (z, r, t), tangents)
    difference = (model.slope(z, v, r, t, label) - exact).norm() / exact.norm()
    assert difference < 0.01  # third derivatives, of sines that turn by 20 radians a unit of t


def test_the_true_mean_velocity_has_the_least_loss():
    """Least squares: of a wrong deviation, and of the velocity of now in place of the mean, the loss is higher."""
    x = ((1.2 + 0.3 * torch.randn(4_000, 1, 2, 2)) * 127.5).round().long()  # integers, some beyond the levels
    losses = []
    for s in (0.2, 0.3, 0.45):
        torch.manual_seed(1)
        losses.append(to_normal(s, power=0.0).loss(x).item())
    assert losses[1] == min(losses)


def test_only_the_first_rows_span_time_and_the_others_learn_the_velocity():
    model = MeanFlow(SPACE, **SMALL, spans=0.25)
    r, t = model.times(64, torch.device("cpu"))
    assert (r[:16] < t[:16]).all()
    assert torch.equal(r[16:], t[16:])
    assert r.min() > 0
    assert t.max() < 1
    z, v = torch.randn(2, 64, 1, 2, 2)
    assert torch.equal(scrambled(SPACE, spans=0.25).target(z.double(), v.double(), r, t, None)[16:], v[16:].double())


def test_targets_have_no_gradients_and_leave_the_network_training():
    model = scrambled(SPACE, spans=1.0).train()
    z, v = torch.randn(2, 3, 1, 2, 2, dtype=torch.float64)
    r, t = torch.full((3,), 0.1).double(), torch.full((3,), 0.7).double()
    assert not model.target(z, v, r, t, None).requires_grad
    assert model.net.training


def test_the_adaptive_weight_divides_each_error_by_its_power_and_passes_no_gradient():
    x, losses = torch.randint(256, (50, 1, 2, 2)), []
    for power in (0.0, 0.5, 1.0):
        model = MeanFlow(SPACE, **SMALL, spans=0.0, power=power)
        model.net.load_state_dict(MeanFlow(SPACE, **SMALL).net.state_dict())
        model.net.head[-1].bias.data.zero_()
        torch.manual_seed(3)
        losses.append(model.loss(x))
    assert losses[2].item() == pytest.approx(1, abs=0.01)  # |Δ|² / (|Δ|² + c), with |Δ|² about 5
    assert 1 < losses[1] < losses[0]
    losses[2].backward()
    assert model.net.head[-1].bias.grad.abs().max() > 0.002  # the numerator's alone; of the quotient it would be 1e-4


def test_samples_follow_the_class_and_classes_come_as_often_as_in_training():
    """Each class y is one image, at y / 2 - 0.5: u = (z - x) / t, the same between any two times."""
    model = MeanFlow(genbench.Space((1, 1, 1), levels=256, classes=3), **SMALL).eval()
    model.net.share.copy_(torch.tensor([0.2, 0.5, 0.3]))
    model.net.forward = lambda z, times, label: (
        (z - (label / 2 - 0.5).view(-1, 1, 1, 1)) * PACE / times[:, :1, None, None]
    )
    labels, levels = torch.tensor([2, 0, 1, 1]), torch.tensor([64, 128, 191])
    for sampler in MeanFlow.samplers.values():
        assert (model.sample(4, labels=labels, **sampler).flatten() - levels[labels]).abs().max() <= 1
        found = (model.sample(1_000, **sampler).flatten()[:, None] - levels).abs().argmin(1).bincount() / 1_000
        assert found.tolist() == pytest.approx([0.2, 0.5, 0.3], abs=4 * (0.25 / 1_000) ** 0.5)  # four standard errors


@pytest.mark.parametrize(("preset", "evaluations"), [("mean-1", 1), ("mean-2", 2), ("mean-4", 4)])
def test_presets_ask_the_network_once_a_step(preset, evaluations):
    model, asked = MeanFlow(genbench.Space((1, 4, 4), levels=4), **SMALL).eval(), []
    model.net.register_forward_hook(lambda *_: asked.append(1))
    model.sample(2, **MeanFlow.samplers[preset])
    assert len(asked) == evaluations


def test_latent_vectors_render_to_levels_with_gradients():
    space = genbench.Space((1, 4, 4), levels=5, classes=2)
    model = scrambled(space).float()
    z = torch.randn(3, model.latent_dim, requires_grad=True)
    assert model.latent_dim == 18
    shown = model.render(z)
    assert shown.shape == (3, 1, 4, 4)
    assert 0 <= shown.min() <= shown.max() <= 4
    shown.sum().backward()
    assert math.isfinite(z.grad.norm())
    assert z.grad.norm() > 0


def test_a_short_fit_lowers_the_loss(ramps):
    space = genbench.Space((1, 4, 4), levels=4)
    data = ramps(space, 3_000)
    MeanFlow(space, **SMALL).fit(data)
    assert data.curve[-1]["loss"] < 0.9 * data.curve[0]["loss"]
    assert data.seen == 3_000 // 32 * 32
