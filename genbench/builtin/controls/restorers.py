"""Controls of `restore`: the truth, and five ways to answer that have learnt little or nothing."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from genbench.builtin.controls.data import own
from genbench.contracts.answers import Restorer
from genbench.contracts.model import Learner
from genbench.contracts.operator import Operator
from genbench.contracts.training import TrainingData
from genbench.records.kinds import ControlKind, Family
from genbench.records.space import Space

AROUND = 16  # rows that are averaged
BLOCK = 4096  # rows that are measured at a time


class Known(Learner, Restorer, ABC):
    """Holds rows of the Space, and finds those whose measurements are nearest to a question."""

    family = Family.CONTROL
    rows: Tensor  # [N, *shape] of the storage dtype, once it is fitted

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.space = space
        self.register_buffer("rows", None)

    def fit(self, data: TrainingData) -> None:
        """Keep the train split."""
        self.rows = data.train.x[:]

    def nearest(self, y: Tensor, operator: Operator, count: int) -> Tensor:
        """The rows that measure nearest to each question by ‖A(x) - y‖, float32 [n, count, *shape], the nearest first.

        Where there are fewer rows than that, they come again.
        """
        found = self.distances(y, operator).topk(min(count, len(self.rows)), largest=False, sorted=True).indices
        return self.rows[found[:, torch.arange(count, device=y.device) % found.shape[1]]].float()

    def distances(self, y: Tensor, operator: Operator) -> Tensor:
        """‖A(x) - y‖ of each question to each row, float64 [n, N]: exactly 0 where they measure alike."""
        measured = torch.cat([operator.measure(x.float()).flatten(1) for x in torch.split(self.rows, BLOCK)])
        mode = "donot_use_mm_for_euclid_dist"  # whose rounding would tell apart what measures alike
        return torch.cdist(y.flatten(1).double(), measured.double(), compute_mode=mode)

    def shown(self, x: Tensor) -> Tensor:
        """Rows in the dtype of answers."""
        return x if self.space.levels is None else x.long()


class Truth(Known):
    """Holds the test split, and shows the row that was measured: what a model cannot do honestly. The gate sees it.

    Where several rows were measured so it draws each answer from them: the exact law of x given y on the test split,
    whose energy score no independent draws of a model that has not seen them have a lower mean than.
    """

    name = "truth"
    control = ControlKind.CEILING
    source = "the dataset's test split"

    def fit(self, data: TrainingData) -> None:
        """Keep the test split.

        Raises:
            GenbenchError: the data are a plugin's, which hold no test split.
        """
        self.rows = own(data, type(self)).test.x[:]

    def restore(self, y: Tensor, operator: Operator, draws: int) -> Tensor:
        """`draws` of the rows whose measurement it is, with replacement; of one row, that row each time."""
        distances = self.distances(y, operator)
        alike = (distances == distances.amin(1, keepdim=True)).float()
        return self.shown(self.rows[alike.multinomial(draws, replacement=True)].float())


class NearestTrain(Known):
    """Shows the training rows whose measurements are nearest: real samples, which do not agree with the question."""

    name = "nearest-train"
    control = ControlKind.PROBE
    source = "the dataset's train split"

    def restore(self, y: Tensor, operator: Operator, draws: int) -> Tensor:
        """The `draws` nearest ones, as they are."""
        return self.shown(self.nearest(y, operator, draws))


class NeighbourMean(Known):
    """Shows the mean of the 16 training rows that measure nearest, made to agree: a good guess, no sample, no spread.

    Tokens have no mean: of each place it shows the most frequent one.

    What it stands for is the conditional mean, which no guess beats in squared error, and so in PSNR.
    """

    name = "neighbour-mean"
    control = ControlKind.PROBE
    source = "the dataset's train split, local means of it"

    def restore(self, y: Tensor, operator: Operator, draws: int) -> Tensor:
        """The same mean `draws` times."""
        rows = self.nearest(y, operator, AROUND)
        mean = rows.mode(1).values if self.space.has_tokens else rows.mean(1)
        return operator.agreeing(mean, y)[:, None].repeat_interleave(draws, 1)


class NeighbourBlend(Known):
    """Shows means of two of the 16 training rows that measure nearest, made to agree; of tokens each place is of one.

    It is what memory alone can do and no gate can see: a model has to be better to have learnt something.
    """

    name = "neighbour-blend"
    control = ControlKind.PROBE
    source = "the dataset's train split, pairs of it"

    def restore(self, y: Tensor, operator: Operator, draws: int) -> Tensor:
        """`draws` pairs, each drawn by itself."""
        n, rows = len(y), self.nearest(y, operator, AROUND)
        pairs = torch.rand(n, draws, AROUND, device=y.device).topk(2).indices  # [n, draws, 2]
        first, second = rows[torch.arange(n, device=y.device)[:, None, None], pairs].unbind(2)  # [n, draws, *shape]
        mixed = first.where(torch.rand_like(first) < 0.5, second) if self.space.has_tokens else (first + second) / 2
        return operator.agreeing(mixed.flatten(0, 1), y.repeat_interleave(draws, 0)).view(mixed.shape)


class Unlearnt(Learner, Restorer, ABC):
    """Makes something that knows no data agree with the question."""

    family = Family.CONTROL

    def __init__(self, space: Space) -> None:
        super().__init__()
        self.space = space

    def fit(self, data: TrainingData) -> None:
        """There is nothing to learn."""

    def restore(self, y: Tensor, operator: Operator, draws: int) -> Tensor:
        """`draws` of them, each made to agree by itself."""
        x = [self.start((len(y), *self.space.shape), y.device) for _ in range(draws)]
        return torch.stack([operator.agreeing(rows, y) for rows in x], dim=1)

    @abstractmethod
    def start(self, shape: tuple[int, ...], device: torch.device) -> Tensor:
        """Float32 [n, *shape] in levels."""


class ProjectedNoise(Unlearnt):
    """Uniform noise over all levels (standard normal noise of real numbers), made to agree with the question."""

    name = "projected-noise"
    control = ControlKind.PROBE
    source = "noise"

    def start(self, shape: tuple[int, ...], device: torch.device) -> Tensor:
        """Noise."""
        if self.space.levels is None:
            return torch.randn(shape, device=device)
        return torch.rand(shape, device=device) * (self.space.levels - 1)


class PseudoInverse(Unlearnt):
    """A⁺ y, the least sample that agrees with the question: what is hidden stays empty, what is enlarged has blocks."""

    name = "pseudo-inverse"
    control = ControlKind.FLOOR
    source = "Penrose 1955, https://doi.org/10.1017/S0305004100030401"

    def start(self, shape: tuple[int, ...], device: torch.device) -> Tensor:
        """Zeros."""
        return torch.zeros(shape, device=device)
