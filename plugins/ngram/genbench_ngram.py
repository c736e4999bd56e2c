"""An n-gram model with interpolated Kneser-Ney smoothing: what any network of sequences has to beat."""

from typing import Annotated

import torch
from torch import Tensor

import genbench

LARGEST = 2**24  # laws' entries: 64 MiB
FALLBACK = 0.5  # discount where too few counts of 1 and 2 tell one


class Ngram(genbench.Model, genbench.Density, genbench.Sequential):
    """P(x) = Πᵢ p(xᵢ | h), h the `order` - 1 tokens before it; a row begins with as many marks of its beginning.

    p_k(w|h) = max(c(hw) - D_k, 0) / c(h) + D_k N₁₊(h•) / c(h) p_{k-1}(w|h'), h' without the first token of h and p₀
    uniform. At the highest order c counts; below it is N₁₊(•hw), the number of tokens that hw was seen after (of an h
    that begins a row it counts, since nothing else stands before it). D_k = n₁ / (n₁ + 2 n₂), of the n-grams that
    c counts once and twice. N₁₊(h•) counts the tokens seen after h. After the end of a sequence the end is sure.

    Weaknesses: it sees no farther than its order, and one of a high order says its training rows again.

    Args:
        order: tokens of an n-gram.
    Raises:
        Unsuitable: no sequence of tokens, or more contexts than a table holds.
    """

    name = "ngram"
    family = genbench.Family.BASELINE
    source = "Chen and Goodman 1998, sec. 2.7, https://people.eecs.berkeley.edu/~klein/cs294-5/chen_goodman.pdf"

    def __init__(self, space: genbench.Space, *, order: Annotated[int, genbench.Range(1, 8)] = 4) -> None:
        if len(space.shape) != 1 or space.levels is None:
            raise genbench.Unsuitable(f"ngram needs sequences of tokens, got {space}")
        if (size := (space.levels + 1) ** (order - 1) * space.levels) > LARGEST:
            raise genbench.Unsuitable(f"the laws of order {order} have {size:,} entries, at most {LARGEST:,}: {space}")
        super().__init__()
        self.space, self.order, self.base = space, order, space.levels + 1
        laws = torch.zeros(self.base ** (order - 1), space.levels)
        self.register_buffer("log_p", laws - torch.tensor(space.levels).log())  # [contexts, levels]

    @property
    def likelihood(self) -> genbench.Likelihood:
        return genbench.Likelihood.EXACT

    def fit(self, data: genbench.TrainingData) -> None:
        x = data.train.x[:]
        told = ~ended(x, self.space.end)
        grams = (self.contexts(x) * self.space.levels + x)[told]
        sizes = [self.base] * (self.order - 1) + [self.space.levels]
        counts = torch.bincount(grams, minlength=self.log_p.numel()).double().view(sizes)
        self.log_p.copy_(smoothed(counts).log().view_as(self.log_p))

    def contexts(self, x: Tensor) -> Tensor:
        """The number of each entry's context, int64 [N, D]: its tokens as digits, `levels` for what begins a row."""
        before = padded(x, self.order - 1, self.base - 1)
        code = torch.zeros_like(x)
        for place in range(self.order - 1):
            code = code * self.base + before[:, place : place + x.shape[1]]
        return code

    def log_prob(self, x: Tensor) -> Tensor:
        nats = self.log_p[self.contexts(x), x].double()
        if self.space.end is None:
            return nats.sum(1)
        after = torch.where(x == self.space.end, 0.0, -torch.inf).double()
        return torch.where(ended(x, self.space.end), after, nats).sum(1)

    def next(self, x: Tensor, i: int) -> Tensor:
        known = x[:, : i + 1].clone()
        known[:, i] = 0  # what stands there does not matter
        laws = self.log_p[self.contexts(known)[:, i]]
        if self.space.end is None:
            return laws
        over = (x[:, :i] == self.space.end).any(1, keepdim=True)
        sure = torch.full_like(laws, -torch.inf)
        sure[:, self.space.end] = 0
        return torch.where(over, sure, laws)

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        x = torch.zeros(n, self.space.dim, dtype=torch.int64, device=self.log_p.device)
        for i in range(self.space.dim):
            x[:, i] = self.next(x, i).exp().multinomial(1)[:, 0]
        return x


def smoothed(counts: Tensor) -> Tensor:
    """p(w|h) of the highest order [levels + 1, …, levels], from how often each n-gram was seen."""
    raw = [counts]
    while raw[0].dim() > 1:
        raw.insert(0, raw[0].sum(0))
    p = torch.full_like(raw[0], 1 / len(raw[0]))
    for order, own in enumerate(raw):
        c = own
        if order + 1 < len(raw):
            c = (raw[order + 1] > 0).sum(0).to(own)
            if order:
                c[-1] = own[-1]
        p = interpolated(c, p)
    return p


def interpolated(c: Tensor, lower: Tensor) -> Tensor:
    """p_k(w|h) [..., levels] from the counts c of an order and p_{k-1}(w|h'), which has one context axis less."""
    n1, n2 = ((c == times).sum().item() for times in (1, 2))
    discount = n1 / (n1 + 2 * n2) if n1 and n2 else FALLBACK
    total, seen = c.sum(-1, keepdim=True), (c > 0).sum(-1, keepdim=True)
    own = ((c - discount).clamp_min(0) + discount * seen * lower) / total.clamp_min(1)
    return torch.where(total > 0, own, lower.expand_as(c))


def padded(x: Tensor, width: int, value: int) -> Tensor:
    """Rows [N, D] with so many of a value before them."""
    return torch.nn.functional.pad(x, (width, 0), value=value)


def ended(x: Tensor, end: int | None) -> Tensor:
    """Which entries of rows [N, D] stand after the first end, bool [N, D]."""
    if end is None:
        return torch.zeros_like(x, dtype=torch.bool)
    over = (x == end).cummax(1).values
    return torch.cat([torch.zeros_like(over[:, :1]), over[:, :-1]], dim=1)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    """The models of this plugin."""
    return [Ngram]
