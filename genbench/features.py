"""Features: what an extractor makes of reference data and of samples, each computed once."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from genbench import dataset
from genbench.errors import GenbenchError
from genbench.extractor import Extractor
from genbench.files import cache_folder, digest, unique_beside
from genbench.metrics.comparison import Comparison

FEATURE_BATCH = 500  # samples that an extractor gets at a time


class Features:
    """Feature vectors of the reference data and of samples, each computed once; reference ones are cached on disk."""

    def __init__(self, home: Path, classes: Mapping[str, type[Extractor]], device: torch.device) -> None:
        self.space = dataset.read_space(home)
        self.reference = f"{home.name[:16]}/test"
        self._home, self._classes, self._device = home, classes, device
        self._extractors: dict[str, Extractor] = {}
        self._known: dict[tuple[str, str], NDArray[np.float32]] = {}
        self._sample_sha256 = ""  # of the samples that the comparisons are of
        self._comparisons: dict[str, Comparison] = {}

    def identity(self, name: str) -> str | None:
        """The identity of the extractor of that name; None for no extractor."""
        return self._extractor(name).identity if name else None

    def comparison(self, name: str, samples: NDArray[Any]) -> Comparison:
        """Real and generated features of one extractor; the same object for every metric of one candidate."""
        sample_sha256 = hashlib.sha256(np.ascontiguousarray(samples).data).hexdigest()
        if sample_sha256 != self._sample_sha256:
            self._sample_sha256, self._comparisons = sample_sha256, {}
        if name not in self._comparisons:
            extractor = self._extractor(name)
            real, train = self._split(extractor, "test"), self._split(extractor, "train")
            self._comparisons[name] = Comparison(real=real, generated=self._of(extractor, samples), train=train)
        return self._comparisons[name]

    def _extractor(self, name: str) -> Extractor:
        if name not in self._extractors:
            self._extractors[name] = self._classes[name](self.space, self._device)
        return self._extractors[name]

    def _split(self, extractor: Extractor, split: str) -> NDArray[np.float32]:
        key = (extractor.identity, split)
        if key not in self._known:
            name = digest({"data": self._home.name, "split": split, "extractor": extractor.identity})
            path = cache_folder("features") / f"{name}.npy"
            if not path.exists():
                values = self._of(extractor, dataset.read(self._home, split).x)
                partial = unique_beside(path).with_suffix(".npy")
                np.save(partial, values, allow_pickle=False)
                os.replace(partial, path)
            self._known[key] = np.load(path, allow_pickle=False)
        return self._known[key]

    def _of(self, extractor: Extractor, x: NDArray[Any]) -> NDArray[np.float32]:
        blocks = []
        with torch.no_grad():
            for start in range(0, len(x), FEATURE_BATCH):
                rows = torch.from_numpy(np.array(x[start : start + FEATURE_BATCH])).to(self._device)
                blocks.append(extractor.features(rows).float().cpu().numpy())
        features = np.concatenate(blocks)
        if features.ndim != 2 or len(features) != len(x) or not np.isfinite(features).all():
            raise GenbenchError(f"extractor {extractor.name} returned {features.shape}, expected finite [{len(x)}, d]")
        return features
