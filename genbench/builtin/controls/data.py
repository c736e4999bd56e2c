"""What the harness fits its own controls on."""

from dataclasses import dataclass
from pathlib import Path

from genbench.contracts.model import Learner
from genbench.contracts.training import Split, TrainingData
from genbench.errors import GenbenchError
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


def own(data: TrainingData, control: type[Learner]) -> ControlData:
    """Data of a control's fit that hold every split.

    Raises:
        GenbenchError: the data are a plugin's, which hold neither test nor held.
    """
    if not isinstance(data, ControlData):
        raise GenbenchError(f"{control.name} is fitted by the harness alone: plugins get no test data")
    return data
