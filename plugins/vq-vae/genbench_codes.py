"""Discrete codes: the book that vectors are rounded to, and an autoregressive prior over maps of its entries."""

import torch
from genbench_gated_stacks import GatedWalk, Layer
from genbench_networks import Mix
from genbench_raster import Shifted
from torch import Tensor, nn

import genbench

GAMMA = 0.95  # of the running means that the book follows: a fit may have a few hundred steps, the paper takes 0.99
DEAD = 0.1  # share of the mean use below which a code is given a new place


class Codebook(nn.Module):
    """K vectors e_1 … e_K, each a running mean of the vectors that are nearest to it, appendix A.1.

    It starts empty: the first batch finds all codes but one dead, and gives them places among its vectors.

    Args:
        codes: K.
        dim: entries of each vector, D.
    """

    def __init__(self, codes: int, dim: int) -> None:
        super().__init__()
        self.register_buffer("e", torch.zeros(codes, dim))
        self.register_buffer("count", torch.zeros(codes))  # N_i: how many vectors a step take code i
        self.register_buffer("total", torch.zeros(codes, dim))  # m_i: their sum

    def nearest(self, z: Tensor) -> Tensor:
        """The code nearest to each vector, eq. 1: [N, D, H, W] → int64 [N, H, W]."""
        rows = z.movedim(1, -1)
        return (self.e.square().sum(1) - 2 * rows @ self.e.T).argmin(-1)  # |z|² is the same for all codes

    def forward(self, k: Tensor) -> Tensor:
        """The vectors of codes [N, H, W]: [N, D, H, W]."""
        return self.e[k].movedim(-1, 1)

    @torch.no_grad()
    def follow(self, z: Tensor, k: Tensor) -> None:
        """Move towards the vectors z [N, D, H, W] that took codes k [N, H, W], eq. 6 to 8; give dead codes new places.

        A code that hardly any vector takes becomes a vector of the batch (Dhariwal et al. 2020, sec. 3.1,
        https://arxiv.org/abs/2005.00341), and counts as used as much as the mean one.
        """
        rows, k = z.movedim(1, -1).flatten(0, 2), k.flatten()
        zeros = torch.zeros_like
        self.count.lerp_(torch.bincount(k, minlength=len(self.e)).to(rows.dtype), 1 - GAMMA)
        self.total.lerp_(zeros(self.total).index_add_(0, k, rows), 1 - GAMMA)
        mean = self.count.mean()
        dead = self.count < DEAD * mean
        found = rows[torch.randint(len(rows), (len(self.e),), device=rows.device)]
        self.count.copy_(mean.where(dead, self.count))
        self.total.copy_((mean * found).where(dead[:, None], self.total))
        self.e.copy_(self.total / self.count[:, None])


class CodePrior(nn.Module):
    """p(k|y) = ∏_i p(k_i | k_<i, y) over maps of codes in raster order: the stacks of a Gated PixelCNN.

    Codes have no order, so the stacks see a learned vector of each, and its law is a softmax.
    Source: van den Oord et al. 2016, https://arxiv.org/abs/1606.05328

    Args:
        codes: K.
        size: height and width of the maps.
        width: channels of each stack.
        layers: gated layers after the first convolution.
    """

    reach = 1  # 3×3 convolutions before masking

    def __init__(
        self, codes: int, size: tuple[int, int], classes: int, width: int, layers: int, dropout: float
    ) -> None:
        super().__init__()
        self.space = genbench.Space((1, *size), levels=codes, classes=classes)
        self.vectors = nn.Embedding(codes, width)
        self.place = nn.Parameter(torch.zeros(width, *size))
        self.from_above = Shifted(width + 1, width, (1, 1), sides=1, strict=True)
        self.from_left = Shifted(width + 1, width, (0, 1), strict=True)
        self.layers = nn.ModuleList(Layer(width, 1, 1, dropout, classes) for _ in range(layers))
        head = nn.ReLU(), Mix(width, 2 * width), nn.ReLU(), nn.Dropout2d(dropout), Mix(2 * width, codes)
        self.head = nn.Sequential(*head)

    def seen(self, x: Tensor) -> Tensor:
        """Codes int64 [N, 1, H, W] → float32 [N, width + 1, H, W]: their vectors, and ones that are not in padding."""
        vectors = self.vectors(x[:, 0]).movedim(-1, 1)
        return torch.cat([vectors, torch.ones_like(vectors[:, :1])], dim=1)

    def log_prob(self, k: Tensor, y: Tensor) -> Tensor:
        """log p(k|y) of maps int64 [N, H, W] of classes [N]: [N] nats."""
        seen = self.seen(k[:, None])
        v, h = self.from_above(seen) + self.place, self.from_left(seen)
        for layer in self.layers:
            v, above = layer.down(layer.vertical(v), y)
            h = layer.right(h, above)
        return -nn.functional.cross_entropy(self.head(h), k, reduction="none").sum((1, 2))

    def sample(self, y: Tensor, temperature: float) -> Tensor:
        """Maps [N, H, W] of classes [N], code by code, each from its law to the power 1 / temperature."""
        walk, codes = GatedWalk(self, y), []
        for _ in range(walk.rows * walk.width):
            said = self.head(walk.context[:, :, None, None]).flatten(1)
            p = (said / temperature).softmax(1)
            codes.append(p.multinomial(1))
            walk.take(codes[-1])
        return torch.cat(codes, dim=1).view(len(y), walk.rows, walk.width)
