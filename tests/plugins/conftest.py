"""What the tests of the first-party plugins share: their modules on the path, data to fit, a save and reload."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import genbench
from genbench.builtin.datasets.digits import Digits

sys.path[:0] = [str(folder) for folder in sorted((Path(__file__).parents[2] / "plugins").iterdir()) if folder.is_dir()]

Fittable = Callable[..., genbench.TrainingData]


@pytest.fixture(autouse=True)
def one_thread_and_one_seed():
    """Every test draws the same numbers, and shares the machine."""
    torch.set_num_threads(1)
    torch.manual_seed(0)


def _ramps(space: genbench.Space, rows: int, seed: int) -> genbench.Split:
    """Slanted ramps with a little noise: rows whose pixels depend on each other, for any image Space."""
    rng = np.random.default_rng(seed)
    c, h, w = space.shape
    slope = rng.uniform(-1, 1, (rows, c, 2, 1, 1))
    u, v = np.mgrid[-1 : 1 : h * 1j, -1 : 1 : w * 1j]
    grey = 0.5 + (slope[:, :, 0] * u + slope[:, :, 1] * v) / 4 + rng.normal(0, 0.02, (rows, c, h, w))
    x = (grey.clip(0, 1) * (space.levels - 1)).round().astype(space.storage)
    return genbench.Split(genbench.Examples(x))


@pytest.fixture
def ramps() -> Fittable:
    """`ramps(space, images)`: 96 training and 32 validation rows in any image Space, a budget of `images`."""

    def data(space: genbench.Space, images: int) -> genbench.TrainingData:
        return genbench.TrainingData(space, _ramps(space, 96, 0), _ramps(space, 32, 1), images)

    return data


@pytest.fixture(scope="session")
def digits() -> Fittable:
    """`digits(images)`: the embedded digits with a budget of `images`."""
    splits = Digits().splits()

    def data(images: int) -> genbench.TrainingData:
        return genbench.TrainingData(splits.space, genbench.Split(splits.train), genbench.Split(splits.valid), images)

    return data


@pytest.fixture
def reloaded() -> Callable[..., genbench.Model]:
    """`reloaded(model, **settings)`: a fresh instance under another seed that loaded a copy of the model's state."""

    def reload(model: genbench.Model, **settings: object) -> genbench.Model:
        state = {name: value.clone() for name, value in model.state_dict().items()}
        torch.manual_seed(98765)
        fresh = type(model)(model.space, **settings)
        fresh.load_state_dict(state)
        return fresh.eval()

    return reload
