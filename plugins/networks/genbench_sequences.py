"""What autoregressive networks of sequences share: the chain rule over tokens, the end, training, sampling."""

from abc import ABC, abstractmethod

import torch
from genbench_training import ascend
from torch import Tensor

import genbench

ROWS = 1000  # that pass the network at a time in `log_prob`
MOST = 4096  # tokens of a vocabulary


class Walk(ABC):
    """A way through n sequences, token by token, that keeps what later ones need."""

    logits: Tensor  #: of the token that comes next, [n, levels]

    @abstractmethod
    def take(self, tokens: Tensor) -> None:
        """Go on by one place, where these tokens [n] stand."""


class SequenceModel(genbench.Model, genbench.Density, genbench.Sequential):
    """log P(x) = Σᵢ log p(xᵢ | x₁ … xᵢ₋₁) over tokens up to the end, which is sure to be followed by itself alone.

    What is minimised is -log P(x), exactly, by `genbench_training.ascend`; what is kept is an average of late weights.

    Args:
        lr: AdamW's learning rate at the start; it falls linearly to 0.
        batch: sequences a step.
        epochs: passes over the training set at most, within the budget.
    Raises:
        Unsuitable: no sequence of 2 to 4,096 tokens.
    """

    family = genbench.Family.AUTOREGRESSIVE
    likelihood = genbench.Likelihood.EXACT

    def __init__(self, space: genbench.Space, *, lr: float, batch: int, epochs: int) -> None:
        if len(space.shape) != 1 or space.levels is None or not 2 <= space.levels <= MOST:
            raise genbench.Unsuitable(f"{self.name} needs sequences of 2 to {MOST} levels, got {space}")
        super().__init__()
        self.space, self.lr, self.batch, self.epochs = space, lr, batch, epochs

    @abstractmethod
    def laws(self, before: Tensor) -> Tensor:
        """Logits [N, k + 1, levels] of the first k + 1 tokens, each given those before it: int64 [N, k]."""

    @abstractmethod
    def walk(self, n: int) -> Walk:
        """A way through n sequences, at their first token. It says the same laws."""

    def fit(self, data: genbench.TrainingData) -> None:
        ascend(self, data, SequenceModel.nats, lr=self.lr, batch=self.batch, epochs=self.epochs)

    def nats(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """log P(x), [N] nats, of sequences that say nothing after their end."""
        each = self.laws(x[:, :-1]).log_softmax(2).gather(2, x[:, :, None])[:, :, 0]
        return each.masked_fill(ended(x, self.space.end), 0).sum(1)

    def log_prob(self, x: Tensor) -> Tensor:
        nats = torch.cat([self.nats(rows) for rows in x.split(ROWS)])
        if self.space.end is None:
            return nats
        return nats.masked_fill((ended(x, self.space.end) & (x != self.space.end)).any(1), -torch.inf)

    def next(self, x: Tensor, i: int) -> Tensor:
        law = self.laws(x[:, :i])[:, i].log_softmax(1)
        return law if self.space.end is None else self.after_end(law, (x[:, :i] == self.space.end).any(1))

    def after_end(self, logits: Tensor, over: Tensor) -> Tensor:
        """Logits [N, levels] where the end is sure in the rows that are over [N]."""
        if self.space.end is None:
            return logits
        sure = torch.full_like(logits, -torch.inf)
        sure[:, self.space.end] = 0
        return torch.where(over[:, None], sure, logits)

    def sample(self, n: int, *, labels: Tensor | None = None, temperature: float = 1.0) -> Tensor:
        """Draw token by token, each from its law to the power 1 / temperature."""
        walk, tokens = self.walk(n), []
        over = torch.zeros(n, dtype=torch.bool, device=walk.logits.device)
        for place in range(self.space.dim):
            law = self.after_end(walk.logits / temperature, over).softmax(1)
            token = law.multinomial(1)[:, 0]
            over = over | (token == self.space.end)
            tokens.append(token)
            if place + 1 < self.space.dim:
                walk.take(token)
        return torch.stack(tokens, dim=1)


def ended(x: Tensor, end: int | None) -> Tensor:
    """Which entries of rows [N, D] stand after the first end, bool [N, D]."""
    if end is None:
        return torch.zeros_like(x, dtype=torch.bool)
    over = (x == end).cummax(1).values
    return torch.cat([torch.zeros_like(over[:, :1]), over[:, :-1]], dim=1)
