"""Masked diffusion of sequences: tokens are hidden, and a transformer that sees to both sides learns what they were."""

from typing import Annotated, ClassVar

import torch
from genbench_attention import Block
from genbench_training import ascend
from torch import Tensor, nn

import genbench
from genbench import Choice, Range

LOOKS = 16  # steps that `log_prob` looks at, at most
ROWS = 250  # that pass the network at a time in `log_prob`
MOST = 4096  # tokens of a vocabulary


class SequenceDiffusion(genbench.Model, genbench.Density):
    """P(x) = P(n) P(x | n): a length n first, then n masked tokens, of which each step fills in some.

    The length is drawn as it was counted in training (with ½ added to each), and told by the ends that stand after the
    n tokens: they are never masked, and no token before them is the end. So nothing ever goes on after its end. Of the
    tokens m are masked, m uniform in 1 … n, and what is minimised is the bound of continuous time,
    -log P(n) + E_m[(n / m) Σ_masked -log p_θ(xᵢ | z)]: the network is not asked about what is seen, and never says
    "masked" (sec. 3.2, "SUBS"). It is not told the time, which the number of masks tells (Zheng et al. 2024).

    A draw in T steps goes from m_T = n masked tokens to m_0 = 0, with m_k = n k / T, rounded: at each step it unmasks
    m_k - m_{k-1} of them, chosen by chance, each by itself. Its likelihood has the LOWER_BOUND
    log P(n) + Σ_k (m_k - m_{k-1}) / m_k E[Σ_masked log p_θ(xᵢ | z)], of which `log_prob` looks at 16 steps, evenly
    spaced from a random start, with one draw of z each.

    Tokens are chosen by Gumbel noise of 64 bits. That of 32 bits never exceeds 16.6, which cuts improbable tokens off:
    samples look better than the model is, and are less diverse (Zheng et al. 2024, https://arxiv.org/abs/2409.02908).

    NFE: T of "ancestral", its setting `steps` or the Space's length where that is less; 16 and 8 of the others.

    Weaknesses: what is drawn in the same step is independent, so that few steps give letters that do not fit. All
    orders are learnt, of which a model of one order learns one: bits a token are higher. A token is never mended.

    Args:
        steps: T.
        width: channels of a place; a multiple of `attention_heads`.
        layers: blocks of attention to all places, and of a perceptron four times as wide.
        attention_heads: heads of attention.
        dropout: share of what is told and of what a block adds that is zeroed in training.
        lr, batch, epochs: see `genbench_training.descend`.
    Raises:
        Unsuitable: no sequence of 2 to 4,096 tokens, or a width that the heads do not share evenly.
    """

    name = "sequence-diffusion"
    family = genbench.Family.DIFFUSION
    source = "Sahoo et al. 2024, https://arxiv.org/abs/2406.07524"
    samplers: ClassVar = {"ancestral": {}, "parallel-16": {"steps": 16}, "parallel-8": {"steps": 8}}
    described_sampler = "ancestral"
    likelihood = genbench.Likelihood.LOWER_BOUND
    audit_settings: ClassVar = {"width": 16, "layers": 2}

    def __init__(
        self,
        space: genbench.Space,
        *,
        steps: Annotated[int, Range(1, 4096, log=True)] = 64,
        width: Annotated[int, Range(8, 1024, log=True)] = 64,
        layers: Annotated[int, Range(1, 32)] = 3,
        attention_heads: Annotated[int, Choice(1, 2, 4, 8)] = 4,
        dropout: Annotated[float, Range(0.0, 0.9)] = 0.1,
        lr: Annotated[float, Range(1e-5, 1e-1, log=True)] = 2e-3,
        batch: Annotated[int, Range(1, 4096, log=True)] = 128,
        epochs: Annotated[int, Range(1, 100_000, log=True)] = 100,
    ) -> None:
        if len(space.shape) != 1 or space.levels is None or not 2 <= space.levels <= MOST:
            raise genbench.Unsuitable(f"{self.name} needs sequences of 2 to {MOST} levels, got {space}")
        if width % attention_heads:
            raise genbench.Unsuitable(f"{self.name} needs a width that {attention_heads} heads share, got {width}")
        super().__init__()
        self.space, self.steps = space, steps
        self.lr, self.batch, self.epochs = lr, batch, epochs
        self.told = nn.Embedding(space.levels + 1, width)  # the last one is the mask
        self.place = nn.Embedding(space.dim, width)
        for table in (self.told, self.place):
            nn.init.normal_(table.weight, std=width**-0.5)
        self.dropout = nn.Dropout(dropout)
        self.blocks = nn.ModuleList(Block(width, attention_heads, dropout, causal=False) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, space.levels)
        self.register_buffer("share", torch.ones(space.dim + 1) / (space.dim + 1))  # P(n)

    def fit(self, data: genbench.TrainingData) -> None:
        if self.space.end is None:
            self.share.copy_(nn.functional.one_hot(torch.tensor(self.space.dim), self.space.dim + 1))
        else:
            counts = torch.bincount(self.lengths(data.train.x[:]), minlength=self.space.dim + 1) + 0.5
            self.share.copy_(counts / counts.sum())
        ascend(self, data, SequenceDiffusion.nats, lr=self.lr, batch=self.batch, epochs=self.epochs)

    def lengths(self, x: Tensor) -> Tensor:
        """Tokens of each row [N, D] before the end, [N]."""
        if self.space.end is None:
            return torch.full((len(x),), x.shape[1], device=x.device)
        return (x == self.space.end).cummax(1).values.logical_not().sum(1)

    def nats(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """The bound of continuous time of rows [N, D], with one draw of m and of z: [N] nats.

        The m of a batch are evenly spaced from a random start: each is uniform, and the mean varies less.
        """
        n = self.lengths(x)
        spaced = (torch.arange(len(x), device=x.device) + torch.rand(1, device=x.device)) / len(x)
        m = 1 + (spaced * n).long().clamp(max=n - 1)
        masked = ranks(n, self.space.dim) < m[:, None]
        return self.share[n].log() + n / m.clamp(min=1) * self.seen_nats(x, masked)

    def seen_nats(self, x: Tensor, masked: Tensor) -> Tensor:
        """Σ_masked log p_θ(xᵢ | z) of rows [N, D], where z is masked: bool [N, D] → [N]."""
        each = self.laws(x, masked).log_softmax(2).gather(2, x[:, :, None])[:, :, 0]
        return torch.where(masked, each, 0.0).sum(1)

    def laws(self, x: Tensor, masked: Tensor) -> Tensor:
        """Logits [N, D, levels] of all tokens where those that are masked are not seen; none of them is the end."""
        h = self.told(torch.where(masked, self.space.levels, x)) + self.place.weight
        h = self.dropout(h)
        for block in self.blocks:
            h = block(h)
        logits = self.head(self.norm(h))
        if self.space.end is not None:
            barred = nn.functional.one_hot(torch.tensor(self.space.end, device=x.device), self.space.levels).bool()
            logits = torch.where(barred & masked[:, :, None], -torch.inf, logits)
        return logits

    def masked_counts(self, n: Tensor, k: int | Tensor, steps: int) -> Tensor:
        """m_k of rows of n tokens, [N]: n k / steps, a half rounded up."""
        return (2 * n * k + steps) // (2 * steps)

    def most_steps(self, steps: int) -> int:
        return min(steps or self.steps, self.space.dim)

    def sample(self, n: int, *, labels: Tensor | None = None, steps: int = 0) -> Tensor:
        """Draw n samples in `steps` steps; 0: in as many as the setting says."""
        T, D = self.most_steps(steps), self.space.dim
        lengths = self.share.double().multinomial(n, replacement=True)
        x = torch.full((n, D), self.space.end or 0, device=self.share.device)
        rank = ranks(lengths, D)
        for k in range(T, 0, -1):
            before, after = (self.masked_counts(lengths, step, T)[:, None] for step in (k, k - 1))
            drawn = chosen(self.laws(x, rank < before))
            x = torch.where((rank < before) & (rank >= after), drawn, x)
        return x

    def log_prob(self, x: Tensor) -> Tensor:
        """log P(n) and the bound of a draw in `steps` steps, with one z for each that is looked at: [N] nats."""
        nats = torch.cat([self.bound(rows) for rows in x.split(ROWS)])
        if self.space.end is None:
            return nats
        strange = (torch.arange(x.shape[1], device=x.device) >= self.lengths(x)[:, None]) & (x != self.space.end)
        return nats.masked_fill(strange.any(1), -torch.inf)

    def bound(self, x: Tensor) -> Tensor:
        """The bound of a draw, [N] nats, of rows that say nothing after their end."""
        T, n = self.most_steps(0), self.lengths(x)
        looks = min(LOOKS, T)
        nats = self.share[n].double().log()
        start = torch.rand(1, device=x.device) if looks < T else torch.zeros(1, device=x.device)
        for k in (1 + ((torch.arange(looks, device=x.device) + start) * T / looks).long()).clamp(max=T):
            m, after = self.masked_counts(n, k, T), self.masked_counts(n, k - 1, T)
            share = (m - after) / m.clamp(min=1) * T / looks
            nats = nats + share * self.seen_nats(x, ranks(n, self.space.dim) < m[:, None])
        return nats


def ranks(n: Tensor, places: int) -> Tensor:
    """The first n [N] of so many places in an order of chance, the others after them: [N, places]."""
    noise = torch.rand(len(n), places, device=n.device)
    noise = noise + (torch.arange(places, device=n.device) >= n[:, None])
    return noise.argsort(1).argsort(1)


def chosen(logits: Tensor) -> Tensor:
    """A token of each law [..., levels] by the largest of its logits and Gumbel noise, [...] int64."""
    return (logits.double() + gumbel(logits.shape, logits.device)).argmax(-1)


def gumbel(shape: torch.Size, device: torch.device) -> Tensor:
    """-log(-log u), u uniform of 53 bits, float64."""
    u = torch.rand(shape, dtype=torch.float64, device=device)
    return -(-u.clamp(min=torch.finfo(torch.float64).tiny).log()).log()


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this distribution."""
    return [SequenceDiffusion]
