"""Controls of `classify`: the truth, a table of the test set, two classifiers of old, and who never looks."""

import math
from collections.abc import Iterator
from itertools import product

import torch
from torch import Tensor

from genbench.builtin.controls.data import own
from genbench.contracts.answers import Classifier
from genbench.contracts.model import Learner
from genbench.contracts.training import Split, TrainingData
from genbench.errors import Unsuitable
from genbench.records.kinds import ControlKind, Family
from genbench.records.space import Space

SURE = 0.999  # the probability of a class that is known: 1 would make one error an infinite one
LOOKED_AT, PART = 2_000, 100  # rows at most whose own neighbours are looked at, so many at a time


class ClassFrequencies(Learner, Classifier):
    """The share of each class in the training set, whatever the sample, with add-one smoothing: the floor."""

    name = "class-frequencies"
    family = Family.CONTROL
    control = ControlKind.FLOOR
    source = "Laplace, Essai philosophique sur les probabilités, 1814 (the rule of succession)"
    log_share: Tensor  # [classes] nats

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.register_buffer("log_share", torch.zeros(_classes(space)))

    def fit(self, data: TrainingData) -> None:
        """Count the labels."""
        counts = 1 + torch.bincount(_labels(data.train), minlength=len(self.log_share))
        self.log_share.copy_((counts / counts.sum()).log())

    def posterior(self, x: Tensor) -> Tensor:
        """[N, classes] nats, the same for each row."""
        return self.log_share.expand(len(x), -1)


class LogisticRegression(Learner, Classifier):
    """Multinomial logistic regression on pixels: what a straight line between two classes can tell."""

    name = "logistic-regression"
    family = Family.CONTROL
    control = ControlKind.PROBE
    source = "Bishop, Pattern Recognition and Machine Learning, 2006, sec. 4.3.4"
    weight: Tensor  # [D, classes]
    bias: Tensor  # [classes]

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(space.dim, _classes(space), dtype=torch.float64))
        self.register_buffer("bias", torch.zeros(_classes(space), dtype=torch.float64))

    def fit(self, data: TrainingData) -> None:
        """By maximum likelihood, with standard normal weights of standardised pixels."""
        from genbench.builtin.metrics.multinomial import fitted

        x = data.train.x[:].flatten(1).double().numpy()
        found = fitted(x, _labels(data.train).numpy(), len(self.bias))
        self.weight.copy_(torch.from_numpy(found.weight))
        self.bias.copy_(torch.from_numpy(found.bias))

    def posterior(self, x: Tensor) -> Tensor:
        """[N, classes] logits."""
        return x.flatten(1).to(self.weight) @ self.weight + self.bias


class Labelled(Learner, Classifier):
    """Holds rows, and their labels; what it says of a sample depends on the rows that are near."""

    family = Family.CONTROL
    rows: Tensor  # [M, D] float32, once it is fitted
    labels: Tensor  # [M] int64
    scale: Tensor  # a number, for those that need one

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.classes = _classes(space)
        self.register_buffer("rows", None)
        self.register_buffer("labels", None)
        self.register_buffer("scale", torch.zeros(()))

    def keep(self, *splits: Split) -> None:
        """Hold all rows of these."""
        self.rows = torch.cat([split.x[:].flatten(1).float() for split in splits])
        self.labels = torch.cat([_labels(split) for split in splits])

    def distances(self, x: Tensor) -> Tensor:
        """Euclidean, of samples to the rows: [N, M]."""
        return torch.cdist(x.flatten(1).float(), self.rows, compute_mode="donot_use_mm_for_euclid_dist")

    def called(self, nearest: Tensor, p: float) -> Tensor:
        """Nats [N, classes]: probability p for the class of the row `nearest` [N], the rest for all others alike."""
        other = math.log((1 - p) / (self.classes - 1)) if self.classes > 1 else 0.0
        nats = torch.full((len(nearest), self.classes), other, device=nearest.device)
        return nats.scatter(1, self.labels[nearest][:, None], math.log(p) if self.classes > 1 else 0.0)


class NearestRow(Labelled):
    """The class of the nearest training row in pixels: p is how often that was right of training rows themselves.

    (hits + 1) / (rows + 2), each row beside all others; up to 2,000 of them are looked at.
    """

    name = "nearest-row"
    control = ControlKind.PROBE
    source = "Cover and Hart 1967, https://doi.org/10.1109/TIT.1967.1053964"

    def fit(self, data: TrainingData) -> None:
        """Keep the train split, and count."""
        self.keep(data.train)
        looked = torch.arange(0, len(self.rows), math.ceil(len(self.rows) / LOOKED_AT))
        hits = 0
        for rows in torch.split(looked, PART):
            apart = self.distances(self.rows[rows])
            apart[torch.arange(len(rows)), rows] = math.inf
            hits += int((self.labels[apart.argmin(1)] == self.labels[rows]).sum())
        self.scale.fill_((hits + 1) / (len(looked) + 2))

    def posterior(self, x: Tensor) -> Tensor:
        """[N, classes] nats."""
        return self.called(self.distances(x).argmin(1), float(self.scale))


class TrueClass(Labelled):
    """The class itself, of the nearest row of all that are asked about, with p = .999: the ceiling.

    An image is also moved by an eighth of its shorter side in eight directions, to be found where it was shifted.
    """

    name = "true-class"
    control = ControlKind.CEILING
    source = "the dataset's test, held and valid splits"

    def __init__(self, space: Space) -> None:
        super().__init__(space)
        self.step = max(1, min(space.shape[1:]) // 8) if space.is_image else 0

    def fit(self, data: TrainingData) -> None:
        """Keep the splits.

        Raises:
            GenbenchError: the data are a plugin's, which hold neither test nor held.
        """
        everything = own(data, type(self))
        self.keep(everything.test, everything.held, everything.valid)

    def posterior(self, x: Tensor) -> Tensor:
        """[N, classes] nats."""
        found = [self.distances(each).min(1) for each in self._moved(x)]
        best = torch.stack([each.values for each in found]).argmin(0)  # [N], of the moves
        nearest = torch.stack([each.indices for each in found]).gather(0, best[None])[0]
        return self.called(nearest, SURE)

    def _moved(self, x: Tensor) -> Iterator[Tensor]:
        if not self.step:
            yield x
            return
        height, width = x.shape[2:]
        wide = torch.nn.functional.pad(x.float(), (self.step,) * 4, mode="replicate")
        for top, left in product((0, self.step, 2 * self.step), repeat=2):
            yield wide[:, :, top : top + height, left : left + width]


class TestTable(Labelled):
    """The mean of the test rows' classes, weighted by nearness: sure of a test row, and less so of any other.

    The weights are exp(-d² / s²), s half of the median distance of a test row to the next one.
    """

    __test__ = False  # no test of pytest's
    name = "test-table"
    control = ControlKind.COPY
    source = "the dataset's test split; Nadaraya 1964, https://doi.org/10.1137/1109020"

    def fit(self, data: TrainingData) -> None:
        """Keep the test split.

        Raises:
            GenbenchError: the data are a plugin's, which hold no test split.
        """
        self.keep(own(data, type(self)).test)
        looked = torch.arange(0, len(self.rows), math.ceil(len(self.rows) / LOOKED_AT))
        parts = torch.split(looked, PART)
        next_one = [self.distances(self.rows[rows]).topk(2, largest=False).values[:, 1] for rows in parts]
        self.scale.copy_((torch.cat(next_one).median() / 2).clamp(min=1e-6))

    def posterior(self, x: Tensor) -> Tensor:
        """[N, classes] logarithms of weights."""
        near = -(self.distances(x) / self.scale).square()  # [N, M]
        of_class = torch.nn.functional.one_hot(self.labels, self.classes).float().log()  # [M, classes], 0 or -inf
        return torch.stack([(near + column).logsumexp(1) for column in of_class.unbind(1)], dim=1)


def _classes(space: Space) -> int:
    if space.classes is None:
        raise Unsuitable(f"needs classes, got {space}")
    return space.classes


def _labels(split: Split) -> Tensor:
    if split.y is None:
        raise Unsuitable("needs labels")
    return split.y[:]
