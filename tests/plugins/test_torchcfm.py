import itertools
import math
import warnings

import pytest
import torch

import genbench

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # docstrings of POT hold escapes that Python deprecates
    import torchcfm  # noqa: F401  # its imports warn
from genbench_torchcfm import TorchCFM

SPACE = genbench.Space((1, 2, 2), levels=256)
SMALL = {"width": 8, "depth": 1}


@pytest.fixture(autouse=True)
def without_gradients():
    """Everything is called as the harness calls it."""
    with torch.no_grad():
        yield


def to_normal(mean, deviation):
    """A model that knows the velocity of independent data N(mean, deviation²): E[x_1 - x_0 | x_t]."""
    model = TorchCFM(SPACE, coupling="independent", **SMALL).eval()

    def velocity(x_t, t, label=None):
        t = t.view(-1, 1, 1, 1)
        variance = (t * deviation).square() + (1 - t).square()
        return mean + (t * deviation**2 - (1 - t)) / variance * (x_t - t * mean)

    model.v.forward = velocity
    return model


@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("midpoint", 2)])
def test_under_the_true_velocity_noise_becomes_the_data_and_the_error_falls_with_the_step(method, order):
    """The flow between two normals in one dimension keeps the order: x_0 goes to mean + deviation x_0."""
    model, x_0 = to_normal(0.2, 0.3), torch.linspace(-2, 2, 12).view(3, 1, 2, 2)
    wrong = [(model.carried(x_0, (0, 1), None, method, n) - (0.2 + 0.3 * x_0)).abs().max().item() for n in (10, 20, 40)]
    for coarse, fine in itertools.pairwise(wrong):
        assert math.log2(coarse / fine) > order - 0.35


def test_the_way_back_undoes_the_way():
    model = to_normal(-0.1, 0.5)
    x = torch.randint(100, 156, (5, 1, 2, 2))
    # The error of twenty steps of the midpoint method each way, in levels.
    assert (model.render(model.encode(x)) - x).abs().max() < 1


def test_the_true_velocity_has_the_least_loss():
    x = ((1.2 + 0.3 * torch.randn(4_000, 1, 2, 2)) * 127.5).round().long()  # integers, some beyond the levels
    losses = []
    for deviation in (0.2, 0.3, 0.45):
        torch.manual_seed(1)
        losses.append(to_normal(0.2, deviation).loss(x).item())
    assert losses[1] == min(losses)
    torch.manual_seed(1)
    assert to_normal(0.1, 0.3).loss(x) > losses[1]


def seen(coupling, x, label=None, sigma=0.0):
    """t, x_t, u_t and the classes that the loss of integers x puts to the network and holds it against."""
    space = genbench.Space(SPACE.shape, SPACE.levels, classes=None if label is None else 2)
    model, told = TorchCFM(space, coupling=coupling, sigma=sigma, **SMALL), []
    asked = model.matcher.sample_location_and_conditional_flow
    model.matcher.sample_location_and_conditional_flow = lambda *ends: told.append(asked(*ends)) or told[0]
    model.v.register_forward_pre_hook(lambda v, inputs: told.append(inputs[2]))
    model.loss(x, label)
    (t, x_t, u_t), y = told
    return t.view(-1, 1), x_t[:, :4], u_t[:, :4], y


def test_optimal_transport_shortens_the_paths_and_leaves_both_ends_as_they_are():
    x = torch.randint(0, 256, (400, 1, 2, 2))
    lengths = {}
    for coupling in ("independent", "exact"):
        t, x_t, u, _ = seen(coupling, x)
        x_0, x_1 = x_t - t * u, x_t + (1 - t) * u
        lengths[coupling] = u.square().sum(1).mean().item()
        # 1,600 numbers: four standard errors of the mean and of the variance of N(0, 1).
        assert x_0.mean().item() == pytest.approx(0, abs=4 / 40)
        assert x_0.var().item() == pytest.approx(1, abs=4 * 2**0.5 / 40)
        scaled = 2 * x.flatten(1) / 255 - 1
        nearest = (x_1[:, None] - scaled).abs().amax(2).min(1).values
        assert nearest.max() < 1e-5  # they are images, to rounding
    # E|x_1 - x_0|² of independent ends is 4 (1 + 1/3).
    assert lengths["independent"] == pytest.approx(16 / 3, rel=0.1)
    assert lengths["exact"] < 0.4 * lengths["independent"]


@pytest.mark.parametrize("coupling", ["exact", "independent"])
def test_noise_does_not_depend_on_the_class_and_each_class_goes_to_its_images(coupling):
    """Class 0 is dark and class 1 bright: transport across classes would keep the dark noise for the dark images."""
    label = torch.arange(2).repeat(200)
    t, x_t, u, y = seen(coupling, (255 * label).view(-1, 1, 1, 1).expand(-1, 1, 2, 2), label)
    x_0, x_1 = x_t - t * u, x_t + (1 - t) * u
    torch.testing.assert_close(x_1, (2.0 * y - 1)[:, None].expand(-1, 4), atol=1e-5, rtol=0)  # rounding
    for i in range(2):
        assert x_0[y == i].mean().item() == pytest.approx(0, abs=4 * 1.5 / 800**0.5)  # some noise comes twice


def test_sigma_spreads_the_paths():
    x = torch.full((2_000, 1, 2, 2), 255)  # all images are 1: x_t - t - (1 - t) x_0 is σ ε, and u is 1 - x_0
    t, x_t, u, _ = seen("independent", x, sigma=0.5)
    strayed = x_t - (1 - (1 - t) * u)
    assert strayed.std().item() == pytest.approx(0.5, rel=0.05)  # six standard errors


def test_a_short_fit_lowers_the_loss(ramps):
    space = genbench.Space((1, 4, 4), levels=4)
    data = ramps(space, 3_000)
    with torch.enable_grad():
        TorchCFM(space, **SMALL).fit(data)
    assert data.curve[-1]["loss"] < 0.85 * data.curve[0]["loss"]


@pytest.mark.parametrize("method", ["euler", "midpoint"])
def test_samples_follow_the_flow_of_their_class_and_classes_come_as_often_as_in_training(method):
    """Each class y is the image y / 2 - 0.5 alone: x_1 - x_0 is told from x_t and y."""
    model = TorchCFM(genbench.Space((1, 1, 1), levels=256, classes=3), **SMALL).eval()
    model.v.share.copy_(torch.tensor([0.2, 0.5, 0.3]))
    model.v.forward = lambda x_t, t, y: ((y / 2 - 0.5).view(-1, 1, 1, 1) - x_t) / (1 - t).view(-1, 1, 1, 1)
    labels, levels = torch.tensor([2, 0, 1, 1]), torch.tensor([64, 128, 191])
    assert (model.sample(4, labels=labels, method=method).flatten() - levels[labels]).abs().max() <= 1
    found = (model.sample(1_000, method=method).flatten()[:, None] - levels).abs().argmin(1).bincount() / 1_000
    assert found.tolist() == pytest.approx([0.2, 0.5, 0.3], abs=4 * (0.25 / 1_000) ** 0.5)  # four standard errors


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 9, 7)], ids=str)
def test_a_reloaded_model_draws_the_same_samples_in_as_many_evaluations_as_the_method_takes(shape, reloaded):
    model = TorchCFM(genbench.Space(shape, levels=5), **SMALL).eval()
    model.v.head[-1].weight.normal_()
    calls = []
    for method, evaluations in (("euler", 3), ("midpoint", 6)):
        drawn = []
        for m in (model, reloaded(model, **SMALL)):
            calls.clear()
            m.v.register_forward_hook(lambda *_: calls.append(1))
            torch.manual_seed(7)
            drawn.append(m.sample(3, method=method, steps=3))
            m.v._forward_hooks.clear()
            assert len(calls) == evaluations
        assert torch.equal(*drawn)
        assert drawn[0].shape == (3, *shape)
        assert drawn[0].dtype == torch.int64
        assert 0 <= drawn[0].min() <= drawn[0].max() < 5


@pytest.mark.parametrize("space", [genbench.Space((1, 2, 2), levels=None), genbench.Space((5,))], ids=str)
def test_what_is_no_image_of_integers_is_unsuitable(space):
    with pytest.raises(genbench.Unsuitable, match="2 or more levels"):
        TorchCFM(space)
