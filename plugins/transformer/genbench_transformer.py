"""A decoder-only transformer over tokens: each attends to all before it, whose keys and values are kept."""

from typing import Annotated, ClassVar

import torch
from genbench_attention import Block, embedding
from genbench_sequences import SequenceModel, Walk
from torch import Tensor, nn

import genbench
from genbench import Choice, Range


class Transformer(SequenceModel):
    """p(xᵢ | x₁ … xᵢ₋₁) by blocks of causal attention and of a perceptron, normalised before each (GPT-2).

    Place i is told the token before it and its own number. The blocks are those of `genbench_attention`.

    NFE: one step of the network a token, in either sampler; a step costs one place of each layer, since the keys and
    values of those before it are kept.

    Weaknesses: it has to learn that near tokens matter more, and attention costs the square of a sequence's length.

    Args:
        width: channels of a place; a multiple of `attention_heads`.
        layers: blocks.
        attention_heads: heads of attention.
        dropout: share of what a block adds that is zeroed in training.
        lr, batch, epochs: see `genbench_sequences.SequenceModel`.
    Raises:
        Unsuitable: no sequence of tokens, or a width that the heads do not share evenly.
    """

    name = "transformer"
    source = "Vaswani et al. 2017, https://arxiv.org/abs/1706.03762"
    samplers: ClassVar = {"ancestral": {}, "tempered": {"temperature": 0.9}}
    described_sampler = "ancestral"
    audit_settings: ClassVar = {"width": 16, "layers": 2}

    def __init__(
        self,
        space: genbench.Space,
        *,
        width: Annotated[int, Range(8, 1024, log=True)] = 64,
        layers: Annotated[int, Range(1, 32)] = 3,
        attention_heads: Annotated[int, Choice(1, 2, 4, 8)] = 4,
        dropout: Annotated[float, Range(0.0, 0.9)] = 0.1,
        lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 4e-3,
        batch: Annotated[int, Range(1, 4096, log=True)] = 128,
        epochs: Annotated[int, Range(1, 100_000, log=True)] = 40,
    ) -> None:
        super().__init__(space, lr=lr, batch=batch, epochs=epochs)
        if width % attention_heads:
            raise genbench.Unsuitable(f"{self.name} needs a width that {attention_heads} heads share, got {width}")
        self.told = nn.Embedding(space.levels + 1, width)  # the last one begins a row
        nn.init.normal_(self.told.weight, std=width**-0.5)
        self.place = embedding(space.dim, width)
        self.blocks = nn.ModuleList(Block(width, attention_heads, dropout) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, space.levels)

    def laws(self, before: Tensor) -> Tensor:
        begun = nn.functional.pad(before, (1, 0), value=self.space.levels)
        h = self.told(begun) + self.place.weight[: begun.shape[1]]
        for block in self.blocks:
            h = block(h)
        return self.head(self.norm(h))

    def walk(self, n: int) -> "CachedWalk":
        return CachedWalk(self, n)


class CachedWalk(Walk):
    """Each layer keeps the keys and values of the places so far."""

    def __init__(self, model: Transformer, n: int) -> None:
        self.model, self.place = model, 0
        self.memories = [block.attention.memory(n, model.space.dim) for block in model.blocks]
        self.take(torch.full((n,), model.space.levels, device=model.head.weight.device))

    def take(self, tokens: Tensor) -> None:
        h = self.model.told(tokens[:, None]) + self.model.place.weight[self.place]
        for block, memory in zip(self.model.blocks, self.memories, strict=True):
            h = block(h, memory)
        self.place += 1
        self.logits = self.model.head(self.model.norm(h[:, 0]))


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [Transformer]
