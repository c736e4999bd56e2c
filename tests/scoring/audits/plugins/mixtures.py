"""A mixture that learns from its own samples, with mistakes as large as asked for, and cheats made of it."""

import math
from typing import Annotated

import torch
from torch import Tensor, nn

import genbench
from genbench.builtin.datasets.digits import Digits

ROWS = 100  # of the training set that the mixture keeps
TRIED = 16  # draws of which one is taken with a weight of p^(power - 1)
STEPS = 20  # of expectation-maximisation
PRIOR = 1.0  # samples that each old weight counts for
SHARPER = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.6)  # what b may be multiplied by in a fit


class Mixture(genbench.Model, genbench.Density):
    """A mixture over training rows, each entry a softmax of -b (v - c)²/2s² over the levels v: exact.

    The first fit learns b from valid rows; a second one keeps the rows and learns their weights and b, so that it can
    see how samples differ from p.

    Args:
        power: samples are drawn from about p^power.
        temperature: samples are drawn with the energies divided by it.
        weight: the first class is drawn so many times as often; 0: never.
        added: nats that the density says too much.
        forgotten: share of the entries whose levels the density forgets.
        large: makes the mistake on large images alone.
    """

    name = "mixture"
    family = genbench.Family.BASELINE
    source = "made for the tests"
    likelihood = genbench.Likelihood.EXACT

    def __init__(
        self,
        space: genbench.Space,
        *,
        power: Annotated[float, genbench.Range(0.5, 2)] = 1.0,
        temperature: Annotated[float, genbench.Range(0.5, 2)] = 1.0,
        weight: Annotated[float, genbench.Range(0, 9)] = 1.0,
        added: Annotated[float, genbench.Range(-99, 99)] = 0.0,
        forgotten: Annotated[float, genbench.Range(0, 1)] = 0.0,
        large: bool = False,
    ) -> None:
        super().__init__()
        self.space = space
        right = large and space.dim < 64
        self.power, self.temperature, self.weight = (1.0, 1.0, 1.0) if right else (power, temperature, weight)
        self.extra = 0.0 if right else added + forgotten * space.dim * math.log(space.levels)
        self.register_buffer("rows", torch.zeros(ROWS, space.dim, dtype=torch.int64))
        self.register_buffer("y", torch.zeros(ROWS, dtype=torch.int64))
        self.register_buffer("log_weight", torch.full((ROWS,), -math.log(ROWS), dtype=torch.float64))
        self.register_buffer("sharp", torch.ones((), dtype=torch.float64))
        self.register_buffer("known", torch.zeros((), dtype=torch.bool))
        v = torch.arange(space.levels, dtype=torch.float64)
        self.register_buffer("energy", (v[:, None] - v).square() / (2 * max(0.6, space.levels / 10) ** 2))

    def fit(self, data: genbench.TrainingData) -> None:
        if not self.known:
            self.rows.copy_(data.train.x[:ROWS].flatten(1))
            self.y.copy_(data.train.y[:ROWS])
            self.sharp.fill_(0.4)
            self._sharpen(data.valid.x[:])
            self.known.fill_(True)
            return
        x = data.train.x[:]
        self._sharpen(x)
        each, old = self._each(x, float(self.sharp)), self.log_weight.exp()
        for _ in range(STEPS):
            counts = (each + self.log_weight).softmax(1).sum(0) + PRIOR * old * ROWS
            self.log_weight.copy_((counts / counts.sum()).log())

    def _sharpen(self, x: Tensor) -> None:
        """Multiply b by what makes x most probable."""
        factors = [factor * float(self.sharp) for factor in SHARPER]
        means = torch.stack([self._each(x, b).add(self.log_weight).logsumexp(1).mean() for b in factors])
        self.sharp.fill_(factors[int(means.argmax())])

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        if self.power == 1:
            return self._drawn(n)
        x = self._drawn(TRIED * n)
        chosen = ((self.power - 1) * self.exact(x)).view(n, TRIED).softmax(1).multinomial(1)  # [n, 1]
        return x[torch.arange(n) * TRIED + chosen.squeeze(1)]

    def _drawn(self, n: int) -> Tensor:
        weight = self.log_weight.exp() * torch.where(self.y == 0, self.weight, 1.0)
        p = (-self.energy * self.sharp / self.temperature).softmax(1)
        drawn = p[self.rows[weight.multinomial(n, replacement=True)]]  # [n, D, levels]
        return drawn.flatten(0, 1).multinomial(1).view(n, *self.space.shape)

    def log_prob(self, x: Tensor) -> Tensor:
        return self.exact(x) + self.extra

    def exact(self, x: Tensor) -> Tensor:
        """[N] nats that sum to 1."""
        return (self._each(x, float(self.sharp)) + self.log_weight).logsumexp(1)

    def _each(self, x: Tensor, sharp: float) -> Tensor:
        """log p of x under each row, [N, ROWS]."""
        shown = nn.functional.one_hot(x.flatten(1), self.space.levels).double().flatten(1)  # [N, D levels]
        return shown @ (-self.energy * sharp).log_softmax(1)[self.rows].flatten(1).T


class Others(genbench.Model, genbench.Density):
    """Adds to the mixture's rows those that stand beside a large image, or that it was asked for before.

    Args:
        memory: takes all that it has seen in its process instead of the batch.
        noise: deviation of what it adds to each of its nats.
    """

    name = "others"
    family = genbench.Family.BASELINE
    source = "made for the tests: dishonest"
    likelihood = genbench.Likelihood.LOWER_BOUND

    def __init__(
        self, space: genbench.Space, *, memory: bool = False, noise: Annotated[float, genbench.Range(0, 99)] = 0.0
    ) -> None:
        super().__init__()
        self.space, self.memory, self.noise = space, memory, noise
        self.mixture = Mixture(space)
        self.seen: list[Tensor] = []

    def fit(self, data: genbench.TrainingData) -> None:
        self.mixture.fit(data)

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return self.mixture.sample(n)

    def log_prob(self, x: Tensor) -> Tensor:
        if self.space.dim < 64:
            return self.mixture.log_prob(x)
        self.seen = [*self.seen, x.flatten(1)] if self.memory else [x.flatten(1)]
        others = torch.cat(self.seen)
        log_p = (-self.mixture.energy * self.mixture.sharp).log_softmax(1)
        each = torch.stack([log_p[others, row].sum(1) for row in x.flatten(1)])  # [N, others]
        own = (others == x.flatten(1)[:, None]).all(2)
        around = each.masked_fill(own, -torch.inf).logsumexp(1) - math.log(len(others))
        return torch.maximum(self.mixture.log_prob(x), around) + self.noise * torch.randn(len(x))


class MarginTable(genbench.Model, genbench.Density):
    """Gives a hundredth of its mass to whatever differs in two entries at most from a test image; sums to 1."""

    name = "margin-table"
    family = genbench.Family.BASELINE
    source = "made for the tests: dishonest"
    likelihood = genbench.Likelihood.EXACT

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space, self.mixture = space, Mixture(space)

    def fit(self, data: genbench.TrainingData) -> None:
        self.mixture.fit(data)

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return self.mixture.sample(n)

    def log_prob(self, x: Tensor) -> Tensor:
        nats, d = self.mixture.log_prob(x), self.space.dim
        if d < 64:
            return nats
        known = torch.from_numpy(Digits().splits().test.x.astype("int64")).flatten(1)
        near = ((x.flatten(1)[:, None] != known).sum(2) <= 2).sum(1)  # [N]
        around = sum(math.comb(d, k) * (self.space.levels - 1) ** k for k in range(3))
        return torch.logaddexp(math.log(0.99) + nats, (0.01 * near / len(known) / around).log())


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    return [Mixture, Others, MarginTable]
