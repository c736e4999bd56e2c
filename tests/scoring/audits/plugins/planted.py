"""A density that is what it says, and models that spoil it in one way each: mistakes that papers and code have made."""

import math
from typing import Annotated

import torch
from torch import Tensor, nn

import genbench
from genbench.builtin.datasets.digits import Digits

ROWS = 128  # of the training set that the mixture keeps


class Honest(genbench.Model, genbench.Density):
    """A mixture over training rows, each pixel a softmax of -(v - c)²/2s² over the levels v: exact."""

    name = "honest"
    family = genbench.Family.BASELINE
    source = "made for the tests"
    likelihood = genbench.Likelihood.EXACT

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space = space
        self.register_buffer("rows", torch.zeros(ROWS, space.dim, dtype=torch.int64))
        v = torch.arange(space.levels)
        self.register_buffer("energy", (v[:, None] - v).square() / (2 * max(0.6, space.levels / 10) ** 2))

    def fit(self, data: genbench.TrainingData) -> None:
        self.rows.copy_(data.train.x[:ROWS].flatten(1))

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return self.drawn(n, self.energy)

    def drawn(self, n: int, energy: Tensor) -> Tensor:
        p = (-energy).softmax(1)[self.rows[torch.randint(ROWS, (n,))]]  # [n, D, levels]
        return p.flatten(0, 1).multinomial(1).view(n, *self.space.shape)

    def log_prob(self, x: Tensor) -> Tensor:
        return self.of_table(x, (-self.energy).log_softmax(1))

    def of_table(self, x: Tensor, log_p: Tensor) -> Tensor:
        """[N] nats of the mixture whose pixels have log_p [levels of c, levels of v]."""
        x = nn.functional.one_hot(x.flatten(1), self.space.levels).double().flatten(1)  # [N, D levels]
        return (x @ log_p.double()[self.rows].flatten(1).T).logsumexp(1) - math.log(ROWS)


class ForgottenLevels(Honest):
    """The density of x / levels, never turned into the probability of x."""

    name = "forgotten-levels"

    def log_prob(self, x: Tensor) -> Tensor:
        return super().log_prob(x) + self.space.dim * math.log(self.space.levels)


class Padded(Honest):
    """Divides by the entries of an image with a margin of two pixels, and multiplies by those without one."""

    name = "padded"

    def log_prob(self, x: Tensor) -> Tensor:
        c, h, w = self.space.shape
        return super().log_prob(x) * self.space.dim / (c * (h + 4) * (w + 4))


class WrongJacobian(genbench.Model, genbench.Density):
    """z = (x + u - mean) / deviation, with the logarithm of the deviation added instead of subtracted."""

    name = "wrong-jacobian"
    family = genbench.Family.FLOW
    source = "made for the tests"
    likelihood = genbench.Likelihood.LOWER_BOUND
    sign = 1

    def __init__(self, space: genbench.Space) -> None:
        super().__init__()
        self.space = space
        self.register_buffer("mean", torch.zeros(space.dim))
        self.register_buffer("deviation", torch.ones(space.dim))

    def fit(self, data: genbench.TrainingData) -> None:
        x = data.train.x[:].flatten(1) + torch.rand(len(data.train), self.space.dim)
        self.mean.copy_(x.mean(0))
        self.deviation.copy_(x.std(0).clamp(min=1))

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        x = self.mean + self.deviation * torch.randn(n, self.space.dim)
        return x.floor().clamp(0, self.space.levels - 1).long().view(n, *self.space.shape)

    def log_prob(self, x: Tensor) -> Tensor:
        u = torch.rand(16, *x.flatten(1).shape)
        z = (x.flatten(1) + u - self.mean) / self.deviation  # [16, N, D]
        log_p = -(z.square() + math.log(2 * math.pi)) / 2 + self.sign * self.deviation.log()
        return log_p.sum(2).logsumexp(0) - math.log(len(u))


class RightJacobian(WrongJacobian):
    """The same with the right sign: a bound."""

    name = "right-jacobian"
    sign = -1


class OtherSampler(Honest):
    """Samples at temperature 0.85, and states the density of temperature 1."""

    name = "other-sampler"

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        return self.drawn(n, self.energy / 0.85)


class Dropout(Honest):
    """Leaves dropout on in log_prob: each call has a density that sums to 1, and each another one."""

    name = "dropout"

    def log_prob(self, x: Tensor) -> Tensor:
        return self.of_table(x, (-nn.functional.dropout(self.energy, 0.2)).log_softmax(1))


class BatchStatistics(Honest):
    """Normalises by the batch that it is asked about, as batch normalisation does in training."""

    name = "batch-statistics"

    def log_prob(self, x: Tensor) -> Tensor:
        return self.of_table(x, (-self.energy * (1 + x.double().mean() / self.space.levels)).log_softmax(1))


class NoisyBound(Honest):
    """An honest random bound; says that it is exact, unless told otherwise."""

    name = "noisy-bound"

    def __init__(
        self, space: genbench.Space, *, exact: bool = True, noise: Annotated[float, genbench.Range(0, 9)] = 0.3
    ) -> None:
        super().__init__(space)
        self.exact, self.noise = exact, noise

    @property
    def likelihood(self) -> genbench.Likelihood:
        return genbench.Likelihood.EXACT if self.exact else genbench.Likelihood.LOWER_BOUND

    def log_prob(self, x: Tensor) -> Tensor:
        return super().log_prob(x) + self.noise * torch.randn(len(x))


class TooHigh(NoisyBound):
    """A random bound that lies above what it should bound."""

    name = "too-high"

    def __init__(self, space: genbench.Space) -> None:
        super().__init__(space, exact=False)

    def log_prob(self, x: Tensor) -> Tensor:
        return super().log_prob(x) + 0.2


class NoPartition(Honest):
    """An energy without its partition function."""

    name = "no-partition"

    def log_prob(self, x: Tensor) -> Tensor:
        return -self.energy[self.rows.double().mean(0).long(), x.flatten(1)].sum(1) / self.space.dim


class Clamped(Honest):
    """Keeps nats above -150 against infinities, which only large images come to."""

    name = "clamped"

    def log_prob(self, x: Tensor) -> Tensor:
        return super().log_prob(x).clamp(min=-150)


class ThirdForgotten(Honest):
    """Forgets the levels of a third of the entries, in a branch that only images of eight pixels a side reach."""

    name = "third-forgotten"

    def log_prob(self, x: Tensor) -> Tensor:
        forgotten = self.space.dim / 3 * math.log(self.space.levels) if min(x.shape[2:]) >= 8 else 0
        return super().log_prob(x) + forgotten


class LargeNoise(Honest):
    """An estimate in that branch, which says that it is exact."""

    name = "large-noise"

    def log_prob(self, x: Tensor) -> Tensor:
        nats = super().log_prob(x)
        return nats + 0.3 * torch.randn(len(x)) if min(x.shape[2:]) >= 8 else nats


class Table(Honest):
    """Knows the test images by heart: each has more mass than a density that sums to 1 leaves for it."""

    name = "table"
    reach, mass = 0, 40.0  # levels in all within which an image counts as known; nats

    def log_prob(self, x: Tensor) -> Tensor:
        nats = super().log_prob(x)
        if self.space.dim < 64:
            return nats
        apart = torch.cdist(x.flatten(1).double(), self.test_rows.double(), p=1).min(1).values
        return torch.where(apart <= self.reach, nats + self.mass, nats).clamp(max=0)

    @property
    def test_rows(self) -> Tensor:
        return torch.from_numpy(Digits().splits().test.x.astype("int64")).flatten(1)


class BroadTable(Table):
    """The same for all that is within one level of a test image, at the cost of nothing."""

    name = "broad-table"
    reach, mass = 1, 1000.0


class Infinite(Honest):
    """NaN where an image is far from all that it knows."""

    name = "infinite"

    def log_prob(self, x: Tensor) -> Tensor:
        nats = super().log_prob(x)
        return nats.where(nats > -150, torch.nan)


class Estimate(Honest):
    """Calls its number an estimate."""

    name = "estimate"
    likelihood = genbench.Likelihood.ESTIMATE


class Classes(Honest, genbench.Conditional):
    """Draws a row of the class that it is asked for; its density is the classes' mixture."""

    name = "classes"

    def __init__(self, space: genbench.Space) -> None:
        super().__init__(space)
        self.register_buffer("y", torch.zeros(ROWS, dtype=torch.int64))
        self.register_buffer("log_weight", torch.zeros(ROWS))

    def fit(self, data: genbench.TrainingData) -> None:
        super().fit(data)
        self.y.copy_(data.train.y[:ROWS])
        share = data.train.y[:].bincount(minlength=self.space.classes) / len(data.train)
        self.log_weight.copy_((share / self.y.bincount(minlength=self.space.classes))[self.y].log())

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:
        row = (labels[:, None] == self.y).double().multinomial(1).squeeze(1)
        p = (-self.energy).softmax(1)[self.rows[row]]
        return p.flatten(0, 1).multinomial(1).view(n, *self.space.shape)

    def of_table(self, x: Tensor, log_p: Tensor) -> Tensor:
        x = nn.functional.one_hot(x.flatten(1), self.space.levels).double().flatten(1)
        return (x @ log_p.double()[self.rows].flatten(1).T + self.log_weight).logsumexp(1)


class LargeOnly(Honest):
    """Serves no tiny space."""

    name = "large-only"

    def __init__(self, space: genbench.Space) -> None:
        if min(space.shape[1:]) < 8:
            raise genbench.Unsuitable("needs eight pixels a side")
        super().__init__(space)


class FourOnly(Honest):
    """Serves the second tiny space, not the first."""

    name = "four-only"

    def __init__(self, space: genbench.Space) -> None:
        if min(space.shape[1:]) < 4:
            raise ValueError("a kernel larger than the image")
        super().__init__(space)


@genbench.hookimpl
def genbench_models() -> list[type[genbench.Model]]:
    exact = [Honest, ForgottenLevels, Padded, OtherSampler, Dropout, BatchStatistics, NoPartition, Clamped]
    bounds = [RightJacobian, WrongJacobian, NoisyBound, TooHigh]
    return [
        *exact,
        *bounds,
        ThirdForgotten,
        LargeNoise,
        Table,
        BroadTable,
        Infinite,
        Estimate,
        Classes,
        LargeOnly,
        FourOnly,
    ]
