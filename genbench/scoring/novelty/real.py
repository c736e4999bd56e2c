"""Real: what real data alone give of the gate's tests, which depends on no candidate and is kept on disk."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.geometry.nearest import nearest
from genbench.geometry.neighbours import Nearest
from genbench.geometry.sweep import Product
from genbench.records.gates import CONTROLS
from genbench.scoring.features import Features
from genbench.scoring.kept import Arrays, kept, kept_nearest, nearest_arrays, nearest_of
from genbench.scoring.novelty.evidence import InPixels, Near, in_pixels
from genbench.scoring.novelty.pairs import distinct, flat
from genbench.scoring.novelty.repeats import FAMILY
from genbench.store import datasets

IN_PIXELS = "pixels of distinct rows, span and transformations/1"  # the identities of what is kept
AMONG = "held among test/1"


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
        fresh = self._features.nearest(self._extractor, against, CONTROLS[against])
        return Near(fresh, self._in_pixels(against))

    def others(self) -> Nearest:
        """The five rows of test that are nearest to each row of held, in pixels."""

        def computed() -> Nearest:
            return nearest(flat(self.x("held")), flat(self.x("test")), self._product, FAMILY + 1)

        return kept_nearest(self._names(AMONG, "test", "held"), computed)

    def _in_pixels(self, against: str) -> InPixels:
        def computed() -> Arrays:
            rng = np.random.default_rng(0)
            found = in_pixels(self.x(CONTROLS[against]), self.rows(against), self._product, rng)
            more = {"residuals": found.residuals, "likeness": found.likeness}
            return nearest_arrays(found.nearest) | {name: array for name, array in more.items() if array is not None}

        found = kept("nearest", self._names(IN_PIXELS, against, CONTROLS[against]), computed)
        return InPixels(nearest_of(found), found.get("residuals"), found.get("likeness"))

    def _names(self, identity: str, known: str, fresh: str) -> dict[str, str]:
        return {"data": self._features.home.name, "known": known, "fresh": fresh, "of": identity}
