"""The gate against copies: distances of samples, and of fresh real data, to what may have been copied, judged."""

import os
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.errors import Unavailable, Unsuitable
from genbench.files.atomic import cache_folder, unique_beside
from genbench.files.picture import drawn
from genbench.files.plain import digest
from genbench.geometry.comparison import Comparison
from genbench.geometry.neighbours import Nearest
from genbench.records.gates import CONTROLS, CopyPair, CopyVerdict, unavailable
from genbench.scoring.features import Features, SampleFeatures
from genbench.scoring.memorisation import BARS, Bars, Distances, distinct, flat, judged, nearest
from genbench.store import datasets

PIXELS = "pixels of distinct rows/1"  # the identity of what is cached of pixels


def copy_verdict(verdict: Callable[[], CopyVerdict], extractor: str | None = None) -> CopyVerdict:
    """What a gate says of a candidate; one that fails costs itself alone.

    Args:
        verdict: asks the gate.
        extractor: the identity of what makes the features, where it is known.
    """
    try:
        return verdict()
    except (Unavailable, Unsuitable) as error:
        return unavailable(str(error), extractor)
    except Exception as error:  # noqa: BLE001  # an extractor is a part's code
        traceback.print_exc()
        return unavailable(f"the gate failed: {type(error).__name__}: {error}", extractor)


class CopyGate:
    """Judges candidates of one dataset with one extractor; what depends on real data alone is cached on disk.

    Args:
        features: of the dataset.
        extractor: the name of the one whose features the tail is sought in.
        bars: what is flagged.
    """

    def __init__(self, features: Features, extractor: str, bars: Bars = BARS) -> None:
        self._features, self._extractor, self._bars = features, extractor, bars

    def verdict(self, candidate: SampleFeatures) -> CopyVerdict:
        """Whether the samples of a candidate copy training or test data.

        Raises:
            Unavailable, Unsuitable: the distances cannot be had; says why.
        """
        comparison = candidate.comparison(self._extractor)
        found = {against: self._distances(candidate.samples, comparison, against) for against in CONTROLS}
        verdict = judged(found, self._identity, self._bars)
        return replace(verdict, pairs=self._picture(candidate.samples, verdict.suspicious))

    @property
    def _identity(self) -> str:
        return self._features.extractor(self._extractor).identity

    def _distances(self, samples: NDArray[Any], comparison: Comparison, against: str) -> Distances:
        known = flat(self._x(against)[distinct(self._x(against))])

        def near(x: NDArray[Any]) -> Nearest:
            return nearest(flat(x), known, comparison.product)

        pixels = near(samples), self._kept(PIXELS, against, lambda: near(self._x(CONTROLS[against])))
        generated = comparison.train_of_generated if against == "train" else comparison.across.real_of_generated
        return Distances(generated, self._of_control(against, comparison), *pixels)

    def _of_control(self, against: str, comparison: Comparison) -> Nearest:
        """How near the control comes to a set, in features."""
        known, control = (self._features.of_split(self._extractor, name) for name in (against, CONTROLS[against]))
        return self._kept(self._identity, against, lambda: nearest(control, known, comparison.product))

    def _kept(self, identity: str, against: str, computed: Callable[[], Nearest]) -> Nearest:
        """How near the control comes to a set: read from the cache, or computed and put there."""
        names = {"data": self._features.home.name, "known": against, "fresh": CONTROLS[against], "of": identity}
        path = cache_folder("nearest") / f"{digest(names)}.npz"
        if not path.exists():
            found = computed()
            partial = unique_beside(path).with_suffix(".npz")
            np.savez(partial, squared=found.squared, indices=found.indices)
            os.replace(partial, path)
        with np.load(path, allow_pickle=False) as file:
            return Nearest(file["squared"], file["indices"])

    def _x(self, split: str) -> NDArray[Any]:
        return datasets.read(self._features.home, split).x

    def _picture(self, samples: NDArray[Any], pairs: Sequence[CopyPair]) -> str | None:
        above = [samples[pair.sample] for pair in pairs]
        below = [self._x(pair.against)[pair.row] for pair in pairs]
        return drawn(np.stack(above + below), len(pairs), self._features.space.levels)
