"""The digits, laid down, with their features, and what the control models draw of them."""

from pathlib import Path

import pytest
from copied import CONTROLS, Samples, features_of, laid_down, shown

from genbench.builtin.datasets.digits import Digits
from genbench.contracts.dataset import Splits
from genbench.scoring.features import Features


@pytest.fixture(scope="session")
def splits() -> Splits:
    return Digits().splits()


@pytest.fixture(scope="session")
def home(splits: Splits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return laid_down(splits, tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def features(home: Path) -> Features:
    return features_of(home)


@pytest.fixture(scope="session")
def samples(splits: Splits, home: Path) -> dict[str, Samples]:
    """What the controls show in a run of the digits suite: as many as the test split has, 100 at a time."""
    return {name: shown(control, splits, home) for name, control in CONTROLS.items()}
