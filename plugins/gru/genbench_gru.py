"""A language model of gated recurrent units: a state goes from token to token and says what comes next."""

from typing import Annotated, ClassVar

import torch
from genbench_sequences import SequenceModel, Walk
from torch import Tensor, nn

import genbench
from genbench import Range


class Gru(SequenceModel):
    """p(xᵢ | x₁ … xᵢ₋₁) = softmax(W h_i), h_i = GRU(embedding of xᵢ₋₁, h_{i-1}); x₀ is a mark of the beginning.

    NFE: one step of the network a token, in either sampler.

    Weaknesses: all that it knows of the tokens so far is one vector, and steps go one after the other in training too.

    Args:
        width: of the state and of the embeddings.
        layers: of units, one upon the other.
        dropout: share of what is told and of the states that is zeroed in training.
        lr, batch, epochs: see `genbench_sequences.SequenceModel`.
    """

    name = "gru"
    source = "Cho et al. 2014, https://arxiv.org/abs/1406.1078"
    samplers: ClassVar = {"ancestral": {}, "tempered": {"temperature": 0.9}}
    described_sampler = "ancestral"
    audit_settings: ClassVar = {"width": 16, "layers": 1}

    def __init__(
        self,
        space: genbench.Space,
        *,
        width: Annotated[int, Range(8, 2048, log=True)] = 128,
        layers: Annotated[int, Range(1, 8)] = 1,
        dropout: Annotated[float, Range(0.0, 0.9)] = 0.1,
        lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 4e-3,
        batch: Annotated[int, Range(1, 4096, log=True)] = 128,
        epochs: Annotated[int, Range(1, 100_000, log=True)] = 40,
    ) -> None:
        super().__init__(space, lr=lr, batch=batch, epochs=epochs)
        self.told = nn.Embedding(space.levels + 1, width)  # the last one begins a row
        self.units = nn.GRU(width, width, layers, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, space.levels)

    def laws(self, before: Tensor) -> Tensor:
        begun = nn.functional.pad(before, (1, 0), value=self.space.levels)
        h, _ = self.units(self.dropout(self.told(begun)))
        return self.head(self.dropout(h))

    def walk(self, n: int) -> "StateWalk":
        return StateWalk(self, n)


class StateWalk(Walk):
    """The state of each layer after the tokens so far."""

    def __init__(self, model: Gru, n: int) -> None:
        self.model, self.state = model, None
        self.take(torch.full((n,), model.space.levels, device=model.head.weight.device))

    def take(self, tokens: Tensor) -> None:
        h, self.state = self.model.units(self.model.told(tokens[:, None]), self.state)
        self.logits = self.model.head(h[:, 0])


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [Gru]
