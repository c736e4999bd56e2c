"""Features: what extractors make of a dataset's splits and of each candidate's samples, remembered for a process."""

import hashlib
from collections.abc import Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.contracts.extractor import Extractor
from genbench.errors import Unavailable
from genbench.execution.device import CPU
from genbench.files.rows import blocks
from genbench.geometry.comparison import Comparison
from genbench.geometry.moments import Moments, moments
from genbench.geometry.nearest import nearest
from genbench.geometry.neighbours import Nearest
from genbench.geometry.reference import Reference
from genbench.geometry.sweep import product_on
from genbench.scoring.extraction import Told, classifying, embedding, loaded, untold
from genbench.scoring.kept import kept_moments, kept_nearest
from genbench.scoring.scores import Compared
from genbench.scoring.vectors import VectorCache
from genbench.store import datasets


class Features:
    """Feature vectors of a dataset and of samples that are compared with its test split.

    Args:
        home: the dataset's folder, which its content names.
        classes: the extractors, by name.
        device: where they run.
        files: the file of weights of each extractor that reads one from outside.
        told: hears how far an extraction is.
        with_train: whether samples are compared with the training split too.
    """

    def __init__(
        self,
        home: Path,
        classes: Mapping[str, type[Extractor]],
        device: str,
        files: Mapping[str, Path] | None = None,
        told: Told = untold,
        with_train: bool = True,
    ) -> None:
        self.home, self.space, self.device = home, datasets.read_space(home), device
        self._classes, self._files, self._told, self._with_train = classes, dict(files or {}), told, with_train
        self._cache = VectorCache()
        self._extractors: dict[str, Extractor] = {}
        self._splits: dict[tuple[str, str], NDArray[np.float32]] = {}
        self._references: dict[str, Reference] = {}
        self._held: dict[str, Comparison] = {}

    @property
    def damaged(self) -> tuple[str, ...]:
        """Cached vectors that were not as they were written, in words; they were computed anew."""
        return self._cache.damaged

    @property
    def accelerator(self) -> str | None:
        """The device that multiplies blocks; None: the CPU does."""
        return None if self.device == CPU else self.device

    @property
    def reference_name(self) -> str:
        """What samples are compared with: the first digits of the data's sha256, and the split."""
        return f"{self.home.name[:16]}/test"

    def of(self, samples: NDArray[Any]) -> "SampleFeatures":
        """The features of one candidate's samples [n, *shape], of the Space's storage dtype."""
        return SampleFeatures(self, samples)

    def extractor(self, name: str) -> Extractor:
        """The extractor of that name, loaded once.

        Raises:
            Unsuitable: it cannot serve this Space.
            GenbenchError: its weights are not there.
        """
        if name not in self._extractors:
            self._extractors[name] = loaded(self._classes[name], self.space, self.device, self._files)
        return self._extractors[name]

    def of_split(self, name: str, split: str) -> NDArray[np.float32]:
        """Features [N, d] of a split of the dataset by an extractor."""
        extractor = self.extractor(name)
        key = extractor.identity, split
        if key not in self._splits:
            names = {"data": self.home.name, "split": split, "extractor": extractor.identity}
            self._splits[key] = self._found(names, extractor, datasets.read(self.home, split).x, split)
        return self._splits[key]

    def of_samples(self, name: str, samples: NDArray[Any], sha256: str) -> NDArray[np.float32]:
        """Features [n, d] of samples, which their hash stands for in the cache."""
        extractor = self.extractor(name)
        return self._found({"samples": sha256, "extractor": extractor.identity}, extractor, samples, "samples")

    def nearest(self, name: str, known: str, fresh: str) -> Nearest:
        """The two rows of one split that are nearest to each row [N, 2] of another, in features; kept on disk.

        Raises:
            Unavailable: the one has fewer than two rows.
        """

        def computed() -> Nearest:
            return nearest(self.of_split(name, fresh), self.of_split(name, known), product_on(self.accelerator))

        return kept_nearest(self.names(name) | {"known": known, "fresh": fresh}, computed)

    def moments(self, name: str, split: str) -> Moments:
        """The moments of a split's features; kept on disk."""
        return kept_moments(self.names(name) | {"split": split}, lambda: moments(self.of_split(name, split)))

    def names(self, name: str) -> dict[str, str]:
        """What names the data and the extractor of what is kept."""
        return {"data": self.home.name, "of": self.extractor(name).identity}

    def reference(self, name: str) -> Reference:
        """What candidates are compared with: the same object for all, so that they share what it computes."""
        if name not in self._references:
            self._references[name] = _TestSplit(self, name, self._with_train)
        return self._references[name]

    def held(self, name: str) -> Comparison:
        """The split held in the place of a candidate's samples: the same object for all."""
        if name not in self._held:
            self._held[name] = _HeldSplit(self, name)
        return self._held[name]

    def _found(self, names: Mapping[str, str], extractor: Extractor, x: NDArray[Any], what: str) -> NDArray[np.float32]:
        def computed(rows: slice) -> NDArray[np.float32]:
            def told(what: str, done: int, total: int) -> None:
                self._told(what, rows.start + done, len(x))

            return embedding(extractor, self.device, told, what)(x[rows])

        return self._cache.found_in_parts(names, computed, len(x))


class _TestSplit(Reference):
    """The test split, with what is near to it in the training split as it was kept.

    Features of the training split are computed once somebody asks for them: most answers are scored without.
    """

    def __init__(self, features: Features, name: str, with_train: bool) -> None:
        home = features.home
        super().__init__(
            features.of_split(name, "test"),
            device=features.accelerator,
            classes=datasets.read(home, "train").y if with_train else None,
            real_classes=datasets.read(home, "test").y,
        )
        self._with_train, self._of_train = with_train, partial(features.of_split, name, "train")
        self._nearest_kept = partial(features.nearest, name, "train", "test")
        self._moments_kept = partial(features.moments, name, "train")

    @property
    def has_train(self) -> bool:
        """Whether samples are compared with the training split."""
        return self._with_train

    @cached_property
    def train(self) -> NDArray[np.float32] | None:
        """T, [K, d], or None."""
        if not self._with_train:
            return None
        found = self._of_train()
        self.check("train", found)
        return found

    @cached_property
    def train_of_real(self) -> Nearest:
        """The two training vectors nearest to each real one, [N, 2]."""
        return self._nearest_kept() if self._with_train else super().train_of_real

    @cached_property
    def moments_train(self) -> Moments:
        """Mean and covariance of T."""
        return self._moments_kept() if self._with_train else super().moments_train


class _HeldSplit(Comparison):
    """The split held beside test, with what is near to it in the training split as it was kept."""

    def __init__(self, features: Features, name: str) -> None:
        classify = classifying(features.extractor(name), features.device)
        super().__init__(features.reference(name), features.of_split(name, "held"), classify=classify)
        self._nearest_kept = partial(features.nearest, name, "train", "held")

    @cached_property
    def train_of_generated(self) -> Nearest:
        """The two training vectors nearest to each vector held, [M, 2]."""
        return self._nearest_kept() if self.reference.has_train else super().train_of_generated


class SampleFeatures:
    """The features of one candidate's samples, whose bytes are hashed once, beside those of the dataset."""

    def __init__(self, features: Features, samples: NDArray[Any]) -> None:
        self.samples, self._features = samples, features
        self._comparisons: dict[str, Comparison] = {}

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the samples: of their shape, their type and their bytes."""
        state = hashlib.sha256(f"{self.samples.shape} {self.samples.dtype}".encode())
        for block in blocks(self.samples):
            state.update(np.ascontiguousarray(block).data)
        return state.hexdigest()

    def comparison(self, name: str) -> Comparison:
        """Real and generated features by an extractor; the same object for every metric."""
        if name not in self._comparisons:
            generated = self._features.of_samples(name, self.samples, self.sha256)
            classify = classifying(self._features.extractor(name), self._features.device)
            self._comparisons[name] = Comparison(self._features.reference(name), generated, classify=classify)
        return self._comparisons[name]

    def compared(self, name: str) -> Compared:
        """The comparison with its identity, as `genbench.scoring.scores.scored` asks for it.

        Raises:
            Unavailable: no extractor is named, or there are no samples.
        """
        if not name:
            raise Unavailable("needs an extractor")
        if not len(self.samples):
            raise Unavailable("the answers are no samples, whose features could be compared")
        extractor = self._features.extractor(name)
        embed = embedding(extractor, self._features.device)
        held = partial(self._features.held, name)
        return Compared(self.comparison(name), extractor.identity, self._features.reference_name, embed, held)
