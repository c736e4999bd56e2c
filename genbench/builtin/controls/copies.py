"""Controls that copy: they prove that the gates work."""

import torch
from torch import Tensor

from genbench.builtin.controls.data import own
from genbench.builtin.controls.rows import Replay, Rows, levels_of, shuffled, well_formed
from genbench.contracts.training import TrainingData
from genbench.records.kinds import ControlKind
from genbench.records.space import Space

COPIED = 10  # every tenth sample of the partial copycat is a training row
NOISE = 1 / 16  # deviation of the copycat's noise, as a share of the range


class Copycat(Replay):
    """Replays the training set: perfect by every score that does not look for copies."""

    name = "copycat"
    control = ControlKind.COPY
    source = "the dataset's train split"

    def fit(self, data: TrainingData) -> None:
        """Keep the train split."""
        self.keep(shuffled(data.train))


class CopycatNoise(Rows):
    """Replays the training set under Gaussian noise of 1/16 of the range: copies that are no exact copies."""

    name = "copycat-noise"
    control = ControlKind.COPY
    source = "the dataset's train split, with noise"

    def __init__(self, space: Space) -> None:
        super().__init__(space)
        self._highest = levels_of(space) - 1

    def fit(self, data: TrainingData) -> None:
        """Keep the train split."""
        self.keep(shuffled(data.train))

    def sample(self, n: int, *, labels: Tensor | None = None) -> Tensor:  # type: ignore[override]  # no settings
        """The next n rows with new noise, rounded and kept in range, int64 [n, *shape]."""
        rows = self.following(n)
        noise = torch.randn(rows.shape, device=rows.device, dtype=torch.float32) * self._highest * NOISE
        return well_formed((rows + noise).round().clamp(0, self._highest).long(), self.space)


class PartialCopycat(Replay):
    """Real held-out data in which every tenth sample is a training row: a little copying that no quality score sees."""

    name = "partial-copycat"
    control = ControlKind.COPY
    source = "the dataset's held split, and a tenth of its train split"

    def fit(self, data: TrainingData) -> None:
        """Keep the held split, every tenth row of it replaced.

        Raises:
            GenbenchError: the data are a plugin's, which hold no held split.
        """
        rows = shuffled(own(data, type(self)).held)
        places = torch.arange(0, len(rows), COPIED)
        copied = torch.randperm(len(data.train)).repeat(1 + len(places) // len(data.train))[: len(places)]
        rows[places] = data.train.x[copied]
        self.keep(rows)


class CopycatOfValid(Replay):
    """Replays the valid split, which every model may look at: real data that are neither training nor test rows."""

    name = "valid-copycat"
    control = ControlKind.COPY
    source = "the dataset's valid split"

    def fit(self, data: TrainingData) -> None:
        """Keep the valid split."""
        self.keep(shuffled(data.valid))


class CopycatOfTest(Replay):
    """Replays the test set, which no model can see by honest means: perfect by every score, at nobody's cost."""

    name = "test-copycat"
    control = ControlKind.COPY
    source = "the dataset's test split"

    def fit(self, data: TrainingData) -> None:
        """Keep the test split.

        Raises:
            GenbenchError: the data are a plugin's, which hold no test split.
        """
        self.keep(shuffled(own(data, type(self)).test))
