"""Control models: they make every column readable, and prove that the gates work."""

import torch
from torch import Tensor

from genbench.errors import Unsuitable
from genbench.model import Density, Family, Likelihood, Model
from genbench.space import Space
from genbench.training import Split, TrainingData


class _Replay(Model):
    """Shows the rows of a split in a fixed shuffled order, each once before any comes again."""

    family = Family.CONTROL
    rows: Tensor  # [N, *shape] int64, once it is fitted

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.register_buffer("rows", None)
        self._next = 0

    def _keep(self, split: Split) -> None:
        self.rows = split.x[torch.randperm(len(split))]

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:  # type: ignore[override]  # no settings
        """The next n rows, int64 [n, *shape]."""
        which = torch.arange(self._next, self._next + n, device=self.rows.device) % len(self.rows)
        self._next += n
        return self.rows[which]


class HeldOut(_Replay):
    """Real held-out data: the valid split itself, which no model can beat honestly. The ceiling of every column."""

    name = "real-held-out"
    source = "the dataset's valid split"

    def fit(self, data: TrainingData) -> None:
        """Keep the valid split."""
        self._keep(data.valid)


class Copycat(_Replay):
    """Replays the training set: perfect by every score that does not look for copies."""

    name = "copycat"
    source = "the dataset's train split"

    def fit(self, data: TrainingData) -> None:
        """Keep the train split."""
        self._keep(data.train)


class IndependentPixels(Model, Density):
    """P(x) = Π_d P_d(x_d), each P_d a histogram of the training set with add-one smoothing. The floor of a board."""

    name = "independent-pixels"
    family = Family.CONTROL
    log_p: Tensor  # [D, levels] nats
    source = "Laplace, Essai philosophique sur les probabilités, 1814 (the rule of succession)"

    def __init__(self, space: Space) -> None:
        super().__init__()
        if space.levels is None:
            raise Unsuitable("needs integer data; this Space holds real numbers")
        self.space = space
        self.register_buffer("log_p", torch.zeros(space.dim, space.levels))

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
