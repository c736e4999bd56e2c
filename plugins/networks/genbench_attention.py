"""Attention between places, with the keys and values of earlier ones kept, and the block that transformers stack."""

import math

import torch
from torch import Tensor, nn


class Memory:
    """The keys and values of a layer at the places so far, with room for all D of them: [n, heads, D, width / heads].

    What a place says to later ones does not change when they come, since it does not see them: it is computed once.
    """

    def __init__(self, keys: Tensor) -> None:
        self.keys, self.values, self.filled = keys, torch.zeros_like(keys), 0

    def appended(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Keep those of the next place [n, heads, 1, width / heads]: the keys and values so far, these among them."""
        self.keys[:, :, self.filled], self.values[:, :, self.filled] = k[:, :, 0], v[:, :, 0]
        self.filled += 1
        return self.keys[:, :, : self.filled], self.values[:, :, : self.filled]


class Attention(nn.Module):
    """softmax(Q Kᵀ / √d) V in several heads of d = width / heads channels (Vaswani et al. 2017, eq. 1).

    Args:
        causal: over this place and those before it; else over all places.
    """

    def __init__(self, width: int, attention_heads: int, causal: bool = True) -> None:
        super().__init__()
        self.heads, self.causal = attention_heads, causal
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def memory(self, n: int, places: int) -> Memory:
        """An empty one, of n images of so many places."""
        return Memory(self.out.weight.new_zeros(n, self.heads, places, len(self.out.weight) // self.heads))

    def forward(self, n: Tensor, memory: Memory | None = None) -> Tensor:
        """All places from the first on [N, D, width], or the one after those in the memory [N, 1, width]."""
        q, k, v = self.qkv(n).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # [N, heads, D, d] each
        if memory is not None:
            k, v = memory.appended(k, v)
        seen = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=self.causal and memory is None)
        return self.out(seen.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """a = h + attention(norm(h)), then a + mlp(norm(a)) (Chen et al. 2020, sec. 2.2): [N, D, width] → the same."""

    def __init__(self, width: int, attention_heads: int, dropout: float, causal: bool = True) -> None:
        super().__init__()
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, attention_heads, causal)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, h: Tensor, memory: Memory | None = None) -> Tensor:
        """With a memory: of one place alone, [N, 1, width]."""
        a = h + self.dropout(self.attention(self.first(h), memory))
        return a + self.dropout(self.mlp(self.second(a)))


def embedding(size: int, width: int) -> nn.Embedding:
    """A learned vector for each of `size` numbers, at the start sines and cosines: what is near by is told alike."""
    table = nn.Embedding(size, width)
    share = (torch.arange(size)[:, None] + 0.5) / size
    angle = math.pi / 2 * share * size ** torch.linspace(0, 1, -(-width // 2))  # from a quarter of a turn on
    with torch.no_grad():
        table.weight.copy_(torch.cat([angle.sin(), angle.cos()], dim=1)[:, :width] / math.sqrt(width))
    return table
