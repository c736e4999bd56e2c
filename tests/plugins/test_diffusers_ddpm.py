"""The U-Net and the schedulers of diffusers behind the contract of a model."""

from types import SimpleNamespace

import pytest
import torch

import genbench

pytest.importorskip("diffusers")

from genbench_diffusers_ddpm import DiffusersDDPM

# The library hands torch's tensors to numpy 2 in a way that torch warns of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")
STEPS = {"ddpm": 100, "ddim-25": 25, "unipc-10": 10}
SHAPES = [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 9, 7), (1, 2, 2), (3, 1, 3)]


def knowing(images):
    """A model whose network knows the only image of each class, and the list of times that it is asked about."""
    model, asked = DiffusersDDPM(genbench.Space((1, 2, 2), levels=17, classes=len(images)), width=8).eval(), []

    def v_of_images(x_t, t, label):
        asked.append(t.item())
        alpha_bar = model.noising.alphas_cumprod[t]
        v = (alpha_bar.sqrt() * x_t - (images[label] / 8 - 1)) / (1 - alpha_bar).sqrt()
        return SimpleNamespace(sample=v)

    model.unet.forward = v_of_images
    return model, asked


@pytest.mark.parametrize("sampler", STEPS)
def test_where_the_network_knows_the_image_of_each_class_each_scheduler_draws_it_in_its_steps(sampler):
    images = torch.tensor([[[[0, 16], [5, 9]]], [[[3, 3], [16, 0]]]])
    model, asked = knowing(images)
    labels = torch.tensor([1, 0, 0, 1])
    assert torch.equal(model.sample(4, labels=labels, **DiffusersDDPM.samplers[sampler]), images[labels])
    assert len(asked) == STEPS[sampler]
    assert asked == sorted(asked, reverse=True)
    assert asked[0] == 99  # from pure noise


def test_a_short_fit_lowers_the_loss(digits):
    data = digits(3_000)
    DiffusersDDPM(data.space, width=8).fit(data)
    losses = [point["loss"] for point in data.curve]
    assert sum(losses[-10:]) < 0.75 * sum(losses[:10])
