"""`italy-power-demand`: 1,096 days of Italy's demand for electric power, hour by hour, from aeon's wheel."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genbench.builtin.datasets.packaged import folder
from genbench.contracts.dataset import Dataset, Examples, Splits, drawn
from genbench.errors import GenbenchError
from genbench.records.space import Space

FILES = ("ItalyPowerDemand_TRAIN.ts", "ItalyPowerDemand_TEST.ts")
HOURS = 24
DAYS = 1_096
HELD, VALID = 240, 96  # days of test, and of held; of valid


class ItalyPowerDemand(Dataset):
    """Days of 24 real numbers, standardised each (mean 0, sample variance 1), of class 0, October to March, or 1.

    The archive's own split trains on 67 days to classify 1,029 others: of all 1,096 the splits have 520 / 96 / 240 /
    240 here, drawn with fixed seeds, stratified by class. The archive tells no order of the days and no licence. Days
    that follow each other are alike and may lie in two splits: all that is asked for is the law of a day.
    """

    name = "italy-power-demand"
    source = "Keogh et al. 2006, https://doi.org/10.1109/ICDM.2006.90; the UCR archive, Dau et al. 2019"
    license = "LicenseRef-UCR-archive"
    extractor = "pixels"
    hides = ("aeon/datasets/data/ItalyPowerDemand",)

    def splits(self) -> Splits:
        """The days, read into memory.

        Raises:
            GenbenchError: the files are not there, or hold something else; says which package has them.
        """
        path = self._found()
        read = [_rows(path / name) for name in FILES]
        x, y = (np.concatenate(parts) for parts in zip(*read, strict=True))
        if len(x) != DAYS:
            raise GenbenchError(f"{path} holds {len(x):,} days, expected {DAYS:,}; pip install aeon")
        rest = np.arange(len(x))
        parts = {}
        for name, count in (("held", HELD), ("test", HELD), ("valid", VALID)):
            chosen, others = drawn(y[rest], count, self.name, f"{name} split")
            parts[name], rest = Examples(x[rest[chosen]], y[rest[chosen]]), rest[others]
        return Splits(Space((HOURS,), levels=None, classes=2), Examples(x[rest], y[rest]), **parts)

    def fetch(self, folder: Path) -> None:
        """Nothing is downloaded: the package has it.

        Raises:
            GenbenchError: the files are not there.
        """
        self._found()

    def _found(self) -> Path:
        return folder(self.name, "aeon", "datasets/data/ItalyPowerDemand", self.places)


def _rows(path: Path) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Series [N, 24] and classes [N] of a file of the archive's form `.ts`: after @data `VALUE,VALUE,…:CLASS` a line.

    Raises:
        GenbenchError: it is missing, or of another form; names it.
    """
    try:
        text = path.read_text(encoding="utf-8")
        lines = [line.split(":") for line in text.split("@data", 1)[1].split("\n") if line.strip()]
        x = np.array([series.split(",") for series, _ in lines], np.float64).astype(np.float32)
        y = np.array([int(label) for _, label in lines]) - 1
    except (OSError, IndexError, ValueError) as error:
        raise GenbenchError(f"{path} is missing, or no series of the form .ts ({error}); pip install aeon") from error
    if x.shape[1:] != (HOURS,) or not np.isin(y, (0, 1)).all():
        raise GenbenchError(f"{path} holds rows of {x.shape[1:]}, expected {HOURS} numbers and class 1 or 2")
    return x, y
