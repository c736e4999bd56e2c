"""Controls of `translate`: the true pairs, a table of those of the test set, a look-up in train, and who stays."""

from abc import ABC

import torch
from torch import Tensor

from genbench.builtin.controls.data import ControlData, own
from genbench.contracts.answers import Translator
from genbench.contracts.model import Learner
from genbench.contracts.training import TrainingData
from genbench.errors import Unsuitable
from genbench.records.kinds import ControlKind, Family
from genbench.records.space import Space


class Stored(Learner, Translator, ABC):
    """Holds rows of the Space, and what it shows in the place of each; asked about a sample it goes to the nearest."""

    family = Family.CONTROL
    rows: Tensor  # [M, *shape] of the storage dtype, once it is fitted
    shown: Tensor  # [M, *shape]
    labels: Tensor  # [M]: a row answers what is to go to the domain of this number

    def __init__(self, space: Space) -> None:
        super().__init__()
        if space.classes is None:
            raise Unsuitable(f"needs domains, which are the classes of the Space, got {space}")
        self.space = space
        for name in ("rows", "shown", "labels"):
            self.register_buffer(name, None)

    def keep(self, rows: Tensor, shown: Tensor, labels: Tensor) -> None:
        """Hold these, as narrow as the dataset does."""
        storage = getattr(torch, self.space.storage)
        self.rows, self.shown, self.labels = rows.to(storage), shown.to(storage), labels

    def keep_pairs(self, data: ControlData, *splits: str) -> None:
        """Hold the rows of splits, each with its pair, which is of the other domain."""
        parts = [data.test if split == "test" else data.held for split in splits]
        pairs = [data.known(split, "pair") for split in splits]
        own_domain = torch.cat([part.y[:] for part in parts if part.y is not None])
        self.keep(torch.cat([part.x[:] for part in parts]), torch.cat(pairs), 1 - own_domain)

    def translate(self, x: Tensor, domain: Tensor) -> Tensor:
        """What is shown in the place of the nearest row that answers for the domain."""
        apart = torch.cdist(x.flatten(1).double(), self.rows.flatten(1).double())  # [N, M]
        apart = apart.masked_fill(self.labels != domain[:, None], torch.inf)
        found = self.shown[apart.argmin(1)]
        return found.float() if self.space.levels is None else found.long()


class TruePair(Stored):
    """The held-out pair of whatever is asked about: the ceiling. Where two rows are equal it shows the pair of one."""

    name = "true-pair"
    control = ControlKind.CEILING
    source = "the dataset's test and held splits, and their pairs"

    def fit(self, data: TrainingData) -> None:
        """Keep the pairs of test and held.

        Raises:
            GenbenchError: the data are a plugin's, which hold neither. Unsuitable: no pairs are known.
        """
        self.keep_pairs(own(data, type(self)), "test", "held")


class PairTable(Stored):
    """The pairs of the test rows, the nearest of which answers for every other row: the gate `table` has to see it."""

    name = "pair-table"
    control = ControlKind.COPY
    source = "the dataset's test split, and its pairs"

    def fit(self, data: TrainingData) -> None:
        """Keep the pairs of test.

        Raises:
            GenbenchError: the data are a plugin's, which hold no test split. Unsuitable: no pairs are known.
        """
        self.keep_pairs(own(data, type(self)), "test")


class NearestTarget(Stored):
    """The training row of the target domain that is nearest in pixels: real, and seldom the same thing.

    The gate `copies` has to see it.
    """

    name = "nearest-target"
    control = ControlKind.COPY
    source = "the dataset's train split"

    def fit(self, data: TrainingData) -> None:
        """Keep the train split."""
        if data.train.y is None:
            raise Unsuitable("needs labels")
        self.keep(data.train.x[:], data.train.x[:], data.train.y[:])


class Identity(Learner, Translator):
    """The question itself: of the same class, and where it was. The gate `domain` has to see it."""

    name = "identity"
    family = Family.CONTROL
    control = ControlKind.FLOOR
    source = "the sample itself"

    def __init__(self, space: Space) -> None:
        super().__init__()

    def fit(self, data: TrainingData) -> None:
        """There is nothing to learn."""

    def translate(self, x: Tensor, domain: Tensor) -> Tensor:
        """x."""
        return x
