"""Features: what an extractor makes of reference data and of samples, each computed once."""

import hashlib
import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from genbench.contracts.extractor import Classifier, Extractor, loaded
from genbench.errors import GenbenchError
from genbench.files.atomic import cache_folder, sha256_of, unique_beside
from genbench.files.plain import digest
from genbench.geometry.comparison import Classify, Comparison
from genbench.geometry.reference import Reference
from genbench.store import datasets

FEATURE_BATCH = 500  # samples that an extractor gets at a time
Told = Callable[[str, int, int], None]  # what is being extracted, how many samples are done, of how many


class Features:
    """Feature vectors of the reference data and of samples, each computed once and cached on disk."""

    def __init__(
        self,
        home: Path,
        classes: Mapping[str, type[Extractor]],
        device: torch.device,
        weights: Mapping[str, str] | None = None,
        told: Told = lambda what, done, total: None,
    ) -> None:
        self.space = datasets.read_space(home)
        self.reference = f"{home.name[:16]}/test"
        self._home, self._classes, self._device, self._told = home, classes, device, told
        self._weights = {name: Path(path) for name, path in (weights or {}).items()}
        self._cache = _Cache()
        self._extractors: dict[str, Extractor] = {}
        self._known: dict[tuple[str, str], NDArray[np.float32]] = {}
        self._sample_sha256 = ""  # of the samples that the comparisons are of
        self._comparisons: dict[str, Comparison] = {}
        self._references: dict[str, Reference] = {}

    @property
    def damaged(self) -> list[str]:
        """Cached vectors that were not as they were written, in words; they were computed anew."""
        return self._cache.damaged

    def identity(self, name: str) -> str | None:
        """The identity of the extractor of that name; None for no extractor."""
        return self._extractor(name).identity if name else None

    def of_split(self, name: str, split: str) -> NDArray[np.float32]:
        """Features [N, d] of a split of the reference data."""
        return self._split(self._extractor(name), split)

    def of_samples(self, name: str, samples: NDArray[Any]) -> NDArray[np.float32]:
        """Features [N, d] of samples."""
        return self._sampled(self._extractor(name), samples, _sha256(samples))

    def comparison(self, name: str, samples: NDArray[Any]) -> Comparison:
        """Real and generated features of one extractor; the same object for every metric of one candidate."""
        sample_sha256 = _sha256(samples)
        if sample_sha256 != self._sample_sha256:
            self._sample_sha256, self._comparisons = sample_sha256, {}
        if name not in self._comparisons:
            extractor = self._extractor(name)
            generated = self._sampled(extractor, samples, sample_sha256)
            classify = _classify(extractor, self._device)
            self._comparisons[name] = Comparison(self._compared(name), generated, classify=classify)
        return self._comparisons[name]

    def _compared(self, name: str) -> Reference:
        """What candidates are compared with: the same object for all, so that they share what it computes."""
        if name not in self._references:
            real, train = self.of_split(name, "test"), self.of_split(name, "train")
            device = None if self._device.type == "cpu" else str(self._device)
            self._references[name] = Reference(real, train, device=device)
        return self._references[name]

    def _extractor(self, name: str) -> Extractor:
        if name not in self._extractors:
            self._extractors[name] = loaded(self._classes[name], self.space, self._device, self._weights)
        return self._extractors[name]

    def _split(self, extractor: Extractor, split: str) -> NDArray[np.float32]:
        key = (extractor.identity, split)
        if key not in self._known:
            names = {"data": self._home.name, "split": split, "extractor": extractor.identity}
            x = datasets.read(self._home, split).x
            self._known[key] = self._cache.found(names, lambda: self._of(extractor, x, split))
        return self._known[key]

    def _sampled(self, extractor: Extractor, x: NDArray[Any], sha256: str) -> NDArray[np.float32]:
        names = {"samples": sha256, "extractor": extractor.identity}
        return self._cache.found(names, lambda: self._of(extractor, x, "samples"))

    def _of(self, extractor: Extractor, x: NDArray[Any], what: str) -> NDArray[np.float32]:
        return extracted(extractor, x, self._device, partial(self._told, what))


def _sha256(samples: NDArray[Any]) -> str:
    """SHA-256 of samples: their shape, their type and their bytes."""
    state = hashlib.sha256(f"{samples.shape} {samples.dtype}".encode())
    state.update(np.ascontiguousarray(samples).data)
    return state.hexdigest()


class _Cache:
    """Vectors on disk, by what they are of; the hash of their bytes stands in the file's name and is checked."""

    def __init__(self) -> None:
        self.damaged: list[str] = []

    def found(self, names: Mapping[str, str], computed: Callable[[], NDArray[np.float32]]) -> NDArray[np.float32]:
        """Vectors read from the cache, or computed and put there."""
        folder, key = cache_folder("features"), digest(names)
        for path in sorted(folder.glob(f"{key}.*.npy")):
            if sha256_of(path) == path.name.split(".")[1]:
                vectors: NDArray[np.float32] = np.load(path, allow_pickle=False)
                return vectors
            place = path.rename(path.with_name(f".damaged-{path.name}"))
            self.damaged.append(f"{path} is not as it was written; set aside as {place.name}")
        vectors = computed()
        whole = unique_beside(folder / key).with_suffix(".npy")
        np.save(whole, vectors, allow_pickle=False)
        os.replace(whole, folder / f"{key}.{sha256_of(whole)}.npy")
        return vectors


def _classify(extractor: Extractor, device: torch.device) -> Classify | None:
    """The classes that an extractor sees in features; None where it names none."""
    if not isinstance(extractor, Classifier):
        return None

    def labels(features: NDArray[np.float32]) -> NDArray[np.int64]:
        with torch.no_grad():
            found = extractor.labels(torch.from_numpy(features).to(device)).cpu().numpy()
        if found.shape != features.shape[:1] or found.dtype != np.int64 or found.min() < 0:
            expected = f"expected int64 [{len(features)}], none below 0"
            raise GenbenchError(f"extractor {extractor.name} returned labels {found.dtype} {found.shape}, {expected}")
        return found

    return labels


def extracted(
    extractor: Extractor, x: NDArray[Any], device: torch.device, told: Callable[[int, int], None]
) -> NDArray[np.float32]:
    """Feature vectors [N, d] of samples.

    Args:
        x: [N, *shape] in the Space's storage dtype.
        told: hears how many samples are done, of how many.
    Raises:
        GenbenchError: the extractor returned something else.
    """
    blocks = []
    with torch.no_grad():
        for start in range(0, len(x), FEATURE_BATCH):
            rows = torch.from_numpy(np.array(x[start : start + FEATURE_BATCH])).to(device)
            blocks.append(extractor.features(rows).float().cpu().numpy())
            told(start + len(rows), len(x))
    features = np.concatenate(blocks)
    if features.ndim != 2 or len(features) != len(x) or not np.isfinite(features).all():
        raise GenbenchError(f"extractor {extractor.name} returned {features.shape}, expected finite [{len(x)}, d]")
    return features
