"""A decoder-only transformer over the pixels of an image: each attends to all pixels before it, at any distance."""

import math
from typing import Annotated, ClassVar

import torch
from genbench_attention import Block, embedding
from genbench_networks import narrowed
from genbench_raster import RasterModel, Walk, heads
from torch import Tensor, nn

import genbench
from genbench import Choice, Range


class ImageTransformer(RasterModel):
    """log p(x|y) = Σᵢ log p(xᵢ | x₁ … xᵢ₋₁, y) over pixels in raster order, and over the channels within a pixel.

    Place i is told the pixel before it (an embedding of each channel's level, summed, as the three channels of a
    pixel make one position in Parmar et al. 2018, sec. 3.1), the row and the column of its own pixel, and the class.
    Attention is over all places before it, as in iGPT, https://proceedings.mlr.press/v119/chen20s.html (Chen et al.
    2020), not over the paper's local blocks: its cost is as the square of the pixels. The law of few levels is a
    softmax, that of many a mixture of discretised logistics, in both of them given the pixel's earlier channels.

    NFE: one step of the network a pixel, H W of them, in either sampler. A step costs one place of each layer and a
    look at the keys of those before it, since these are kept.

    Weaknesses: nothing tells it that near pixels matter more, so that of few images it learns less than a
    convolution does. The order is fixed, and a draw at one place is never mended later.

    Args:
        width: channels of a place, fewer where images have more than 8×8 pixels; a multiple of `attention_heads`.
        layers: blocks of attention and of a perceptron four times as wide.
        attention_heads: heads of attention.
        dropout: share of what a block adds that is zeroed in training, less where images are seldom seen twice.
        lr, batch, epochs: see `genbench_raster.RasterModel`.
    """

    name = "image-transformer"
    source = "Parmar et al. 2018, https://arxiv.org/abs/1802.05751"
    samplers: ClassVar = {"ancestral": {}, "tempered": {"temperature": 0.9}}
    described_sampler = "ancestral"
    audit_settings: ClassVar = {"width": 16, "layers": 2}

    def __init__(
        self,
        space: genbench.Space,
        *,
        width: Annotated[int, Range(8, 512, log=True)] = 32,
        layers: Annotated[int, Range(1, 32)] = 4,
        attention_heads: Annotated[int, Choice(1, 2, 4, 8)] = 4,
        dropout: Annotated[float, Range(0.0, 0.9)] = 0.2,
        lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 4e-3,
        batch: Annotated[int, Range(1, 4096, log=True)] = 64,
        epochs: Annotated[int, Range(1, 100_000, log=True)] = 80,
    ) -> None:
        super().__init__(space, lr=lr, batch=batch, epochs=epochs)
        channels, height, columns = space.shape
        width = narrowed(width, space.shape) // attention_heads * attention_heads
        if not width:
            raise genbench.Unsuitable(f"{self.name} needs a channel for each head of attention, got a smaller width")
        self.levels = nn.ModuleList(embedding(space.levels, width) for _ in range(channels))
        self.row, self.column = embedding(height, width), embedding(columns, width)
        self.label = nn.Embedding(len(self.share), width)
        nn.init.normal_(self.label.weight, std=1 / math.sqrt(width))
        self.blocks = nn.ModuleList(Block(width, attention_heads, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.heads = heads(width, space, dropout)

    def pixels(self, x: Tensor) -> Tensor:
        """What is told of pixels, int64 [N, C, D]: [N, D, width]."""
        return torch.stack([levels(x[:, c]) for c, levels in enumerate(self.levels)]).sum(0)

    def places(self, rows: int) -> Tensor:
        """What is told of the places in the first rows: [D, width], in raster order."""
        return (self.row.weight[:rows, None] + self.column.weight).flatten(0, 1)

    def contexts(self, x: Tensor, y: Tensor) -> Tensor:
        """h of the last block: place i hears of the pixels up to i - 1."""
        before = nn.functional.pad(self.pixels(x.flatten(2)[:, :, :-1]), (0, 0, 1, 0))
        h = before + self.places(x.shape[2]) + self.label(y)[:, None]  # [N, D, width]
        for block in self.blocks:
            h = block(h)
        return self.norm(h).transpose(1, 2).unflatten(2, x.shape[2:])

    def walk(self, y: Tensor) -> "CachedWalk":
        return CachedWalk(self, y)


class CachedWalk(Walk):
    """Each layer keeps the keys and values of the places so far: D steps of one place, not D passes over D places."""

    def __init__(self, model: ImageTransformer, y: Tensor) -> None:
        self.model, self.place = model, 0
        label, (_, height, columns) = model.label(y)[:, None], model.space.shape
        self.told = label + model.places(height)  # [n, D, width]
        self.memories = [block.attention.memory(len(y), height * columns) for block in model.blocks]
        self._step(torch.zeros_like(label))

    def _step(self, before: Tensor) -> None:
        """Run the network at `place`, told of the pixel before it [n, 1, width]."""
        h = before + self.told[:, self.place : self.place + 1]
        for block, memory in zip(self.model.blocks, self.memories, strict=True):
            h = block(h, memory)
        self.context = self.model.norm(h)[:, 0]

    def take(self, pixel: Tensor) -> None:
        self.place += 1
        if self.place < self.told.shape[1]:
            self._step(self.model.pixels(pixel[:, :, None]))


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [ImageTransformer]
