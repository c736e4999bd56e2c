"""What the first-party densities do for large images and large sets: fewer channels, looks at a part of the rows."""

import genbench_pixelcnn
import genbench_realnvp
import genbench_training
import genbench_vae
import pytest
import torch
from genbench_networks import Mix, narrowed, spared

import genbench

MODULES = [genbench_pixelcnn, genbench_realnvp, genbench_vae]


def widest(model: torch.nn.Module) -> int:
    """Channels that its first 3×3 convolution or half of one makes."""
    return next(m.out_channels for m in model.modules() if isinstance(m, torch.nn.Conv2d) and m.kernel_size[1] > 1)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_large_images_pass_through_fewer_channels(module):
    cls = module.genbench_models()[0]
    small, large = (widest(cls(genbench.Space((1, side, side), levels=4), width=32)) for side in (8, 28))
    assert (small, large) == (32, 16)


def test_nothing_smaller_than_eight_by_eight_gets_more_channels_and_nothing_less_than_asked_for_grows():
    assert [narrowed(24, (1, side, side)) for side in (2, 8, 28, 32, 256)] == [24, 24, 16, 16, 8]
    assert [narrowed(width, (3, 28, 28)) for width in (4, 8, 32, 64)] == [4, 8, 16, 32]


def test_a_look_at_the_validation_split_passes_over_few_rows(digits, monkeypatch):
    """`valid` has 299 digits; what is told is of those that were seen."""
    data, seen = digits(64), []
    monkeypatch.setattr(genbench_training, "VALIDATED", 50)
    told = genbench_training.validated(
        torch.nn.Identity(), data, lambda _, x, y: seen.append(len(x)) or y.double() - data.space.dim, batch=32
    )
    assert seen == [32, 32]
    labels = data.valid.y[:64].double()
    assert told == pytest.approx(1 - labels.mean().item() / data.space.dim, rel=1e-6)


@pytest.mark.parametrize(("passes", "kept"), [(2, 0.02), (50, 0.5), (100, 1), (1000, 1)])
def test_dropout_is_for_what_is_seen_often(passes, kept):
    model = torch.nn.Sequential(torch.nn.Dropout(0.4), torch.nn.Sequential(torch.nn.Dropout2d(0.2)))
    spared(model, passes)
    assert [model[0].p, model[1][0].p] == pytest.approx([0.4 * kept, 0.2 * kept])


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_a_short_fit_turns_dropout_down(module, digits):
    data = digits(640)
    model = module.genbench_models()[0](data.space, width=8, batch=32, dropout=0.5)
    model.fit(data)
    drops = [m.p for m in model.modules() if isinstance(m, torch.nn.Dropout | torch.nn.Dropout2d)]
    assert drops == pytest.approx([0.5 * 640 / len(data.train) / 100] * len(drops))
    assert drops


@pytest.mark.parametrize("size", [(1, 1), (7, 5)])
def test_a_mix_is_a_pointwise_convolution(size):
    mix, x = Mix(3, 6), torch.randn(4, 3, *size)
    torch.testing.assert_close(mix(x), torch.nn.functional.conv2d(x, mix.weight, mix.bias))
