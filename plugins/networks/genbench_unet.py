"""What the models that remove noise share: a U-Net that knows the time and the class, and its training."""

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from genbench_networks import class_of, halvings, normals_of, spared
from genbench_training import descend
from torch import Tensor, nn

import genbench

GROUPS = 8  # of every GroupNorm
FREQUENCIES = 1000.0  # the highest of the sines that tell the time, in radians per unit of time
STEPS, LEAST = 2500, 32  # steps that a training has at least, if need be with fewer images a step, down to 32
LOOKS = 3  # times at which the classes of an image are compared
Loss = Callable[[Tensor, Tensor | None], Tensor]
Error = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


class Block(nn.Module):
    """A residual block that knows the time: normalise, convolve, normalise, scale and shift by the time, convolve."""

    def __init__(self, width: int, time: int, dropout: float) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.GroupNorm(GROUPS, width), nn.SiLU(), nn.Conv2d(width, width, 3, padding=1))
        self.norm = nn.GroupNorm(GROUPS, width, affine=False)
        self.modulation = nn.Linear(time, 2 * width)
        self.second = nn.Sequential(nn.SiLU(), nn.Dropout2d(dropout), nn.Conv2d(width, width, 3, padding=1))
        nn.init.zeros_(self.second[-1].weight)

    def forward(self, h: Tensor, time: Tensor) -> Tensor:
        """[N, width, H, W] at time [N or 1, time] → the same shape."""
        scale, shift = self.modulation(time)[:, :, None, None].chunk(2, dim=1)
        return h + self.second(self.norm(self.first(h)) * (1 + scale) + shift)


class Attention(nn.Module):
    """Each place asks all others: self-attention in heads of 32 channels, added to what is there.

    Source: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762; between residual blocks: Ho et al. 2020,
    https://arxiv.org/abs/2006.11239, section 4.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = max(1, width // 32)
        self.norm = nn.GroupNorm(GROUPS, width)
        self.asked, self.said = nn.Conv2d(width, 3 * width, 1), nn.Conv2d(width, width, 1)
        nn.init.zeros_(self.said.weight)

    def forward(self, h: Tensor, _: Tensor) -> Tensor:
        """[N, width, H, W], at whichever time → the same shape."""
        asked = self.asked(self.norm(h)).unflatten(1, (3, self.heads, -1)).flatten(-2).mT  # [N, 3, heads, H W, c]
        q, k, v = asked.unbind(1)
        found = nn.functional.scaled_dot_product_attention(q, k, v)
        return h + self.said(found.mT.reshape(h.shape))


class Blocks(nn.Module):
    """Residual blocks one after the other, with attention between them or without.

    Args:
        count: of the blocks; 0: what comes in goes out.
        width: channels.
        time: numbers that tell the time and the class.
        dropout: of channels, in training.
        attention: whether each place asks all others between two blocks.
    """

    def __init__(self, count: int, width: int, time: int, dropout: float, *, attention: bool = False) -> None:
        super().__init__()
        self.parts = nn.ModuleList()
        for i in range(count):
            self.parts.extend([Attention(width)] if attention and i else [])
            self.parts.append(Block(width, time, dropout))

    def forward(self, h: Tensor, time: Tensor) -> Tensor:
        """[N, width, H, W] at time [N or 1, time] → the same shape."""
        for part in self.parts:
            h = part(h, time)
        return h


def halved(fine: int, coarse: int) -> nn.Sequential:
    """[N, fine, H, W] → [N, coarse, H / 2, W / 2], rounded up."""
    return nn.Sequential(nn.SiLU(), nn.Conv2d(fine, coarse, 3, stride=2, padding=1))


class UNet(nn.Module):
    """f(x_t, t, y), as large as x_t: what is seen on the way to smaller sizes is added on the way back.

    Images that can be halved twice have `depth` blocks at the smallest size with attention between them, and one there
    and two back at each other size. Smaller ones have those of the smallest size and one back: at 28×28 these alone
    give ddpm an FD of 76 in the place of 45, and .2 bits/dim more.

    Args:
        space: of the images; its classes are those of y. One more stands for an image whose class is not told, so
            that the network also knows all classes together (Ho and Salimans 2022, https://arxiv.org/abs/2207.12598).
        width: channels at full size; twice as many at half size and four times as many below it, or, where half size
            is the smallest, three times as many there.
        depth: blocks at the smallest size.
        dropout: of channels, in training.
        outputs: how many images, each as large as x_t, are told; their channels follow each other.
        times: numbers that tell the time of an image, of a model of several.
        latent: entries of a vector z that changes what is made of x_t as the time does; 0: there is none.
        compiled: whether `torch.compile` compiles it, by a C++ compiler and in a minute; it says the same but for
            rounding, and draws other dropout in training.
    """

    def __init__(
        self,
        space: genbench.Space,
        width: int,
        depth: int,
        dropout: float,
        *,
        outputs: int = 1,
        times: int = 1,
        latent: int = 0,
        compiled: bool = False,
    ) -> None:
        super().__init__()
        self.shape, self.classes = space.shape, space.classes or 0
        sizes, time = halvings(space.shape), 4 * width
        large = len(sizes) > 2
        there, back = (1, 2) if large else (0, 1)  # blocks at a size
        widths = [width * min(4, 2**i) if large else width * (1, 3)[i] for i in range(len(sizes))]
        self.register_buffer("frequencies", torch.logspace(0, math.log10(FREQUENCIES), width // 2))
        self.register_buffer("share", torch.ones(self.classes) / max(self.classes, 1))  # p(y)
        self.time = nn.Sequential(nn.Linear(times * width, time), nn.SiLU(), nn.Linear(time, time))
        self.label = nn.Embedding(self.classes + 1, time)
        if latent:  # z is mapped to what is as loud as a class
            self.z = nn.Sequential(nn.Linear(latent, time), nn.SiLU(), nn.Linear(time, time), nn.LayerNorm(time))
        self.stem = nn.Conv2d(space.shape[0], width, 3, padding=1)
        self.place = nn.Parameter(torch.zeros(width, *space.shape[1:]))
        self.there = nn.ModuleList(Blocks(there, fine, time, dropout) for fine in widths[:-1])
        self.smaller = nn.ModuleList(halved(fine, coarse) for fine, coarse in pairwise(widths))
        self.inside = Blocks(depth, widths[-1], time, dropout, attention=large)
        self.larger = nn.ModuleList(nn.Conv2d(coarse, fine, 1) for fine, coarse in pairwise(widths))
        self.back = nn.ModuleList(Blocks(back, fine, time, dropout) for fine in widths[:-1])
        last = nn.Conv2d(width, outputs * space.shape[0], 3, padding=1)
        self.head = nn.Sequential(nn.GroupNorm(GROUPS, width), nn.SiLU(), last)
        nn.init.zeros_(last.weight)
        self.to(memory_format=torch.channels_last)  # a fifth faster in sampling, on a CPU too
        if compiled:
            self.compile()

    def forward(self, x_t: Tensor, t: Tensor, label: Tensor | None = None, z: Tensor | None = None) -> Tensor:
        """x_t [N, C, H, W] at times in [0, 1] of classes [N or 1] → [N, outputs C, H, W]; constant before training.

        Times are [N or 1], or [N or 1, times] where each image has several. The class is not told where the label is
        None or the number of classes. z is [N, latent].
        """
        angle = (t.view(len(t), -1, 1) * self.frequencies).flatten(1)
        label = torch.full((1,), self.classes, device=x_t.device) if label is None else label
        time = self.time(torch.cat([angle.sin(), angle.cos()], dim=1)) + self.label(label)
        time = nn.functional.silu(time if z is None else time + self.z(z))
        h, seen = self.stem(x_t) + self.place, []
        for blocks, smaller in zip(self.there, self.smaller, strict=True):
            seen.append(blocks(h, time))
            h = smaller(seen[-1])
        h = self.inside(h, time)
        for larger, blocks in zip(reversed(self.larger), reversed(self.back), strict=True):
            fine = seen.pop()
            h = blocks(fine + nn.functional.interpolate(larger(h), size=fine.shape[-2:]), time)
        return self.head(h)

    def drawn(self, n: int, labels: Tensor | None) -> Tensor | None:
        """The classes [n] of n draws: `labels` where they are given, else of p(y); None where there are no classes."""
        if self.classes == 0 or labels is not None:
            return labels
        return self.share.multinomial(n, replacement=True)

    def told(self, y: Tensor | None, share: float) -> Tensor | None:
        """The classes [N] of training images, a share of them not told; None where there are no classes."""
        if self.classes == 0 or y is None:
            return None
        return y.where(torch.rand(len(y), device=y.device) >= share, self.classes)

    def likeliest(self, x: Tensor, times: Tensor, error: Error) -> Tensor | None:
        """The classes [N] of x [N, C, H, W] under which its error at `times` [LOOKS] is the least; a function of x.

        Args:
            error: of x, times, noise, all of them [N LOOKS], and a class [1]: [N LOOKS].
        """
        if self.classes == 0:
            return None
        noise = (
            torch.randn(LOOKS, *self.shape, generator=torch.Generator().manual_seed(0)).to(x).repeat(len(x), 1, 1, 1)
        )
        rows, times = x.repeat_interleave(LOOKS, 0), times.repeat(len(x))
        every = torch.arange(self.classes, device=x.device)
        wrong = torch.stack([error(rows, times, noise, y.view(1)).view(-1, LOOKS).sum(1) for y in every], dim=1)
        return wrong.where(self.share > 0, math.inf).argmin(1)

    @property
    def latent_dim(self) -> int:
        """Entries of a latent vector: noise as large as an image, and a normal g_y for each class y."""
        return math.prod(self.shape) + self.classes

    def joined(self, z: Tensor, label: Tensor | None) -> Tensor:
        """The latent vectors of noise z [N, C, H, W] in classes [N]."""
        return z.flatten(1) if label is None else torch.cat([z.flatten(1), normals_of(label, self.classes)], dim=1)

    def parted(self, latent: Tensor) -> tuple[Tensor, Tensor | None]:
        """The same z, and the classes [N] that its normals stand for, of which p(y) is drawn."""
        z, g = latent.split([latent.shape[1] - self.classes, self.classes], dim=1)
        return z.view(-1, *self.shape), class_of(g, self.share) if self.classes else None


def train(
    net: UNet, data: genbench.TrainingData, loss: Loss, *, lr: float, batch: int, epochs: int, untold: float
) -> None:
    """Go down the loss of images and their classes by AdamW, and keep the average of the late weights.

    Args:
        loss: of integers [N, C, H, W] and of their classes [N], among them the number of classes for those not told.
        lr: the learning rate at the start; it falls linearly to 0.
        batch: images a step; fewer, where that would leave less than 2,500 steps, but no fewer than 32.
        epochs: passes over the training set at most, within the budget: more of them only learn few images by heart.
        untold: share of the images whose class the network is not told.
    """
    if net.classes and data.train.y is not None:
        net.share.copy_(torch.bincount(data.train.y[:], minlength=net.classes) / len(data.train))

    def told(x: Tensor, y: Tensor | None, _: float) -> dict[str, Tensor]:
        return {"loss": loss(x, net.told(y, untold))}

    most = min(data.images, epochs * len(data.train))
    spared(net, most / len(data.train))
    descend(net, data, told, lr=lr, batch=min(batch, max(LEAST, most // STEPS)), epochs=epochs)
