"""Novelty of discrete samples: how many are no row of the data, and whether those that are were learnt by heart."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from genbench.contracts.dataset import SPLITS
from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.geometry.hits import hits, keys
from genbench.records.kinds import Axis, Direction, Scale


class Novelty(Metric):
    """The share of samples that are no row of any split, to the bit; rows are integers.

    More is not better by itself: noise is new. It is read beside precision. Detail: `train`, the share of training
    rows.
    """

    name = "novelty"
    title = "New"
    axis = Axis.NOVELTY
    direction = Direction.HIGHER
    unit = ""
    source = "Polykovskiy et al. 2020, of training rows, https://arxiv.org/abs/1811.12823"
    sequences = True
    version = "1"
    scale = Scale.SHARE
    shown: ClassVar[Mapping[str, str]] = {"train": "train"}

    def score(self, evidence: Evidence) -> Score:
        """The share, in [0, 1].

        Raises:
            Unavailable: no dataset is known, or its rows are real numbers.
        """
        split = {name: keys(rows) for name, rows in _rows(evidence).items()}
        drawn = [row.tobytes() for row in np.ascontiguousarray(evidence.samples)]
        known = set().union(*split.values())
        new, train = (sum(row in own for row in drawn) / len(drawn) for own in (known, split["train"]))
        return Score(1 - new, details={"train": train})


class HitRatio(Metric):
    """Different training rows that samples hit, per row, over held-out rows that they hit, per row; 1 is fair.

    Half a hit is added to both. Details: `p`, the exact chance of so many training rows among the rows that were hit if
    the model knew none (`genbench.geometry.hits`); `train`, `held`, the rows that were hit.
    """

    name = "hit-ratio"
    title = "Train/held hits"
    axis = Axis.NOVELTY
    direction = Direction.LOWER
    unit = ""
    source = "genbench 2026, by the exact test of Fisher 1922, https://doi.org/10.2307/2340521"
    sequences = True
    version = "1"
    scale = Scale.DISTANCE
    shown: ClassVar[Mapping[str, str]] = {"p": "p"}

    def score(self, evidence: Evidence) -> Score:
        """The ratio, above 0.

        Raises:
            Unavailable: no dataset is known, its rows are real numbers, or no row of either split was hit.
        """
        rows = _rows(evidence)
        found = hits(evidence.samples, rows["train"], rows["held"])
        if not found.hit + found.control_hit:
            raise Unavailable("no sample is a row of train or held")
        details = {"p": found.p, "train": float(found.hit), "held": float(found.control_hit)}
        return Score(found.ratio, details=details)


def _rows(evidence: Evidence) -> dict[str, NDArray[Any]]:
    if evidence.rows is None:
        raise Unavailable("needs a dataset, whose rows samples are held against")
    if evidence.space.levels is None:
        raise Unavailable("rows of real numbers never come again to the bit")
    return {name: evidence.rows(name) for name in SPLITS}
