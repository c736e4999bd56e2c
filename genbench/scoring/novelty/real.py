"""Real: what real data alone give of the gate's tests, which depends on no candidate and is kept on disk."""

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.files.atomic import cache_path, offer
from genbench.files.plain import digest
from genbench.geometry.neighbours import Nearest
from genbench.geometry.sweep import Product
from genbench.records.gates import CONTROLS
from genbench.scoring.features import Features
from genbench.scoring.novelty.evidence import InPixels, Near, in_pixels
from genbench.scoring.novelty.pairs import distinct, flat, nearest
from genbench.scoring.novelty.repeats import FAMILY
from genbench.store import datasets
from genbench.store.spare import used

IN_PIXELS = "pixels of distinct rows, span and transformations/1"  # the identities of what is kept
AMONG = "held among test/1"

Kept = Mapping[str, NDArray[Any]]


class RealSide:
    """The control's side of every test.

    Args:
        features: of the dataset.
        extractor: the name of the one whose features the tail is sought in.
        product: multiplies blocks.
    """

    def __init__(self, features: Features, extractor: str, product: Product) -> None:
        self._features, self._extractor, self._product = features, extractor, product

    def rows(self, split: str) -> NDArray[Any]:
        """The distinct rows of a split, [M, *shape]."""
        x = self.x(split)
        return x[distinct(x)]

    def x(self, split: str) -> NDArray[Any]:
        """All rows of a split, [N, *shape]."""
        return datasets.read(self._features.home, split).x

    def near(self, against: str) -> Near:
        """How near the control comes to a set."""
        return Near(self._in_features(against), self._in_pixels(against))

    def others(self) -> Nearest:
        """The five rows of test that are nearest to each row of held, in pixels."""

        def computed() -> Kept:
            return _arrays(nearest(flat(self.x("held")), flat(self.x("test")), self._product, FAMILY + 1))

        return _nearest(self._kept(AMONG, "test", "held", computed))

    def _in_features(self, against: str) -> Nearest:
        known, control = (self._features.of_split(self._extractor, name) for name in (against, CONTROLS[against]))
        identity = self._features.extractor(self._extractor).identity
        computed = lambda: _arrays(nearest(control, known, self._product))  # noqa: E731
        return _nearest(self._kept(identity, against, CONTROLS[against], computed))

    def _in_pixels(self, against: str) -> InPixels:
        def computed() -> Kept:
            rng = np.random.default_rng(0)
            found = in_pixels(self.x(CONTROLS[against]), self.rows(against), self._product, rng)
            more = {"residuals": found.residuals, "likeness": found.likeness}
            return _arrays(found.nearest) | {name: array for name, array in more.items() if array is not None}

        kept = self._kept(IN_PIXELS, against, CONTROLS[against], computed)
        return InPixels(_nearest(kept), kept.get("residuals"), kept.get("likeness"))

    def _kept(self, identity: str, known: str, fresh: str, computed: Callable[[], Kept]) -> Kept:
        """Arrays by name: read from the cache, or computed and put there."""
        names = {"data": self._features.home.name, "known": known, "fresh": fresh, "of": identity}
        path = cache_path("nearest") / f"{digest(names)}.npz"
        with contextlib.suppress(OSError), np.load(path, allow_pickle=False) as file:
            used(path)
            return {name: file[name] for name in file.files}
        found = computed()

        def fill(partial: Path) -> Path:
            np.savez(partial, allow_pickle=False, **found)
            return path

        offer(path, fill)
        return found


def _arrays(near: Nearest) -> dict[str, NDArray[Any]]:
    return {"squared": near.squared, "indices": near.indices}


def _nearest(kept: Kept) -> Nearest:
    return Nearest(kept["squared"], kept["indices"])
