"""What a confined child runs for every model of a loose file: it is made, fitted to a few rows, and draws."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from genbench.catalogue.plugins import Plugin, load
from genbench.contracts.dataset import Examples
from genbench.contracts.model import Density, Model
from genbench.contracts.training import Split, TrainingData
from genbench.execution.channel import Markers
from genbench.protocol.inputs import SplitFiles
from genbench.records.space import Space

ROWS, IMAGES, DRAWN = 200, 400, 12
SPACE = Space((1, 8, 8), levels=17, classes=10)


@dataclass(frozen=True)
class DrawnInputs:
    """What is drawn from."""

    plugin: Plugin
    """The loose file."""
    data: SplitFiles
    """A folder with valid rows, as a stage's inputs name it."""


@dataclass(frozen=True)
class Drawn:
    """What came of it: a model and a sampler, as NAME/SAMPLER → "ok", or what it raised."""

    found: dict[str, str]


def drawn(folder: Path, inputs: DrawnInputs, markers: Markers) -> Drawn:
    """Make, fit and ask every model of the file, with each of its samplers."""
    found = {}
    for cls in load(inputs.plugin).of("genbench_models"):
        model = cls(SPACE, **getattr(cls, "small", {}))
        model.fit(TrainingData(SPACE, _split(0), _split(1), IMAGES))
        model.eval()
        for name, settings in cls.samplers.items():
            found[f"{cls.name}/{name}"] = _asked(model, settings)
    return Drawn(found)


def _asked(model: Model, settings: dict[str, object]) -> str:
    labels = torch.arange(DRAWN) % SPACE.classes
    with torch.no_grad():
        x = model.sample(DRAWN, labels=labels, **settings)
        nats = model.log_prob(x) if isinstance(model, Density) else torch.zeros(DRAWN)
    right = x.shape == (DRAWN, *SPACE.shape) and x.dtype == torch.int64 and bool(nats.isfinite().all())
    return "ok" if right else f"{x.dtype} {tuple(x.shape)}, {nats}"


def _split(seed: int) -> Split:
    """Blots that differ from class to class, and noise."""
    rng = np.random.default_rng(seed)
    y = np.arange(ROWS) % SPACE.classes
    centre = np.random.default_rng(9).uniform(0, 16, (SPACE.classes, *SPACE.shape))
    x = (centre[y] + rng.normal(0, 2, (ROWS, *SPACE.shape))).round().clip(0, 16)
    return Split(Examples(x.astype(np.uint8), y))
