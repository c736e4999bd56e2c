"""Controls made of real data, or of their mean: what every column is read against."""

import torch

from genbench.builtin.controls.data import own
from genbench.builtin.controls.rows import Replay, shuffled, well_formed
from genbench.contracts.training import TrainingData
from genbench.errors import Unsuitable
from genbench.records.kinds import ControlKind
from genbench.records.space import Space


class HeldOut(Replay):
    """Real data of the split that no plugin ever sees: no model can beat them honestly. The ceiling of every column."""

    name = "real-held-out"
    control = ControlKind.CEILING
    source = "the dataset's held split"

    def fit(self, data: TrainingData) -> None:
        """Keep the held split.

        Raises:
            GenbenchError: the data are a plugin's, which hold no held split.
        """
        self.keep(shuffled(own(data, type(self)).held))


class ModeDropper(Replay):
    """Real held-out data of half of the classes: half of the quality and of the coverage, and no copy."""

    name = "mode-dropper"
    control = ControlKind.PROBE
    source = "the dataset's held split, the first half of the classes"

    def __init__(self, space: Space) -> None:
        super().__init__(space)
        if space.classes is None or space.classes < 2:
            raise Unsuitable("needs at least two classes, half of which it drops")
        self._kept = space.classes // 2

    def fit(self, data: TrainingData) -> None:
        """Keep the held rows of the first half of the classes.

        Raises:
            Unsuitable: there are none. GenbenchError: the data are a plugin's, which hold no held split.
        """
        held = own(data, type(self)).held
        labels = torch.empty(0) if held.y is None else held.y[:]
        (kept,) = torch.nonzero(labels < self._kept, as_tuple=True)
        if not len(kept):
            raise Unsuitable(f"the held split has no row of the first {self._kept} classes")
        self.keep(held.x[kept[torch.randperm(len(kept))]])


class MeanImage(Replay):
    """Shows the mean of the training set again and again: full precision, and neither recall nor coverage."""

    name = "mean-image"
    control = ControlKind.PROBE
    source = "the dataset's train split, its mean"

    def fit(self, data: TrainingData) -> None:
        """Keep the mean, rounded where entries are integers."""
        total = torch.zeros(self.space.shape, dtype=torch.float64)
        for x, _ in data.train.batches(1024):
            total += x.sum(0, dtype=torch.float64)
        mean = total / len(data.train)
        shown = (mean if self.space.levels is None else mean.round())[None]
        self.keep(well_formed(shown, self.space))
