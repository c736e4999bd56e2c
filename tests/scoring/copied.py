"""Digits, extractors that show what copies are, and what control models draw: what the tests of the gate share."""

from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genbench.builtin import controls
from genbench.builtin.datasets.digits import Digits
from genbench.builtin.extractors.digits_net import DigitsNet
from genbench.builtin.extractors.pixels import Pixels
from genbench.contracts.dataset import Splits
from genbench.contracts.extractor import Extractor
from genbench.contracts.model import Model
from genbench.contracts.training import Split
from genbench.geometry.nearest import nearest
from genbench.geometry.sweep import product_on
from genbench.records.gates import CopyVerdict
from genbench.scoring.features import Features
from genbench.scoring.novelty.evidence import Beside, Near, in_pixels
from genbench.scoring.novelty.gate import CopyGate
from genbench.scoring.novelty.pairs import distinct, flat
from genbench.store import datasets

CPU = "cpu"
CONTROLS = {control.name: control for control in controls.CONTROLS if issubclass(control, Model)}  # who draw samples
COPYING = {
    "copycat": "train",
    "copycat-noise": "train",
    "partial-copycat": "train",
    "test-copycat": "test",
    "valid-copycat": "valid",
}
AVERAGING = ("smote", "local-means")
HONEST = ("real-held-out", "mode-dropper", "independent-pixels", "noise", "mean-image")
PRODUCT = product_on(None)
Samples = NDArray[np.uint8]


class Levels(Pixels):
    """Pixels in [0, 16], as they are stored: the FDs of the specification's table are in their units."""

    name: ClassVar[str] = "levels"

    def features(self, x: Tensor) -> Tensor:
        return x.flatten(1).float()


class Standardised(Pixels):
    """Each pixel by the mean and the deviation of the digits' training split."""

    name: ClassVar[str] = "standardised"

    def features(self, x: Tensor) -> Tensor:
        train = torch.from_numpy(Digits().splits().train.x).flatten(1).double()
        deviation = train.std(0, correction=0)
        return ((x.flatten(1) - train.mean(0)) / deviation.where(deviation > 0, 1.0)).float()


class Broken(Pixels):
    """Fails where it is asked."""

    name: ClassVar[str] = "broken"

    def features(self, x: Tensor) -> Tensor:
        raise RuntimeError("boom")


OFFERED = (DigitsNet, Pixels, Levels, Standardised, Broken)
EXTRACTORS: dict[str, type[Extractor]] = {extractor.name: extractor for extractor in OFFERED}


def laid_down(splits: Splits, folder: Path) -> Path:
    home = folder / splits.sha256
    home.mkdir(parents=True)
    datasets.write(splits, home)
    return home


def shown(control: type[Model], splits: Splits, home: Path) -> Samples:
    torch.manual_seed(0)
    model, n = control(splits.space), len(splits.test)
    told = (splits.space, Split(splits.train), Split(splits.valid), 1000)
    model.fit(controls.ControlData(*told, home=home))
    return torch.cat([model.sample(min(100, n - start)) for start in range(0, n, 100)]).to(torch.uint8).numpy()


def flagged(verdict: CopyVerdict) -> set[str]:
    """The sets that are said to be copied."""
    return {test.against for test in verdict.tests if test.flagged}


def measured(train: Samples, test: Samples, held: Samples, x: Samples) -> dict[str, Beside]:
    """How near samples come to training and test data, in pixels, which stand for features too."""
    found = {}
    for against, known in {"train": train, "test": test}.items():
        found[against] = Beside(*(near(of, known) for of in (x, held)))
    return found


def near(x: Samples, known: Samples) -> Near:
    rows = known[distinct(known)]
    return Near(nearest(flat(x), flat(known), PRODUCT), in_pixels(x, rows, PRODUCT, np.random.default_rng(0)))


def features_of(home: Path) -> Features:
    """What the extractors make of data that were laid down."""
    return Features(home, EXTRACTORS, CPU)


def gated(features: Features, extractor: str, samples: Samples, shows_held: bool = False) -> CopyVerdict:
    """What the gate says of samples; `shows_held`: as it does of a control."""
    return CopyGate(features, extractor, shows_held).verdict(features.of(samples))
