"""Yardstick: what samples are held against, a dataset's test split or rows that were given, and its identity."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from genbench.catalogue.parts import dataset_named, extractors
from genbench.catalogue.plugins import Plugin
from genbench.contracts.extractor import Extractor, loaded
from genbench.errors import GenbenchError
from genbench.geometry.comparison import Comparison
from genbench.records.gates import CopyVerdict
from genbench.records.space import Space
from genbench.scoring.extraction import Told, classifying, embedding
from genbench.scoring.features import Features
from genbench.scoring.novelty.evidence import Among, Beside, Near, in_pixels
from genbench.scoring.novelty.gate import CopyGate
from genbench.scoring.novelty.judgement import judged
from genbench.scoring.novelty.pairs import distinct, flat, nearest_others
from genbench.scoring.novelty.repeats import FAMILY, families, repeats
from genbench.scoring.samples import Samples
from genbench.scoring.scores import Compared
from genbench.store import datasets
from genbench.store.datasets import laid_down
from genbench.store.extractor_weights import located, named

FOR_IMAGES, FOR_OTHERS = "inception-v3-compat", "pixels"  # where data name none: for images of 256 levels, or not
AS_GIVEN = "features as given"  # in the place of an extractor's identity
DIGITS = 16  # of a SHA-256 that stand for rows


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

    def chosen(self, default: str, space: Space) -> tuple[type[Extractor], dict[str, Path]]:
        """The extractor for data of a Space, and its weights file by its name.

        Args:
            default: the extractor that the data name; "" where they name none.
        Raises:
            GenbenchError: no extractor has that name, or its weights are not there.
        """
        image = space.is_image and space.levels == 256
        extractor = self.extractor or default or (FOR_IMAGES if image else FOR_OTHERS)
        found = extractors(self.plugins).named(extractor)
        needed = found.weights
        return found, located(named(self.weights), {extractor: needed} if needed else {})


@dataclass(frozen=True)
class Measured:
    """Samples that were held against a yardstick.

    Args:
        compared: the features of both sides.
        verdict: asks the gate whether the samples copy; None: no training data are known. It raises Unavailable where
            it cannot be had.
    """

    compared: Compared
    verdict: Callable[[], CopyVerdict] | None


class Yardstick(ABC):
    """What samples are held against."""

    space: Space
    extractor: str | None  # its identity; None for features that were given
    reference: Samples  # real data
    train: Samples | None  # what the samples' model was trained on; None: not known, or not wanted

    @abstractmethod
    def measured(self, x: NDArray[Any]) -> Measured:
        """Samples [n, *shape] beside the reference and, where they are known and wanted, training data."""


class OfDataset(Yardstick):
    """A dataset's test split, with its training split, and the split held as the control of the gate.

    Args:
        name: NAME or NAME:ARGUMENT.
        data_root: a folder with copies of datasets, or "".
        with_train: whether features of the training split are wanted.
    """

    def __init__(self, name: str, data_root: str, with_train: bool, tools: Tools) -> None:
        dataset = dataset_named(name, tools.plugins, data_root)
        splits = dataset.splits()
        self.space = splits.space
        cls, files = tools.chosen(dataset.extractor, self.space)
        self._chosen, home = cls.name, laid_down(splits)
        self._features = Features(home, {cls.name: cls}, tools.device, files, tools.told, with_train)
        self.extractor = self._features.extractor(cls.name).identity
        self.reference = Samples(f"{name}/test", datasets.read(home, "test").x, self.space)
        self.train = Samples(f"{name}/train", datasets.read(home, "train").x, self.space) if with_train else None

    def measured(self, x: NDArray[Any]) -> Measured:
        """Beside the splits; the gate looks at every split."""
        candidate = self._features.of(x)
        gate = CopyGate(self._features, self._chosen)
        return Measured(candidate.compared(self._chosen), lambda: gate.verdict(candidate))


class OfSamples(Yardstick):
    """Samples that were given as the reference, and perhaps as training data: the reference is then the control.

    Args:
        reference, train: they share their Space.
    """

    def __init__(self, reference: Samples, train: Samples | None, tools: Tools) -> None:
        self.space, self.reference, self.train, self._tools = reference.space, reference, train, tools
        cls, files = tools.chosen("", self.space)
        self._extractor = loaded(cls, self.space, tools.device, files)
        self.extractor = self._extractor.identity

    def measured(self, x: NDArray[Any]) -> Measured:
        """Beside the reference. Against copies of the reference there is no control."""
        generated, real = self._of(x, "samples"), self._of(self.reference.x, "reference")
        train = None if self.train is None else self._of(self.train.x, "training data")
        device = None if self._tools.device.type == "cpu" else str(self._tools.device)
        classify = classifying(self._extractor, self._tools.device)
        comparison = Comparison(real, generated, train, device=device, classify=classify)
        embed = embedding(self._extractor, self._tools.device)
        compared = Compared(comparison, self.extractor, self.reference.sha256[:DIGITS], embed)
        if self.train is None:
            return Measured(compared, None)
        known = self.train.x
        return Measured(compared, lambda: self._verdict(x, known, comparison))

    def _verdict(self, x: NDArray[Any], train: NDArray[Any], comparison: Comparison) -> CopyVerdict:
        real, known, product = self.reference.x, train[distinct(train)], comparison.product
        rng = np.random.default_rng(int(self.reference.sha256, 16))
        generated, control = (in_pixels(of, known, product, rng) for of in (x, real))
        beside = Beside(Near(comparison.train_of_generated, generated), Near(comparison.train_of_real, control))
        own, fresh = (nearest_others(flat(of), product, FAMILY + 1) for of in (x, real))
        among = Among(repeats(x, real), families(own, fresh))  # a comparison has 7 of each at least
        return judged({"train": beside}, self._extractor.identity, among)

    def _of(self, x: NDArray[Any], what: str) -> NDArray[Any]:
        return embedding(self._extractor, self._tools.device, self._tools.told, what)(x)


class OfFeatures(Yardstick):
    """Feature vectors that were given as the reference, and perhaps of training data.

    Raises:
        GenbenchError: they have different widths.
    """

    extractor = None

    def __init__(self, reference: Samples, train: Samples | None) -> None:
        self.space, self.reference, self.train = reference.space, reference, train
        if train is not None:
            self.check(train)

    def check(self, other: Samples) -> None:
        """Refuse vectors of another width."""
        if other.space != self.space:
            raise GenbenchError(
                f"{other.name} holds {other.space.dim} features a row, and {self.reference.name} {self.space.dim}; "
                "both have to come from the same extractor"
            )

    def measured(self, x: NDArray[Any]) -> Measured:
        """Beside the reference; the gate looks at the tail of the distances alone, since there are no pixels."""
        comparison = Comparison(self.reference.x, x, None if self.train is None else self.train.x)
        compared = Compared(comparison, None, self.reference.sha256[:DIGITS])
        if self.train is None:
            return Measured(compared, None)
        return Measured(compared, lambda: _by_tail(comparison))


def _by_tail(comparison: Comparison) -> CopyVerdict:
    return judged({"train": Beside(Near(comparison.train_of_generated), Near(comparison.train_of_real))}, AS_GIVEN)
