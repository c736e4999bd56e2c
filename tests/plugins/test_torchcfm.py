import warnings

import pytest
import torch

import genbench

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # docstrings of POT hold escapes that Python deprecates
    import torchcfm  # noqa: F401  # its imports warn
from genbench_flow_matching import FlowMatching
from genbench_torchcfm import TorchCFM

SPACE = genbench.Space((1, 2, 2), levels=256)
SMALL = {"width": 8}


@pytest.fixture(autouse=True)
def without_gradients():
    """Everything is called as the harness calls it."""
    with torch.no_grad():
        yield


def to_normal(mean, deviation):
    """A model that knows the velocity of independent data N(mean, deviation²): E[z - x | x_t]."""
    model = TorchCFM(SPACE, coupling="independent", **SMALL).eval()

    def velocity(x_t, t, label=None):
        t = t.view(-1, 1, 1, 1)
        variance = ((1 - t) * deviation).square() + t.square()
        return (t - (1 - t) * deviation**2) / variance * (x_t - (1 - t) * mean) - mean

    model.net.forward = velocity
    return model


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
    model.net.register_forward_pre_hook(lambda v, inputs: told.append(inputs[2]))
    model.loss(x, label)
    (t, x_t, u_t), y = told
    return t.view(-1, 1), x_t[:, :4], u_t[:, :4], y


def test_optimal_transport_shortens_the_paths_and_leaves_both_ends_as_they_are():
    images = torch.randint(0, 256, (400, 1, 2, 2))
    lengths = {}
    for coupling in ("independent", "exact"):
        t, x_t, u, _ = seen(coupling, images)
        x, z = x_t - t * u, x_t + (1 - t) * u
        lengths[coupling] = u.square().sum(1).mean().item()
        # 1,600 numbers: four standard errors of the mean and of the variance of N(0, 1).
        assert z.mean().item() == pytest.approx(0, abs=4 / 40)
        assert z.var().item() == pytest.approx(1, abs=4 * 2**0.5 / 40)
        scaled = 2 * images.flatten(1) / 255 - 1
        nearest = (x[:, None] - scaled).abs().amax(2).min(1).values
        assert nearest.max() < 1e-5  # they are images, to rounding
    # E|z - x|² of independent ends is 4 (1 + 1/3).
    assert lengths["independent"] == pytest.approx(16 / 3, rel=0.1)
    assert lengths["exact"] < 0.4 * lengths["independent"]


@pytest.mark.parametrize("coupling", ["exact", "independent"])
def test_noise_does_not_depend_on_the_class_and_each_class_goes_to_its_images(coupling):
    """Class 0 is dark and class 1 bright: transport across classes would keep the dark noise for the dark images."""
    label = torch.arange(2).repeat(200)
    t, x_t, u, y = seen(coupling, (255 * label).view(-1, 1, 1, 1).expand(-1, 1, 2, 2), label)
    x, z = x_t - t * u, x_t + (1 - t) * u
    torch.testing.assert_close(x, (2.0 * y - 1)[:, None].expand(-1, 4), atol=1e-5, rtol=0)  # rounding
    for i in range(2):
        assert z[y == i].mean().item() == pytest.approx(0, abs=4 * 1.5 / 800**0.5)  # some noise comes twice


def test_sigma_spreads_the_paths():
    x = torch.full((2_000, 1, 2, 2), 255)  # all images are 1: x_t - (1 - t) - t z is σ ε, and u is z - 1
    t, x_t, u, _ = seen("independent", x, sigma=0.5)
    strayed = x_t - (1 + t * u)
    assert strayed.std().item() == pytest.approx(0.5, rel=0.05)  # six standard errors


def test_a_short_fit_lowers_the_loss(ramps):
    space = genbench.Space((1, 4, 4), levels=4)
    data = ramps(space, 3_000)
    with torch.enable_grad():
        TorchCFM(space, **SMALL).fit(data)
    assert data.curve[-1]["loss"] < 0.85 * data.curve[0]["loss"]


def test_few_steps_are_offered_beside_the_samplers_of_flow_matching():
    assert TorchCFM.samplers == {**FlowMatching.samplers, "euler-5": {"method": "euler", "steps": 5}}
