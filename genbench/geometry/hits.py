"""Hits: samples that are rows of a split to the bit, and whether they hit one split more than another of the same law.

Where rows are few enough to come again, a good model hits some of them. One that does not know which rows went into
which split hits each of them with the same chance: of the K different rows that it hit among N of one split and M of
the other, the number of the one has the hypergeometric law, whatever the model's law is. So the test is exact.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genbench.geometry.excess import EXCESS

SIGNIFICANT = 0.001


@dataclass(frozen=True)
class Hits:
    """How samples hit a split, and a control of the same law.

    Args:
        samples: how many there are.
        copies, fresh: samples that are a row of the split, and of the control.
        hit, control_hit: different rows that were hit.
        rows, controls: different rows of each; what is in both counts for neither.
    """

    samples: int
    copies: int
    fresh: int
    hit: int
    control_hit: int
    rows: int
    controls: int

    @property
    def ratio(self) -> float:
        """Hits per row of the split over hits per row of the control, with half a hit added to both; 1 is fair."""
        return (self.hit + 0.5) / (self.rows + 1) / ((self.control_hit + 0.5) / (self.controls + 1))

    @property
    def p(self) -> float:
        """The chance of so many of the split's rows, or more, among those hit, if none of them was known."""
        from scipy.stats import hypergeom  # here, so that features are scored without SciPy

        both = self.hit + self.control_hit
        return float(hypergeom.sf(self.hit - 1, self.rows + self.controls, self.rows, both)) if both else 1.0

    @property
    def share(self) -> float:
        """Of the samples that are rows of the split."""
        return self.copies / self.samples

    @property
    def expected(self) -> float:
        """The same of a model that knows no row: what the control's hits lead one to expect; at most 1."""
        return min(1.0, self.fresh * self.rows / max(1, self.controls) / self.samples)

    @property
    def flagged(self) -> bool:
        """Whether the split is hit more than by chance, by one sample of a hundred at least."""
        return self.p < SIGNIFICANT and self.share - self.expected >= EXCESS - 1e-12

    @property
    def detectable(self) -> float | None:
        """The least share of copies that is flagged where all other samples are new; None: there is none."""
        if not 0 < self.rows < np.inf or not self.controls:
            return None
        fewest = np.log(SIGNIFICANT) / np.log(self.rows / (self.rows + self.controls))  # all of them of the split
        least = max(EXCESS, (float(np.floor(fewest)) + 1) / self.samples)
        return least if least <= 1 and fewest < self.rows else None


def hits(x: NDArray[Any], known: NDArray[Any], control: NDArray[Any]) -> Hits:
    """The hits of samples [n, *shape] in rows [N, *shape], beside those in rows [M, *shape] of the control."""
    own, other = keys(known), keys(control)
    own, other = own - other, other - own
    drawn = [row.tobytes() for row in np.ascontiguousarray(x)]
    copies, fresh = [row for row in drawn if row in own], [row for row in drawn if row in other]
    return Hits(len(drawn), len(copies), len(fresh), len({*copies}), len({*fresh}), len(own), len(other))


def keys(x: NDArray[Any]) -> set[bytes]:
    """The different rows of x [N, *shape], each as its bytes; comparable between arrays of one dtype."""
    return {row.tobytes() for row in np.ascontiguousarray(x)}
