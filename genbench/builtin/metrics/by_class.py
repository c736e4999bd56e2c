"""By class: how far samples of each class lie from the density of fresh real data, so that no class pays for others."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genbench.geometry.cloud import Reals

FEWEST = 20  # rows held of a class that is looked at by itself
TINY = 1e-12  # of a variance: a class whose rows held all lie in as many balls has next to no error
STEPS = 50  # of a bisection of [0, 1]: beyond the precision of float64

Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Shares:
    """In how many real balls, of at most five, each row of a set lies.

    Args:
        shares: [N] in [0, 1].
        labels: [N] the classes of the rows.
    """

    shares: Reals
    labels: Labels

    def sums(self, groups: Labels, count: int) -> Reals:
        """The sum over each group's rows [C], where `groups` [K] is the group of each class."""
        return np.bincount(groups[self.labels], self.shares, count).astype(np.float64)

    def counts(self, groups: Labels, count: int) -> Labels:
        """The rows of each group [C]."""
        return np.bincount(groups[self.labels], minlength=count).astype(np.int64)


@dataclass(frozen=True)
class Ratios:
    """How dense the samples of each class lie beside fresh real data of that class.

    Args:
        weights: [C] the share of each class among the rows held.
        drawn: [C] its share among the samples.
        ratios: [C] d_c, its mean over that of the rows held; 0 for a class that is not drawn.
        errors: [C] the standard error of d_c where the samples are fresh real data.
    """

    weights: Reals
    drawn: Reals
    ratios: Reals
    errors: Reals

    @property
    def shortfall(self) -> float:
        """Σ w_c min(1, |1 - d_c|), in [0, 1], with w_c a class's share of the rows held, or of the samples.

        The larger of the two: by the first, what is drawn badly is not mended by drawing less of it; by the second,
        what is bad does not count for less where all of it looks like one class.
        """
        off = np.minimum(1, np.abs(1 - self.ratios))
        return float(max(self.weights @ off, self.drawn @ off))

    def expected(self, even: float) -> float:
        """The shortfall that is expected where each class truly lies `even` beside 1: Σ w_c E|N(even, error_c)|."""
        z = even / self.errors
        two_sided = np.array([math.erf(each / math.sqrt(2)) for each in z.tolist()])  # P(|N(0, 1)| < z)
        folded = 2 * np.exp(-z * z / 2) / math.sqrt(2 * math.pi) + z * two_sided
        return float((self.weights * self.errors * folded).sum())

    @property
    def details(self) -> dict[str, float]:
        """What a score tells of it."""
        return {"classes": float(len(self.ratios)), "uncalibrated": 1 - self.shortfall}

    @property
    def even(self) -> float:
        """The shortfall, alike in each class, at which the one found is expected, in [0, 1]; 0 within chance."""
        low, high = 0.0, 1.0
        if self.shortfall <= self.expected(low):
            return low
        if not self.ratios.any():  # chance adds nothing to nothing
            return high
        for _ in range(STEPS):
            middle = (low + high) / 2
            low, high = (middle, high) if self.expected(middle) < self.shortfall else (low, middle)
        return high


def ratios_by_class(generated: Shares, held: Shares) -> Ratios:
    """The ratios of the classes of the rows held [N]; classes of fewer than 20 of these are taken together.

    The errors are those of as many fresh rows as samples [M], shared out among the classes as the rows held are.
    """
    groups = grouped(held, int(max(generated.labels.max(), held.labels.max())) + 1)
    count = int(groups.max()) + 1
    rows, mean = held.counts(groups, count), held.sums(groups, count) / held.counts(groups, count)
    drawn, weights = generated.counts(groups, count), rows / rows.sum()
    fresh = 1 / (len(generated.labels) * weights) + 1 / rows
    square = np.bincount(groups[held.labels], held.shares**2, count) / rows
    variance = (square - mean**2) * rows / (rows - 1)
    ratios = generated.sums(groups, count) / np.maximum(drawn, 1) / mean
    errors = np.sqrt(np.maximum(variance, TINY) * fresh) / mean
    return Ratios(weights, drawn / drawn.sum(), ratios, errors)


def grouped(held: Shares, classes: int) -> Labels:
    """The group of each class [K]: its own, or the last, of all that have few rows held or whose rows lie in no ball.

    The smallest of the others join these until they are enough.
    """
    own = np.arange(classes)
    rows, found = held.counts(own, classes), held.sums(own, classes)
    order = np.argsort(np.where(found > 0, rows, 0), kind="stable")
    few = np.count_nonzero((rows[order] < FEWEST) | (found[order] == 0))
    while 0 < few < classes and (rows[order[:few]].sum() < FEWEST or not found[order[:few]].sum()):
        few += 1
    groups = np.empty(classes, np.int64)
    groups[order[few:]] = np.arange(classes - few)
    groups[order[:few]] = classes - few
    return groups
