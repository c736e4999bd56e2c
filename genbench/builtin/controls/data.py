"""What the harness fits its own controls on."""

from dataclasses import dataclass
from pathlib import Path

from genbench.contracts.training import Split, TrainingData
from genbench.store import datasets


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
