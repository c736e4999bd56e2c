"""`dinov2-vit-l-14`: DINOv2's large vision transformer.

torch-fidelity runs the network's code from a download, so the network is built here; resizing and scaling of images
are torch-fidelity's.
"""

import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from genbench.builtin.extractors.fidelity import Fidelity
from genbench.contracts.assets import Weights

PATCH, SIDE, TRAINED_SIDE = 14, 224, 518  # pixels: of a patch; of images here; of images in the last training stage
OFFSET = 0.1  # that the authors add to the number of patches before they interpolate position embeddings
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's red, green and blue in [0, 1]


class Scale(nn.Module):
    """A learned factor for each channel."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """[..., width] → the same."""
        return x * self.gamma


class Attention(nn.Module):
    """Self-attention of several heads."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """[N, T, width] → the same."""
        n, t, width = x.shape
        q, k, v = self.qkv(x).view(n, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)  # each [N, heads, T, width/heads]
        mixed = functional.scaled_dot_product_attention(q, k, v)
        out: Tensor = self.proj(mixed.transpose(1, 2).reshape(n, t, width))
        return out


class Block(nn.Module):
    """Attention, then two layers at each token; both normalise first, are scaled, and are added to their input."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = (nn.LayerNorm(width, eps=1e-6) for _ in range(2))
        self.attn = Attention(width, heads)
        self.ls1, self.ls2 = Scale(width), Scale(width)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})

    def forward(self, x: Tensor) -> Tensor:
        """[N, T, width] → the same."""
        x = x + self.ls1(self.attn(self.norm1(x)))
        hidden = functional.gelu(self.mlp["fc1"](self.norm2(x)))
        out: Tensor = x + self.ls2(self.mlp["fc2"](hidden))
        return out


class VisionTransformer(nn.Module):
    """A vision transformer whose parameters have the names of the published file; out comes its class token.

    Source: Oquab et al. 2023, https://arxiv.org/abs/2304.07193; Dosovitskiy et al. 2020, https://arxiv.org/abs/2010.11929
    """

    def __init__(self, width: int = 1024, depth: int = 24, heads: int = 16) -> None:
        super().__init__()
        tokens = (TRAINED_SIDE // PATCH) ** 2
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.mask_token = nn.Parameter(torch.zeros(1, width))  # for training only; the published file has it
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + tokens, width))
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, width, PATCH, PATCH)})
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """uint8 RGB [N, 3, H, W] → ([N, width],)."""
        patches = self.patch_embed["proj"](prepared(x)).flatten(2).transpose(1, 2)  # [N, 16 * 16, width]
        tokens = torch.cat([self.cls_token.expand(len(x), -1, -1), patches], 1) + self.positions(SIDE // PATCH)
        for block in self.blocks:
            tokens = block(tokens)
        return (self.norm(tokens)[:, 0],)

    def positions(self, side: int) -> Tensor:
        """Position embeddings [1, 1 + side * side, width], interpolated from the grid of the training images."""
        trained = math.isqrt(self.pos_embed.shape[1] - 1)
        grid = self.pos_embed[:, 1:].reshape(1, trained, trained, -1).permute(0, 3, 1, 2)
        factor = (side + OFFSET) / trained
        grid = functional.interpolate(grid, scale_factor=(factor, factor), mode="bicubic")  # [1, width, side, side]
        return torch.cat([self.pos_embed[:, :1], grid.flatten(2).transpose(1, 2)], 1)


def prepared(x: Tensor) -> Tensor:
    """uint8 RGB [N, 3, H, W] → float32 [N, 3, 224, 224], resized and standardised as torch-fidelity does."""
    from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x

    resized = interpolate_bilinear_2d_like_tensorflow1x(x.float(), size=(SIDE, SIDE), align_corners=False)
    mean, deviation = (torch.tensor(c, device=x.device).view(3, 1, 1) * 255 for c in (MEAN, DEVIATION))
    out: Tensor = (resized - mean) / deviation
    return out


class DinoV2VitL14(Fidelity):
    """DINOv2's ViT-L/14, class token, d = 1024, 224 pixels by TF1's bilinear.

    Stein et al. 2023 (https://arxiv.org/abs/2306.04675) resize with Pillow's bicubic filter: their numbers are close,
    not the same.
    """

    name = "dinov2-vit-l-14"
    dim = 1024
    source = "Oquab et al. 2023, https://arxiv.org/abs/2304.07193; images prepared as torch-fidelity does"
    version = "1"
    weights = Weights(
        "https://dl.fbaipublicfiles.com/dinov2/dinov2_vitl14/dinov2_vitl14_pretrain.pth",
        "d5383ea8f4877b2472eb973e0fd72d557c7da5d3611bd527ceeb1d7162cbf428",
        "LVD-142M",
        "dinov2_vitl14_pretrain.pth",
        "Apache-2.0",
    )

    def network(self, weights: Path) -> nn.Module:
        """The network, filled with the file's tensors."""
        state: dict[str, Any] = torch.load(weights, map_location="cpu", weights_only=True)
        with torch.device("meta"):
            network = VisionTransformer()
        network.load_state_dict(state, assign=True)
        return network
