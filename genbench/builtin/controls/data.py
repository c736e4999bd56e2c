"""What the harness fits its own controls on."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from genbench.contracts.model import Learner
from genbench.contracts.training import Split, TrainingData
from genbench.errors import GenbenchError, Unsuitable
from genbench.store import datasets


@dataclass
class ControlData(TrainingData):
    """What the harness fits its own controls on: the folder of the data besides, so that they can show every split.

    No plugin's model gets it, whatever class it derives from.
    """

    home: Path = Path()

    @property
    def test(self) -> Split:
        """The test split."""
        return Split(datasets.read(self.home, "test"))

    @property
    def held(self) -> Split:
        """The split that no plugin ever sees."""
        return Split(datasets.read(self.home, "held"))

    def known(self, split: str, attribute: str) -> Tensor:
        """What else is known of the rows of a split, [N, …]: the dataset says under which names.

        Raises:
            Unsuitable: nothing of that name.
        """
        found = datasets.read_attributes(self.home, split)
        if attribute not in found:
            raise Unsuitable(f"needs data of which the {attribute} of each row is known")
        return torch.from_numpy(found[attribute])


def own(data: TrainingData, control: type[Learner]) -> ControlData:
    """Data of a control's fit that hold every split.

    Raises:
        GenbenchError: the data are a plugin's, which hold neither test nor held.
    """
    if not isinstance(data, ControlData):
        raise GenbenchError(f"{control.name} is fitted by the harness alone: plugins get no test data")
    return data
