import itertools
import math

import pytest
import torch
from genbench_flow_matching import FlowMatching

import genbench

SPACE = genbench.Space((1, 2, 2), levels=256)
SMALL = {"width": 8, "depth": 1}


def to_normal(mean, deviation):
    """A model that knows the velocity of data N(mean, deviation²): E[z - x | x_t] is linear in x_t."""
    model = FlowMatching(SPACE, **SMALL).eval()

    def velocity(x_t, t, label=None):
        t = t.view(-1, 1, 1, 1)
        variance = ((1 - t) * deviation).square() + t.square()
        return (t - (1 - t) * deviation**2) / variance * (x_t - (1 - t) * mean) - mean

    model.net.forward = velocity
    return model


@pytest.mark.parametrize("method", ["euler", "midpoint"])
def test_under_the_true_velocity_noise_becomes_the_data_and_the_error_falls_with_the_step(method):
    """The flow between two normals in one dimension keeps the order: z goes to mean + deviation z."""
    model, z = to_normal(0.2, 0.3), torch.linspace(-2, 2, 12).view(3, 1, 2, 2)
    wrong = []
    for steps in (10, 20, 40):
        x = model.carried(z, (1.0, 0.0), method, steps)
        wrong.append((x - (0.2 + 0.3 * z)).abs().max().item())
    order = {"euler": 1, "midpoint": 2}[method]
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


def test_samples_follow_the_flow_of_their_class_and_classes_come_as_often_as_in_training():
    """Each class y is N(y / 2 - 0.5, 0.01²): z - x is told from x_t and y."""
    model = FlowMatching(genbench.Space((1, 1, 1), levels=256, classes=3), **SMALL).eval()
    model.net.share.copy_(torch.tensor([0.2, 0.5, 0.3]))
    model.net.forward = lambda x_t, t, label: (x_t - (label / 2 - 0.5).view(-1, 1, 1, 1)) / t.view(-1, 1, 1, 1)
    labels = torch.tensor([2, 0, 1, 1])
    levels = torch.tensor([64, 128, 191])
    for sampler in FlowMatching.samplers.values():
        assert (model.sample(4, labels=labels, **sampler).flatten() - levels[labels]).abs().max() <= 1
        found = (model.sample(1_000, **sampler).flatten()[:, None] - levels).abs().argmin(1).bincount() / 1_000
        assert found.tolist() == pytest.approx([0.2, 0.5, 0.3], abs=4 * (0.25 / 1_000) ** 0.5)  # four standard errors


def test_a_short_fit_lowers_the_loss(ramps):
    space = genbench.Space((1, 4, 4), levels=4)
    data = ramps(space, 3_000)
    FlowMatching(space, **SMALL).fit(data)
    assert data.curve[-1]["loss"] < 0.7 * data.curve[0]["loss"]
    assert data.seen == 3_000 // 32 * 32
