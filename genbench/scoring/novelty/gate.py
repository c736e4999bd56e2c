"""The gate against copies: samples beside every split that may have been copied, and beside each other, judged."""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.errors import Unavailable, Unsuitable
from genbench.files.picture import drawn
from genbench.geometry.comparison import Comparison
from genbench.geometry.hits import hits
from genbench.geometry.nearest import nearest, nearest_others
from genbench.geometry.neighbours import Nearest
from genbench.geometry.sweep import Product
from genbench.records.gates import CONTROLS, CopyPair, CopyVerdict, unavailable
from genbench.scoring.features import Features, SampleFeatures
from genbench.scoring.novelty.evidence import Among, Beside, Near, in_pixels
from genbench.scoring.novelty.judgement import judged, judged_by_hits
from genbench.scoring.novelty.pairs import flat
from genbench.scoring.novelty.real import RealSide
from genbench.scoring.novelty.repeats import FAMILY, families, repeats
from genbench.store import datasets


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
    """Judges candidates of one dataset with one extractor.

    Args:
        features: of the dataset.
        extractor: the name of the one whose features the tail is sought in.
        shows_held: the candidate is a control of the harness, which may show held, one row again and again: it is
            neither held against that split nor asked for a bank.
    """

    def __init__(self, features: Features, extractor: str, shows_held: bool = False) -> None:
        self._features, self._extractor, self._shows_held = features, extractor, shows_held

    def verdict(self, candidate: SampleFeatures, drawn: NDArray[Any] | None = None) -> CopyVerdict:
        """Whether the samples of a candidate copy real data, or come from a bank.

        Args:
            drawn: further draws [M, *shape], in which a bank shows where they are more; None: there are only samples.
        Raises:
            Unavailable, Unsuitable: the distances cannot be had; says why.
        """
        sets = [against for against in CONTROLS if against != "held" or not self._shows_held]
        most = candidate.samples if drawn is None or len(drawn) < len(candidate.samples) else drawn
        if self._features.space.end is not None:
            return self._by_hits(most, sets)
        comparison = candidate.comparison(self._extractor)
        real = RealSide(self._features, self._extractor, comparison.product)
        found = {against: self._beside(candidate, comparison, real, against) for against in sets}
        among = None if self._shows_held else _among(most, real, comparison.product)
        verdict = judged(found, self._features.extractor(self._extractor).identity, among)
        return replace(verdict, pairs=self._picture(candidate.samples, real, verdict.suspicious))

    def _by_hits(self, samples: NDArray[Any], sets: Sequence[str]) -> CopyVerdict:
        """Of sequences, which come again to the bit: how often they hit each set, beside a control of the same law."""
        x = {split: datasets.read(self._features.home, split).x for split in CONTROLS}
        shown = {"train": "test", "valid": "test", "test": "valid"}  # the controls of who may show held
        controls = shown if self._shows_held else CONTROLS
        return judged_by_hits({against: hits(samples, x[against], x[controls[against]]) for against in sets})

    def _beside(self, candidate: SampleFeatures, comparison: Comparison, real: RealSide, against: str) -> Beside:
        # Which samples are looked at in every transformation follows from all of them: nobody can hide behind it.
        rng = np.random.default_rng(int(candidate.sha256, 16))
        pixels = in_pixels(candidate.samples, real.rows(against), comparison.product, rng)
        return Beside(Near(self._in_features(comparison, against), pixels), real.near(against))

    def _in_features(self, comparison: Comparison, against: str) -> Nearest:
        if against == "train":
            return comparison.train_of_generated
        if against == "test":
            return comparison.across.real_of_generated
        known = self._features.of_split(self._extractor, against)
        return nearest(comparison.generated, known, comparison.product)

    def _picture(self, samples: NDArray[Any], real: RealSide, pairs: Sequence[CopyPair]) -> str | None:
        above = [samples[pair.sample] for pair in pairs]
        below = [real.x(pair.against)[pair.row] for pair in pairs]
        return drawn(np.stack(above + below), len(pairs), self._features.space.levels)


def _among(samples: NDArray[Any], real: RealSide, product: Product) -> Among:
    equal = repeats(samples, np.concatenate([real.x("held"), real.x("test")]))
    if min(len(samples), len(real.x("test")) + 1) < FAMILY + 2:
        return Among(equal)
    return Among(equal, families(nearest_others(flat(samples), product, FAMILY + 1), real.others()))
