"""The gate: distances of samples, and of fresh real data, to what may have been copied, and the verdict on them."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.files.atomic import cache_folder, unique_beside
from genbench.files.picture import drawn
from genbench.files.plain import digest
from genbench.geometry.comparison import Comparison
from genbench.geometry.neighbours import Nearest
from genbench.records.gates import CONTROLS, Pair, Verdict
from genbench.scoring.features import Features
from genbench.scoring.memorisation import Distances, distinct, flat, judged, nearest
from genbench.store import datasets

PIXELS = "pixels of distinct rows/1"  # the identity of what is cached of pixels


class Gate:
    """Judges candidates of one dataset with one extractor; what depends on real data alone is cached on disk.

    Args:
        features: of the dataset.
        extractor: the name of the one whose features the tail is sought in.
        home: the dataset's folder.
    """

    def __init__(self, features: Features, extractor: str, home: Path) -> None:
        self._features, self._extractor, self._home = features, extractor, home

    def verdict(self, samples: NDArray[Any]) -> Verdict:
        """Whether samples [n, *shape] copy training or test data.

        Raises:
            Unavailable, Unsuitable: the distances cannot be had; says why.
        """
        found = {against: self._distances(samples, against) for against in CONTROLS}
        verdict = judged(found, str(self._features.identity(self._extractor)))
        return replace(verdict, pairs=self._picture(samples, verdict.suspicious))

    def _distances(self, samples: NDArray[Any], against: str) -> Distances:
        comparison = self._features.comparison(self._extractor, samples)
        known = flat(self._x(against)[distinct(self._x(against))])

        def near(x: NDArray[Any]) -> Nearest:
            return nearest(flat(x), known, comparison.product)

        pixels = near(samples), self._kept(PIXELS, against, lambda: near(self._x(CONTROLS[against])))
        if against == "train":
            return Distances(comparison.train_of_generated, comparison.train_of_real, *pixels)
        return Distances(comparison.across.real_of_generated, self._test_of_valid(comparison), *pixels)

    def _test_of_valid(self, comparison: Comparison) -> Nearest:
        valid = self._features.of_split(self._extractor, "valid")
        identity = str(self._features.identity(self._extractor))
        return self._kept(identity, "test", lambda: nearest(valid, comparison.real, comparison.product))

    def _kept(self, identity: str, against: str, computed: Callable[[], Nearest]) -> Nearest:
        """How near the control comes to a set: read from the cache, or computed and put there."""
        names = {"data": self._home.name, "known": against, "fresh": CONTROLS[against], "of": identity}
        path = cache_folder("nearest") / f"{digest(names)}.npz"
        if not path.exists():
            found = computed()
            partial = unique_beside(path).with_suffix(".npz")
            np.savez(partial, squared=found.squared, indices=found.indices)
            os.replace(partial, path)
        with np.load(path, allow_pickle=False) as file:
            return Nearest(file["squared"], file["indices"])

    def _x(self, split: str) -> NDArray[Any]:
        return datasets.read(self._home, split).x

    def _picture(self, samples: NDArray[Any], pairs: Sequence[Pair]) -> str | None:
        above = [samples[pair.sample] for pair in pairs]
        below = [self._x(pair.against)[pair.row] for pair in pairs]
        return drawn(np.stack(above + below), len(pairs), self._features.space.levels)
