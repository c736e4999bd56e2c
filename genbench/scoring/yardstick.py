"""Yardstick: what samples are held against, a dataset's test split or rows that were given, and its identity."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from genbench.catalogue.parts import dataset_named, parts
from genbench.catalogue.plugins import Plugin
from genbench.contracts.extractor import Extractor, loaded
from genbench.errors import GenbenchError, unknown
from genbench.geometry.comparison import Comparison
from genbench.geometry.neighbours import Nearest
from genbench.records.gates import Verdict
from genbench.records.space import Space
from genbench.scoring.copies import Gate
from genbench.scoring.features import Features, Told, extracted
from genbench.scoring.memorisation import Distances, distinct, flat, judged, nearest
from genbench.scoring.samples import Samples
from genbench.store import datasets
from genbench.store.datasets import laid_down
from genbench.store.extractor_weights import located, named

EXTRACTORS: Mapping[str, str] = {"digits": "digits-net"}  # dataset → its default extractor, where it has one of its own
FOR_IMAGES, FOR_OTHERS = "inception-v3-compat", "pixels"  # the default elsewhere: for images of 256 levels, or not


@dataclass(frozen=True)
class Tools:
    """What features are made with.

    Args:
        plugins: the part plugins.
        extractor: its name; "" for the default of the data.
        weights: what --extractor-weights says.
        device: where the extractor runs.
        told: hears how far an extraction is.
    """

    plugins: list[Plugin]
    extractor: str
    weights: Sequence[str]
    device: torch.device
    told: Told

    def chosen(self, name: str, space: Space) -> tuple[type[Extractor], dict[str, Path]]:
        """The extractor for a dataset ("" for none) and its Space, and its weights file by its name.

        Raises:
            GenbenchError: no extractor has that name, or its weights are not there.
        """
        image = space.is_image and space.levels == 256
        extractor = self.extractor or EXTRACTORS.get(name) or (FOR_IMAGES if image else FOR_OTHERS)
        classes = parts("extractors", self.plugins)
        if extractor not in classes:
            raise unknown("extractor", extractor, classes)
        needed = classes[extractor].weights
        files = located(named(self.weights), {extractor: needed} if needed else {})
        return classes[extractor], files


class Yardstick(ABC):
    """What samples are held against; features are computed when they are first asked for."""

    space: Space
    extractor: str | None  # its identity; None for features that were given

    @abstractmethod
    def comparison(self, x: NDArray[Any]) -> Comparison:
        """Real and generated features, and those of training data where they are known and wanted."""

    @abstractmethod
    def verdict(self, x: NDArray[Any]) -> Verdict | None:
        """Whether samples copy training data, or test data where a third set is there; None: no training data."""

    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """Extractor, reference and training data: names, numbers of rows, SHA-256 of the rows; None: not there."""


def _identity(extractor: str | None, reference: Samples, train: Samples | None) -> dict[str, Any]:
    facts: dict[str, Any] = {"extractor": extractor}
    for name, samples in (("reference", reference), ("train", train)):
        facts[name] = samples.name if samples else None
        facts[f"{name}_n"] = len(samples.x) if samples else None
        facts[f"{name}_sha256"] = samples.sha256 if samples else None
    return facts


class OfDataset(Yardstick):
    """A dataset's test split, with its training split, and the validation split as the control of the gate.

    Args:
        name: NAME or NAME:ARGUMENT.
        data_root: a folder with copies of datasets, or "".
        with_train: whether features of the training split are wanted.
    """

    def __init__(self, name: str, data_root: str, with_train: bool, tools: Tools) -> None:
        self._name, self._with_train = name, with_train
        splits = dataset_named(name, tools.plugins, data_root).splits()
        self.space = splits.space
        cls, files = tools.chosen(name, self.space)
        self._chosen, self._home = cls.name, laid_down(splits)
        weights = {name: str(path) for name, path in files.items()}
        self._features = Features(self._home, {cls.name: cls}, tools.device, weights, tools.told)
        self.extractor = str(self._features.identity(self._chosen))

    def comparison(self, x: NDArray[Any]) -> Comparison:
        """Against the test split."""
        if self._with_train:
            return self._features.comparison(self._chosen, x)
        real = self._features.of_split(self._chosen, "test")
        return Comparison(real, self._features.of_samples(self._chosen, x))

    def verdict(self, x: NDArray[Any]) -> Verdict:
        """The gate's, on training and test split."""
        return Gate(self._features, self._chosen, self._home).verdict(x)

    def identity(self) -> dict[str, Any]:
        """With the splits as NAME/test and NAME/train."""
        test, train = (Samples(f"{self._name}/{split}", self._x(split), self.space) for split in ("test", "train"))
        return _identity(self.extractor, test, train if self._with_train else None)

    def _x(self, split: str) -> NDArray[Any]:
        return datasets.read(self._home, split).x


class OfSamples(Yardstick):
    """Samples that were given as the reference, and perhaps as training data: the reference is then the control.

    Args:
        reference, train: they share their Space.
    """

    def __init__(self, reference: Samples, train: Samples | None, tools: Tools) -> None:
        self.space, self._reference, self._train, self._tools = reference.space, reference, train, tools
        cls, files = tools.chosen("", self.space)
        self._extractor = loaded(cls, self.space, tools.device, files)
        self.extractor = self._extractor.identity
        self._samples: NDArray[Any] | None = None  # the last ones
        self._compared: Comparison | None = None

    def comparison(self, x: NDArray[Any]) -> Comparison:
        """Against the reference; the features of the last samples are kept."""
        if self._compared is None or self._samples is not x:
            generated, real = self._of(x, "samples"), self._of(self._reference.x, "reference")
            train = None if self._train is None else self._of(self._train.x, "training data")
            device = None if self._tools.device.type == "cpu" else str(self._tools.device)
            self._samples, self._compared = x, Comparison(real, generated, train, device=device)
        return self._compared

    def verdict(self, x: NDArray[Any]) -> Verdict | None:
        """On training data alone: against copies of the reference there is no control."""
        if self._train is None:
            return None
        comparison = self.comparison(x)
        rows = distinct(self._train.x)
        known = flat(self._train.x[rows])
        pixels = [nearest(flat(of), known, comparison.product) for of in (x, self._reference.x)]
        generated, control = (Nearest(found.squared, rows[found.indices]) for found in pixels)
        near = Distances(comparison.train_of_generated, comparison.train_of_real, generated, control)
        return judged({"train": near}, str(self.extractor))

    def identity(self) -> dict[str, Any]:
        """With the paths that were given."""
        return _identity(self.extractor, self._reference, self._train)

    def _of(self, x: NDArray[Any], what: str) -> NDArray[np.float32]:
        return extracted(self._extractor, x, self._tools.device, partial(self._tools.told, what))


class OfFeatures(Yardstick):
    """Feature vectors that were given as the reference, and perhaps of training data.

    Raises:
        GenbenchError: they have different widths.
    """

    extractor = None

    def __init__(self, reference: Samples, train: Samples | None) -> None:
        self.space, self._reference, self._train = reference.space, reference, train
        self._compared: Comparison | None = None  # with the last vectors
        if train is not None:
            self.check(train)

    def check(self, other: Samples) -> None:
        """Refuse vectors of another width."""
        if other.space != self.space:
            raise GenbenchError(
                f"{other.name} holds {other.space.dim} features a row, and {self._reference.name} {self.space.dim}; "
                "both have to come from the same extractor"
            )

    def comparison(self, x: NDArray[Any]) -> Comparison:
        """Against the reference."""
        if self._compared is None or self._compared.generated is not x:
            self._compared = Comparison(self._reference.x, x, None if self._train is None else self._train.x)
        return self._compared

    def verdict(self, x: NDArray[Any]) -> Verdict | None:
        """On training data, by the tail of the distances alone: there are no pixels."""
        if self._train is None:
            return None
        comparison = self.comparison(x)
        near = Distances(comparison.train_of_generated, comparison.train_of_real)
        return judged({"train": near}, "features as given")

    def identity(self) -> dict[str, Any]:
        """Without an extractor."""
        return _identity(self.extractor, self._reference, self._train)
