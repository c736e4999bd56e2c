"""Yardstick: what samples are held against, a dataset's test split or rows that were given, and its identity."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.catalogue.parts import dataset_named
from genbench.errors import GenbenchError
from genbench.files.rows import joined
from genbench.geometry.cloud import Features
from genbench.geometry.comparison import Comparison
from genbench.geometry.nearest import nearest_others
from genbench.geometry.reference import Reference
from genbench.records.gates import CopyVerdict
from genbench.records.space import Space
from genbench.scoring.extraction import classifying, embedding, loaded
from genbench.scoring.features import Features as SplitFeatures
from genbench.scoring.novelty.evidence import Among, Beside, Near, in_pixels
from genbench.scoring.novelty.gate import CopyGate
from genbench.scoring.novelty.judgement import judged
from genbench.scoring.novelty.pairs import distinct, flat
from genbench.scoring.novelty.repeats import FAMILY, families, repeats
from genbench.scoring.samples import Samples, Side, rows_sha256
from genbench.scoring.scores import Compared
from genbench.scoring.tools import Tools
from genbench.store import datasets
from genbench.store.datasets import laid_down

AS_GIVEN = "features as given"  # in the place of an extractor's identity
DIGITS = 16  # of a SHA-256 that stand for rows


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
    reference: Side  # real data
    y: NDArray[np.int64] | None = None  # the classes of the reference's rows, where they are known
    train: Side | None  # what the samples' model was trained on; None: not known, or not wanted

    @abstractmethod
    def embed(self, x: NDArray[Any]) -> Features:
        """The features [n, d] of samples [n, *shape]; of features, themselves."""

    @abstractmethod
    def beside(self, generated: Features) -> Compared:
        """Features [n, d] of samples beside those of the reference and, where known and wanted, of training data."""

    @abstractmethod
    def measured(self, x: NDArray[Any]) -> Measured:
        """Samples [n, *shape] beside the same, with the verdict on copies where training data are known and wanted."""


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
        self._chosen, home, self._tools = cls.name, laid_down(splits), tools
        self._features = SplitFeatures(home, {cls.name: cls}, tools.device, files, tools.told, with_train)
        self.extractor = self._features.extractor(cls.name).identity
        reference = _of_splits(name, home, ["test"])
        self.reference, self.y = reference.side, reference.y
        self.train = _of_splits(name, home, ["train"]).side if with_train else None

    def embed(self, x: NDArray[Any]) -> Features:
        """By the extractor."""
        return embedding(self._features.extractor(self._chosen), self._tools.device, self._tools.told)(x)

    def beside(self, generated: Features) -> Compared:
        """Beside the splits."""
        extractor, device = self._features.extractor(self._chosen), self._tools.device
        reference = self._features.reference(self._chosen)
        comparison = Comparison(reference, generated, classify=classifying(extractor, device))
        held = partial(self._features.held, self._chosen)
        return Compared(comparison, self.extractor, self._features.reference_name, embedding(extractor, device), held)

    def measured(self, x: NDArray[Any]) -> Measured:
        """Beside the splits; the gate looks at every split."""
        candidate = self._features.of(x)
        gate = CopyGate(self._features, self._chosen)
        return Measured(candidate.compared(self._chosen), lambda: gate.verdict(candidate))


class OfPart(Yardstick):
    """The rows of one part of a dataset: its test split, or its training set as its publisher cut it, as in papers.

    There is no verdict on copies: of training data they would count for the samples here.

    Args:
        name: NAME or NAME:ARGUMENT.
        data_root: a folder with copies of datasets, or "".
        part: test or train.
    """

    train = None

    def __init__(self, name: str, data_root: str, part: str, tools: Tools) -> None:
        dataset = dataset_named(name, tools.plugins, data_root)
        splits = dataset.splits()
        self.space, self._tools = splits.space, tools
        training = [*dataset.training, *(["held"] if splits.held_is_cut else [])]
        self._parts = training if part == "train" else [part]
        cls, files = tools.chosen(dataset.extractor, self.space)
        self._chosen, self._home = cls.name, laid_down(splits)
        self._features = SplitFeatures(self._home, {cls.name: cls}, tools.device, files, tools.told, with_train=False)
        self.extractor = self._features.extractor(cls.name).identity
        reference = _of_splits(name, self._home, self._parts)
        self.reference, self.y = reference.side, reference.y

    def vectors(self) -> NDArray[np.float32]:
        """The features of all rows, [N, d]."""
        return np.concatenate([self._features.of_split(self._chosen, split) for split in self._parts])

    def embed(self, x: NDArray[Any]) -> Features:
        """By the extractor."""
        return embedding(self._features.extractor(self._chosen), self._tools.device, self._tools.told)(x)

    def beside(self, generated: Features) -> Compared:
        """Beside all rows of the part."""
        extractor = self._features.extractor(self._chosen)
        classify = classifying(extractor, self._tools.device)
        real = Reference(self.vectors(), device=self._tools.products, real_classes=self.y)
        comparison = Comparison(real, generated, classify=classify)
        reference = f"{self._home.name[:DIGITS]}/{'+'.join(self._parts)}"
        return Compared(comparison, self.extractor, reference, embedding(extractor, self._tools.device))

    def measured(self, x: NDArray[Any]) -> Measured:
        """Beside all rows of the part."""
        return Measured(self.beside(self._features.of_samples(self._chosen, x, rows_sha256(x, self._tools.read))), None)


def _of_splits(name: str, home: Path, parts: Sequence[str]) -> Samples:
    """The rows of some splits, one after the other, under the name of all."""
    examples = [datasets.read(home, split) for split in parts]
    labels = [part.y for part in examples if part.y is not None]
    y = np.concatenate(labels) if labels else None
    x = joined([part.x for part in examples])
    return Samples(f"{name}/{'+'.join(parts)}", x, datasets.read_space(home), y=y)


class OfSamples(Yardstick):
    """Samples that were given as the reference, and perhaps as training data: the reference is then the control.

    Args:
        reference, train: they share their Space.
    """

    def __init__(self, reference: Samples, train: Samples | None, tools: Tools) -> None:
        self.space, self._reference, self._train, self._tools = reference.space, reference, train, tools
        self.reference, self.train, self.y = reference.side, train.side if train else None, reference.y
        cls, files = tools.chosen("", self.space)
        self._extractor = loaded(cls, self.space, tools.device, files)
        self.extractor = self._extractor.identity

    def embed(self, x: NDArray[Any]) -> Features:
        """By the extractor."""
        return self._of(x, "samples")

    def beside(self, generated: Features) -> Compared:
        """Beside the reference."""
        real = self._of(self._reference.x, "reference")
        train = None if self._train is None else self._of(self._train.x, "training data")
        classify = classifying(self._extractor, self._tools.device)
        known = Reference(real, train, device=self._tools.products, real_classes=self.y)
        comparison = Comparison(known, generated, classify=classify)
        embed = embedding(self._extractor, self._tools.device)
        return Compared(comparison, self.extractor, self.reference.sha256[:DIGITS], embed)

    def measured(self, x: NDArray[Any]) -> Measured:
        """Beside the reference. Against copies of the reference there is no control."""
        compared = self.beside(self.embed(x))
        if self._train is None:
            return Measured(compared, None)
        known = self._train.x
        return Measured(compared, lambda: self._verdict(np.asarray(x), np.asarray(known), compared.comparison))

    def _verdict(self, x: NDArray[Any], train: NDArray[Any], comparison: Comparison) -> CopyVerdict:
        real, known, product = np.asarray(self._reference.x), train[distinct(train)], comparison.product
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

    Args:
        reference, train: the vectors.
        products: where torch multiplies blocks of them; None: NumPy does.
    Raises:
        GenbenchError: they have different widths.
    """

    extractor = None

    def __init__(self, reference: Samples, train: Samples | None, products: str | None) -> None:
        self.space, self._reference, self._train, self._products = reference.space, reference, train, products
        self.reference, self.train, self.y = reference.side, train.side if train else None, reference.y
        if train is not None:
            self.check(train)

    def check(self, other: Samples) -> None:
        """Refuse vectors of another width."""
        if other.space != self.space:
            raise GenbenchError(
                f"{other.name} holds {other.space.dim} features a row, and {self.reference.name} {self.space.dim}; "
                "both have to come from the same extractor"
            )

    def embed(self, x: NDArray[Any]) -> Features:
        """As they are."""
        return x

    def beside(self, generated: Features) -> Compared:
        """Beside the reference."""
        train = None if self._train is None else self._train.x
        comparison = Comparison(self._reference.x, generated, train, device=self._products)
        return Compared(comparison, None, self.reference.sha256[:DIGITS])

    def measured(self, x: NDArray[Any]) -> Measured:
        """Beside the reference; the gate looks at the tail of the distances alone, since there are no pixels."""
        compared = self.beside(x)
        return Measured(compared, None if self.train is None else lambda: _by_tail(compared.comparison))


def _by_tail(comparison: Comparison) -> CopyVerdict:
    return judged({"train": Beside(Near(comparison.train_of_generated), Near(comparison.train_of_real))}, AS_GIVEN)
