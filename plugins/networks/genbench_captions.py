"""What models of images that follow captions share: an encoder of texts, and data whose captions are tokens."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

import genbench

WORDS, LETTERS = 256, 16  # of the vocabulary; bytes of a word that are looked at
LONGEST = 32  # words of a caption that are read
NOTHING, UNKNOWN = 0, 1  # tokens of what follows a caption, and of a word that training captions do not have
UNTOLD = 0.1  # share of the training images whose caption the network is not told


class TextEncoder(nn.Module):
    """Texts → vectors: words are embedded, a GRU reads them one after the other, and its last state is mapped.

    The vocabulary is that of the training captions, the most frequent words, and is kept in a buffer. A vector of its
    own stands for a caption that is not told.

    Args:
        dim: entries of a vector.
        width: of the embeddings and of the state.
        dropout: share of the entries of embeddings and states that is zeroed in training.
    Source: Cho et al. 2014 (the GRU as an encoder), https://arxiv.org/abs/1406.1078
    """

    def __init__(self, dim: int, width: int, dropout: float) -> None:
        super().__init__()
        self.register_buffer("spelt", torch.zeros(WORDS, LETTERS, dtype=torch.uint8))  # words in UTF-8
        self.embedding = nn.Embedding(2 + WORDS, width, padding_idx=NOTHING)
        self.units = nn.GRU(width, width, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(width, dim)
        self.untold = nn.Parameter(torch.zeros(1, dim))

    def learn(self, captions: Sequence[str]) -> None:
        """Take the vocabulary of these."""
        counts: dict[bytes, int] = {}
        for text in captions:
            for word in _words(text):
                counts[word] = counts.get(word, 0) + 1
        kept = sorted(counts, key=lambda word: (-counts[word], word))[:WORDS]
        for place, word in enumerate(kept):
            self.spelt[place] = torch.tensor(list(word.ljust(LETTERS, b"\0")), dtype=torch.uint8)

    def tokens(self, captions: Sequence[str]) -> Tensor:
        """Texts → int64 [n, words of the longest], filled up behind; a caption has one token at least."""
        spelt = [bytes(row).rstrip(b"\0") for row in self.spelt.cpu().numpy()]
        known = {word: place for place, word in enumerate(spelt, 2) if word}
        told = [[known.get(word, UNKNOWN) for word in _words(text)] or [UNKNOWN] for text in captions]
        longest = max(map(len, told), default=1)
        rows = [row + [NOTHING] * (longest - len(row)) for row in told]
        return torch.tensor(rows, dtype=torch.int64, device=self.spelt.device).view(len(told), longest)

    def forward(self, tokens: Tensor) -> Tensor:
        """int64 [n, L] → float32 [n, dim]."""
        states, _ = self.units(self.dropout(self.embedding(tokens)))  # [n, L, width]
        last = (tokens != NOTHING).sum(1).sub(1).view(-1, 1, 1).expand(-1, 1, states.shape[2])
        return self.out(self.dropout(states.gather(1, last)[:, 0]))

    def silent(self, n: int) -> Tensor:
        """What stands for captions that are not told, [n, dim]; a copy: a view of a parameter asks for gradients."""
        return self.untold.expand(n, -1).clone()

    def partly(self, tokens: Tensor) -> Tensor:
        """The same in training, where a share `UNTOLD` of the captions, at random, is not told."""
        told = self(tokens)
        return torch.where(torch.rand(len(told), 1, device=told.device) < UNTOLD, self.untold, told)


def _words(text: str) -> list[bytes]:
    return [word.encode()[:LETTERS] for word in text.split()[:LONGEST]]


class Tokens:
    """Training data whose batches are images and the tokens of their captions, as `genbench_training.descend` takes.

    Raises:
        Unsuitable: the data have no captions.
    """

    def __init__(self, data: genbench.TrainingData, encoder: TextEncoder) -> None:
        if data.train.captions is None:
            raise genbench.Unsuitable("needs data with captions, such as digits-captions")
        self._data, self._encoder = data, encoder
        encoder.learn(data.train.captions[:])

    def __getattr__(self, name: str) -> object:
        """Everything else is as of the data."""
        return getattr(self._data, name)

    def batches(self, size: int, *, most: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Images [size, C, H, W] and tokens [size, L]."""
        return ((x, self._encoder.tokens(texts)) for x, texts in self._data.captioned(size, most=most))


def weighed(untold: Tensor, told: Tensor, guidance: float) -> Tensor:
    """What is said without the caption, and `guidance` times what the caption adds to it.

    It is (1 + w) ε(z, c) - w ε(z) with guidance = 1 + w: Ho and Salimans 2022, eq. 6, https://arxiv.org/abs/2207.12598
    """
    return untold + guidance * (told - untold)
