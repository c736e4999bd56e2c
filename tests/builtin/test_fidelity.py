"""torch-fidelity's networks as extractors: the same numbers as its own classes, weights from a file or not at all."""

import os
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from timm.models.vision_transformer import VisionTransformer as TimmTransformer
from torch import Tensor, nn
from torch_fidelity import feature_extractor_clip, feature_extractor_inceptionv3
from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x

from genbench.builtin.extractors.clean import InceptionV3Clean
from genbench.builtin.extractors.clip import ClipVitB32
from genbench.builtin.extractors.dinov2 import DinoV2VitL14, VisionTransformer, prepared
from genbench.builtin.extractors.fidelity import Fidelity
from genbench.builtin.extractors.inception import LAYERS, InceptionV3Compat, Pooled, up_to
from genbench.builtin.extractors.vgg16 import Vgg16
from genbench.errors import GenbenchError, Unsuitable
from genbench.files.atomic import sha256_of
from genbench.records.space import Space

CPU = torch.device("cpu")
GREY, COLOUR = Space((1, 28, 28), 256, 10), Space((3, 32, 32), 256, 10)
ALL = [InceptionV3Compat, Vgg16, DinoV2VitL14, ClipVitB32]


def images(count: int, *shape: int) -> Tensor:
    """Random uint8 images."""
    return torch.randint(0, 256, (count, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(count))


def randomised(module: nn.Module) -> nn.Module:
    """The module with weights that neither shrink nor swell what passes through its layers, the same every time."""
    generator = torch.Generator().manual_seed(0)
    for name, value in module.state_dict().items():
        if value.ndim > 1:
            value.normal_(0, (2 / value[0].numel()) ** 0.5, generator=generator)
        elif name.endswith(("running_var", "gamma", "norm1.weight", "norm2.weight", "norm.weight", "bn.weight")):
            value.uniform_(0.5, 1.5, generator=generator)
        elif value.is_floating_point():
            value.normal_(0, 0.1, generator=generator)
    return module.eval()


@pytest.fixture(scope="module")
def inception(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with random weights of torch-fidelity's Inception."""
    theirs = feature_extractor_inceptionv3
    with pytest.MonkeyPatch.context() as patch:  # its constructor cannot do without weights
        patch.setattr(theirs, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(theirs.FeatureExtractorInceptionV3, "load_state_dict", lambda *_, **__: None)
        network = theirs.FeatureExtractorInceptionV3("inception-v3-compat", ["2048"])
    path = tmp_path_factory.mktemp("inception") / "random.pth"
    torch.save(randomised(network).state_dict(), path)
    return path


def test_inception_clean_gives_what_the_network_makes_of_clean_fids_input(inception):
    theirs = feature_extractor_inceptionv3.FeatureExtractorInceptionV3("inception-v3-compat", ["2048"], str(inception))
    colour = images(2, 3, 32, 20)
    channels = [[Image.fromarray(c.astype(np.float32)) for c in image] for image in colour.numpy()]
    resized = [[np.asarray(c.resize((299, 299), Image.Resampling.BICUBIC)) for c in image] for image in channels]
    x = torch.from_numpy(np.array(resized).clip(0, 255))  # as clean-fid says: in float32, clipped, not rounded
    theirs.Conv2d_1a_3x3.register_forward_pre_hook(lambda *_: ((x - 128) / 128,))
    expected = theirs(colour)[0]
    ours = InceptionV3Clean(COLOUR, CPU, inception).features(colour)
    assert ours.dtype == torch.float32
    assert (ours - expected).abs().max() < 1e-4 * expected.abs().max()
    compat = InceptionV3Compat(COLOUR, CPU, inception).features(colour)
    assert (compat - expected).abs().max() > 1e-2 * expected.abs().max()


@pytest.fixture
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Empty caches; the folder where torch would keep its weights."""
    for name in ("GENBENCH_CACHE", "TORCH_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    folder = tmp_path / "TORCH_HOME" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def test_inception_gives_what_torch_fidelitys_own_class_gives(inception):
    names = [str(cls.dim) for cls in LAYERS[::-1]]  # as it orders them
    theirs = feature_extractor_inceptionv3.FeatureExtractorInceptionV3("inception-v3-compat", names, str(inception))
    colour, grey = images(2, 3, 32, 32), images(2, 1, 28, 28)
    state = torch.get_rng_state()
    extractor = InceptionV3Compat(COLOUR, CPU, inception)
    assert torch.equal(torch.get_rng_state(), state)
    ours = extractor.features(colour)
    *earlier, expected = theirs(colour)
    assert ours.shape == (2, 2048)
    assert ours.dtype == torch.float32
    assert expected.std() > 0.1  # random weights that say something about the image
    assert (ours[0] - ours[1]).abs().max() > 0.1
    # The same convolutions, in another layout: they add in another order, a few roundings of 1e-7 each.
    torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-5)
    # One network for both: a grey image is the colour image with three equal channels.
    torch.testing.assert_close(extractor.features(grey), theirs(grey.repeat(1, 3, 1, 1))[-1], rtol=1e-5, atol=1e-5)
    for cls, wanted in zip(LAYERS[:0:-1], earlier, strict=True):
        torch.testing.assert_close(Pooled(up_to(cls.last, theirs), cls.resize)(colour)[0], wanted, rtol=1e-5, atol=1e-5)
    assert extractor.identity == f"inception-v3-compat/1/{sha256_of(inception)[:16]}"


def test_clip_gives_what_torch_fidelitys_network_gives(tmp_path):
    class Archived(nn.Module):
        """What the published archive holds, as far as it is read, with a small image encoder."""

        def __init__(self) -> None:
            super().__init__()
            self.visual = feature_extractor_clip.VisionTransformer(56, 14, 64, 2, 1, 24)
            self.text_projection = nn.Parameter(torch.zeros(8, 24))

        def forward(self, x: Tensor) -> Tensor:
            return self.visual(x)

    archived = randomised(Archived()).half().float()  # torch-fidelity keeps weights in float16 for a moment
    path = tmp_path / "clip.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch discourages its own archives
        torch.jit.trace(archived, torch.zeros(1, 3, 56, 56)).save(path)
    x = images(3, 3, 32, 32)
    ours = ClipVitB32(COLOUR, CPU, path).features(x)
    resized = interpolate_bilinear_2d_like_tensorflow1x(x.float(), size=(56, 56), align_corners=False)
    mean, deviation = (torch.tensor(c).view(3, 1, 1) * 255 for c in CLIP_SCALE)
    torch.testing.assert_close(ours, archived((resized - mean) / deviation), rtol=0, atol=1e-5)
    assert (ours[0] - ours[1]).abs().max() > 0.01


CLIP_SCALE = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))  # of the paper's code


def small() -> VisionTransformer:
    return randomised(VisionTransformer(width=48, depth=2, heads=3))


def test_dinov2s_blocks_are_those_of_another_vision_transformer():
    ours = small()
    theirs = TimmTransformer(
        img_size=224, patch_size=14, embed_dim=48, depth=2, num_heads=3, init_values=1.0, num_classes=0
    )
    state = {name: value for name, value in ours.state_dict().items() if name != "mask_token"}
    theirs.load_state_dict(state | {"pos_embed": ours.positions(16)})
    x = images(2, 3, 32, 32)
    with torch.no_grad():
        expected = theirs.eval().forward_head(theirs.forward_features(prepared(x)), pre_logits=True)
        torch.testing.assert_close(ours(x)[0], expected, rtol=0, atol=1e-5)
        assert (ours(x)[0][0] - ours(x)[0][1]).abs().max() > 0.1


def cubic(t: np.ndarray) -> np.ndarray:
    """Keys' kernel with a = -3/4 at distances t."""
    t, a = np.abs(t), -0.75
    near = (a + 2) * t**3 - (a + 3) * t**2 + 1
    far = a * (t**3 - 5 * t**2 + 8 * t - 4)
    return np.where(t <= 1, near, np.where(t < 2, far, 0))


def test_dinov2s_positions_are_interpolated_on_a_grid_of_16_and_a_tenth():
    network = small()
    grid = network.pos_embed[0, 1:].detach().double().numpy().reshape(37, 37, 48)
    centres = (np.arange(16) + 0.5) * 37 / 16.1 - 0.5  # where the centre of each new cell lies on the old grid
    weights = np.zeros((16, 37))
    for row, centre in enumerate(centres):
        for cell in range(int(np.floor(centre)) - 1, int(np.floor(centre)) + 3):
            weights[row, min(max(cell, 0), 36)] += cubic(np.array(centre - cell))
    expected = np.einsum("ai,bj,ijc->abc", weights, weights, grid).reshape(256, 48)
    np.testing.assert_allclose(network.positions(16)[0, 1:].detach().numpy(), expected, atol=1e-6)
    assert torch.equal(network.positions(16)[:, :1], network.pos_embed[:, :1])


def test_dinov2_has_the_tensors_of_the_published_file():
    with torch.device("meta"):
        state = VisionTransformer().state_dict()
    assert len(state) == 343
    assert sum(value.numel() for value in state.values()) == 304_368_640  # with the token that only training uses
    assert state["blocks.23.mlp.fc2.weight"].shape == (1024, 4096)
    assert state["pos_embed"].shape == (1, 1 + 37 * 37, 1024)


def test_images_are_standardised_as_dinov2s_paper_does():
    grey = torch.full((1, 3, 8, 8), 128, dtype=torch.uint8)
    found = prepared(grey)
    assert found.shape == (1, 3, 224, 224)
    expected = [(128 / 255 - mean) / s for mean, s in zip((0.485, 0.456, 0.406), (0.229, 0.224, 0.225), strict=True)]
    torch.testing.assert_close(found.mean((0, 2, 3)), torch.tensor(expected), rtol=0, atol=1e-5)


@pytest.mark.parametrize("cls", ALL)
def test_without_weights_both_ways_to_get_them_are_named(cls, nothing):
    with pytest.raises(GenbenchError) as caught:
        cls(COLOUR, CPU)
    assert str(caught.value) == (
        f"the weights of extractor {cls.name} are not on this machine; genbench prepare {cls.name} "
        f"downloads {cls.weights.file}, or --extractor-weights {cls.name}=FILE names a copy"
    )


def test_what_torch_keeps_under_the_name_is_found_and_refused_if_it_is_another_file(nothing):
    path = nothing / InceptionV3Compat.weights.file
    path.write_bytes(b"something else")
    with pytest.raises(
        GenbenchError, match=rf"^{re.escape(str(path))} has sha256 \w+, the weights of .* have 6726825d"
    ):
        InceptionV3Compat(COLOUR, CPU)


@pytest.mark.parametrize("cls", ALL)
@pytest.mark.parametrize("space", [Space((1, 8, 8), 17), Space((2,), None), Space((784,)), Space((3, 8, 8), None)])
def test_other_spaces_are_refused_before_weights_are_looked_for(cls, space, nothing):
    with pytest.raises(Unsuitable, match=rf"^extractor {cls.name} serves grey or colour images with 256 levels, got "):
        cls(space, CPU)


class Trap:
    """An object that makes a folder when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("cls", ALL)
def test_a_file_with_something_else_is_refused_and_runs_no_code(cls, tmp_path):
    torch.save({"conv.weight": Trap(tmp_path / "sprung")}, tmp_path / "trap.pth")
    (tmp_path / "text.pth").write_text("<html>404</html>")
    for name in ("trap.pth", "text.pth"):
        with pytest.raises(GenbenchError) as caught:
            cls(COLOUR, CPU, tmp_path / name)
        assert str(caught.value).startswith(f"{tmp_path / name} holds no weights of {cls.name} (")
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "sprung").exists()
    assert "TORCH_FORCE_WEIGHTS_ONLY_LOAD" not in os.environ


def test_other_tensors_are_refused_in_one_line(tmp_path):
    torch.save({"conv.weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(GenbenchError, match=r"^.* holds no weights of dinov2-vit-l-14 \(RuntimeError: [^\n]*\)$"):
        DinoV2VitL14(COLOUR, CPU, tmp_path / "other.pth")


class Means(Fidelity):
    """A network without weights, to see what a network is given."""

    name, source, version, weights = "means", "made for the tests", "1", InceptionV3Compat.weights
    batch_on_cpu = 4

    def network(self, weights: Path) -> nn.Module:
        class Network(nn.Module):
            def forward(self, x: Tensor) -> tuple[Tensor]:
                assert x.dtype == torch.uint8
                assert len(x) <= 4
                return (x.float().mean((2, 3)),)

        return Network()


def test_a_grey_image_is_repeated_and_images_pass_in_batches(tmp_path):
    (tmp_path / "file").write_bytes(b"weights")
    grey, colour = images(10, 1, 28, 28), images(10, 3, 32, 32)
    found = Means(GREY, CPU, tmp_path / "file").features(grey)
    assert torch.equal(found, grey.float().mean((2, 3)).repeat(1, 3))
    found = Means(COLOUR, CPU, tmp_path / "file").features(colour)
    torch.testing.assert_close(found, colour.float().mean((2, 3)), rtol=0, atol=1e-4)  # sums of 1,024 float32 numbers
