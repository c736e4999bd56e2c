"""Control models: they make every column readable, and prove that the gates work."""

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from genbench.contracts.model import Density, Model
from genbench.contracts.training import Split, TrainingData
from genbench.errors import GenbenchError, Unsuitable
from genbench.records.kinds import Family, Likelihood
from genbench.records.space import Space
from genbench.store import datasets

COPIED = 10  # every tenth sample of the partial copycat is a training row
NOISE = 1 / 16  # deviation of the copycat's noise, as a share of the range


@dataclass
class ControlData(TrainingData):
    """What the harness fits its own controls on: the folder of the data besides, so that one can replay the test set.

    No plugin's model gets it, whatever class it derives from.
    """

    home: Path = Path()

    @property
    def test(self) -> Split:
        """The test split."""
        return Split(datasets.read(self.home, "test"))


class _Replay(Model):
    """Shows the rows of a split in a fixed shuffled order, each once before any comes again."""

    family = Family.CONTROL
    rows: Tensor  # [N, *shape] of the storage dtype, once it is fitted

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.space = space
        self.register_buffer("rows", None)
        self._next = 0

    def _keep(self, rows: Tensor) -> None:
        self.rows = rows.to(getattr(torch, self.space.storage))

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:  # type: ignore[override]  # no settings
        """The next n rows, [n, *shape]."""
        which = torch.arange(self._next, self._next + n, device=self.rows.device) % len(self.rows)
        self._next += n
        rows = self.rows[which]
        return rows if self.space.levels is None else rows.long()


class HeldOut(_Replay):
    """Real held-out data: the valid split itself, which no model can beat honestly. The ceiling of every column."""

    name = "real-held-out"
    source = "the dataset's valid split"

    def fit(self, data: TrainingData) -> None:
        """Keep the valid split."""
        self._keep(_shuffled(data.valid))


class Copycat(_Replay):
    """Replays the training set: perfect by every score that does not look for copies."""

    name = "copycat"
    source = "the dataset's train split"

    def fit(self, data: TrainingData) -> None:
        """Keep the train split."""
        self._keep(_shuffled(data.train))


class CopycatNoise(Copycat):
    """Replays the training set under Gaussian noise of 1/16 of the range: copies that are no exact copies."""

    name = "copycat-noise"
    source = "the dataset's train split, with noise"

    def __init__(self, space: Space) -> None:
        super().__init__(space)
        self._highest = _levels(space) - 1

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:  # type: ignore[override]  # no settings
        """The next n rows with new noise, rounded and kept in range, int64 [n, *shape]."""
        rows = super().sample(n)
        noise = torch.randn(rows.shape, device=rows.device, dtype=torch.float32) * self._highest * NOISE
        return (rows + noise).round().clamp(0, self._highest).long()


class PartialCopycat(_Replay):
    """Real held-out data in which every tenth sample is a training row: a little copying that no quality score sees."""

    name = "partial-copycat"
    source = "the dataset's valid split, and a tenth of its train split"

    def fit(self, data: TrainingData) -> None:
        """Keep the valid split, every tenth row of it replaced."""
        rows = _shuffled(data.valid)
        places = torch.arange(0, len(rows), COPIED)
        copied = torch.randperm(len(data.train)).repeat(1 + len(places) // len(data.train))[: len(places)]
        rows[places] = data.train.x[copied]
        self._keep(rows)


class CopycatOfTest(_Replay):
    """Replays the test set, which no model can see by honest means: perfect by every score, at nobody's cost."""

    name = "test-copycat"
    source = "the dataset's test split"

    def fit(self, data: TrainingData) -> None:
        """Keep the test split.

        Raises:
            GenbenchError: the data are a plugin's, which hold no test split.
        """
        if not isinstance(data, ControlData):
            raise GenbenchError(f"{self.name} is fitted by the harness alone: plugins get no test data")
        self._keep(_shuffled(data.test))


class ModeDropper(_Replay):
    """Real held-out data of half of the classes: perfect quality, half of the coverage, and no copy."""

    name = "mode-dropper"
    source = "the dataset's valid split, the first half of the classes"

    def __init__(self, space: Space) -> None:
        super().__init__(space)
        if space.classes is None or space.classes < 2:
            raise Unsuitable("needs at least two classes, half of which it drops")
        self._kept = space.classes // 2

    def fit(self, data: TrainingData) -> None:
        """Keep the valid rows of the first half of the classes.

        Raises:
            Unsuitable: there are none.
        """
        labels = torch.empty(0) if data.valid.y is None else data.valid.y[:]
        (kept,) = torch.nonzero(labels < self._kept, as_tuple=True)
        if not len(kept):
            raise Unsuitable(f"the valid split has no row of the first {self._kept} classes")
        self._keep(data.valid.x[kept[torch.randperm(len(kept))]])


class Noise(Model, Density):
    """Every entry uniform over its levels, and P(x) = levels^-D: the floor of every column, log2(levels) bits/dim."""

    name = "noise"
    family = Family.CONTROL
    source = "the uniform distribution"
    origin: Tensor  # tells the device

    def __init__(self, space: Space) -> None:
        super().__init__()
        self._shape, self._levels = space.shape, _levels(space)
        self.register_buffer("origin", torch.zeros(1))

    @property
    def likelihood(self) -> Likelihood:
        """A probability: exact."""
        return Likelihood.EXACT

    def fit(self, data: TrainingData) -> None:
        """There is nothing to learn."""

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:  # type: ignore[override]  # no settings
        """n samples, int64 [n, *shape]."""
        return torch.randint(self._levels, (n, *self._shape), device=self.origin.device)

    def log_prob(self, x: Tensor) -> Tensor:
        """[N] nats of int64 [N, *shape]: the same for every sample."""
        return torch.full((len(x),), -math.prod(self._shape) * math.log(self._levels), dtype=torch.float64)


class MeanImage(_Replay):
    """Shows the mean of the training set again and again: full precision, and neither recall nor coverage."""

    name = "mean-image"
    source = "the dataset's train split, its mean"

    def fit(self, data: TrainingData) -> None:
        """Keep the mean, rounded where entries are integers."""
        total = torch.zeros(self.space.shape, dtype=torch.float64)
        for x, _ in data.train.batches(1024):
            total += x.sum(0, dtype=torch.float64)
        mean = total / len(data.train)
        self._keep((mean if self.space.levels is None else mean.round())[None])


class IndependentPixels(Model, Density):
    """P(x) = Π_d P_d(x_d), each P_d a histogram of the training set with add-one smoothing. The floor of a board."""

    name = "independent-pixels"
    family = Family.CONTROL
    log_p: Tensor  # [D, levels] nats
    source = "Laplace, Essai philosophique sur les probabilités, 1814 (the rule of succession)"

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.space = space
        self.register_buffer("log_p", torch.zeros(space.dim, _levels(space)))

    @property
    def likelihood(self) -> Likelihood:
        """A product of histograms is normalised: exact."""
        return Likelihood.EXACT

    def fit(self, data: TrainingData) -> None:
        """Count each level of each entry."""
        dim, levels = self.log_p.shape
        counts = torch.ones(dim * levels, dtype=torch.float64)
        entries = torch.arange(dim) * levels
        for x, _ in data.train.batches(1024):
            counts += torch.bincount((x.flatten(1) + entries).flatten(), minlength=dim * levels)
        counts = counts.view(dim, levels)
        self.log_p.copy_((counts / counts.sum(1, keepdim=True)).log())

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:  # type: ignore[override]  # no settings
        """n samples, int64 [n, *shape]."""
        x = torch.multinomial(self.log_p.exp(), n, replacement=True)  # [D, n]
        return x.T.reshape(n, *self.space.shape)

    def log_prob(self, x: Tensor) -> Tensor:
        """[N] nats of int64 [N, *shape]."""
        rows = x.flatten(1)  # [N, D]
        return self.log_p.double().gather(1, rows.T).sum(0)


CONTROLS: tuple[type[Model], ...] = (
    HeldOut,
    Copycat,
    CopycatNoise,
    PartialCopycat,
    CopycatOfTest,
    ModeDropper,
    IndependentPixels,
    Noise,
    MeanImage,
)


def _shuffled(split: Split) -> Tensor:
    return split.x[torch.randperm(len(split))]


def _levels(space: Space) -> int:
    if space.levels is None:
        raise Unsuitable("needs integer data; this Space holds real numbers")
    return space.levels
