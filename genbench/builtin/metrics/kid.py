"""The kernel inception distance: an unbiased estimate of the squared maximum mean discrepancy, and its error."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from genbench.contracts.evidence import Evidence
from genbench.contracts.metric import Metric, Score
from genbench.errors import Unavailable
from genbench.geometry.cloud import Reals
from genbench.geometry.comparison import SUBSET_SIZE, Comparison
from genbench.records.kinds import Axis, Direction
from genbench.records.score import LARGEST


@dataclass(frozen=True)
class RowSums:
    """Sums of a kernel over rows of its matrices, for real x [N] and generated y [M].

    Args:
        real: [N] float64, Σ k(xᵢ, xⱼ) over j ≠ i.
        generated: [M] float64, Σ k(yᵢ, yⱼ) over j ≠ i.
        real_across: [N] float64, Σ k(xᵢ, yⱼ) over j.
        generated_across: [M] float64, Σ k(xᵢ, yⱼ) over i.
    """

    real: Reals
    generated: Reals
    real_across: Reals
    generated_across: Reals


def squared_discrepancy(sums: RowSums) -> float:
    """The unbiased estimate of the squared maximum mean discrepancy, from all pairs; it may be negative.

    Source: Gretton et al. 2012, eq. 3, https://jmlr.org/papers/v13/gretton12a.html
    """
    n, m = len(sums.real), len(sums.generated)
    within = sums.real.sum() / (n * (n - 1)) + sums.generated.sum() / (m * (m - 1))
    return float(within - 2 * sums.real_across.sum() / (n * m))


def jackknife_error(sums: RowSums) -> float:
    """The standard error of `squared_discrepancy`: each vector of either set is left out in turn.

    Where both sets come from one law it is too large, by about √2, so that its interval errs on the safe side.

    Source: Arvesen 1969, https://doi.org/10.1214/aoms/1177697287
    """
    real = _left_out(sums.real, sums.real_across, len(sums.generated))
    generated = _left_out(sums.generated, sums.generated_across, len(sums.real))
    variance = sum(float((len(x) - 1) * x.var()) for x in (real, generated))
    return float(np.sqrt(variance))


def _left_out(within: Reals, across: Reals, others: int) -> Reals:
    """The estimate without each vector of one set in turn, [N], but for the part that is the same for all."""
    n = len(within)
    pairs = (within.sum() - 2 * within) / ((n - 1) * (n - 2))
    left: Reals = pairs - 2 * (across.sum() - across) / ((n - 1) * others)
    return left


class KernelInceptionDistance(Metric):
    """Squared maximum mean discrepancy with the kernel (x·y/d + 1)³, from all pairs; below 0 by chance, never clipped.

    Details: `standard_error`; `legacy` is the mean over 100 subsets of 1000, which older tables print.
    """

    name = "kid"
    title = "KID"
    axis = Axis.OVERALL
    direction = Direction.LOWER
    unit = ""
    source = "Bińkowski et al. 2018, https://arxiv.org/abs/1801.01401"
    version = "2"
    uses_features = True
    guard = "fd"
    shown: ClassVar[Mapping[str, str]] = {"legacy": "legacy"}
    symmetric = True

    def score(self, evidence: Evidence) -> Score:
        """KID against the real test data."""
        comparison = evidence.comparison
        sums = row_sums(comparison)
        value, error = squared_discrepancy(sums), jackknife_error(sums)
        if not max(abs(value), error) < LARGEST:  # NaN fails as well
            raise Unavailable(f"the features are so large that their kernel overflows {LARGEST:g}; scale both sides")
        details = {"standard_error": error} | _legacy(comparison)
        return Score(value, value - 1.96 * error, value + 1.96 * error, details)


def row_sums(comparison: Comparison) -> RowSums:
    """The sums of a comparison.

    Raises:
        Unavailable: a set has fewer than 7 vectors.
    """
    real, generated, across = comparison.kernel_sums
    return RowSums(real.of_row, generated.of_row, across.of_row, across.of_column)


def _legacy(comparison: Comparison) -> dict[str, float]:
    if not len(comparison.subsets[0]):
        return {}
    real, generated, across = comparison.kernel_sums
    within = real.of_subset + generated.of_subset
    each = within / (SUBSET_SIZE * (SUBSET_SIZE - 1)) - 2 * across.of_subset / SUBSET_SIZE**2
    return {"legacy": float(each.mean())}
