"""The kernel inception distance against its definition, an independent implementation, and its own spread."""

import numpy as np
import pytest
import torch
from torch_fidelity.metric_kid import kid_features_to_metric

from genbench.builtin.metrics.kid import KernelInceptionDistance, RowSums, jackknife_error, squared_discrepancy
from genbench.errors import Unavailable


def kernel(x, y):
    return (x.astype(np.float64) @ y.astype(np.float64).T / x.shape[1] + 1) ** 3


def without_diagonal(k):
    return k - np.diag(np.diag(k))


def row_sums(x, y):
    across = kernel(x, y)
    return RowSums(
        without_diagonal(kernel(x, x)).sum(1), without_diagonal(kernel(y, y)).sum(1), across.sum(1), across.sum(0)
    )


def definition(x, y):
    n, m = len(x), len(y)
    same = sum(kernel(x, x)[i, j] for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    other = sum(kernel(y, y)[i, j] for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return same + other - 2 * kernel(x, y).mean()


def test_discrepancy_is_its_definition_for_sets_of_different_sizes(draw):
    x, y = draw(9, 5, 1), draw(7, 5, 2, law=1)
    assert squared_discrepancy(row_sums(x, y)) == pytest.approx(definition(x, y), rel=1e-10)


def test_jackknife_leaves_out_each_vector_of_either_set_in_turn(draw):
    x, y = draw(9, 5, 1), draw(7, 5, 2, law=1)
    variance = 0.0
    for of, other in ((x, y), (y, x)):
        left = np.array([definition(np.delete(of, i, 0), other) for i in range(len(of))])
        variance += (len(of) - 1) / len(of) * ((left - left.mean()) ** 2).sum()
    assert jackknife_error(row_sums(x, y)) == pytest.approx(np.sqrt(variance), rel=1e-9)


@pytest.mark.parametrize(("law", "factor"), [(1, (0.8, 1.25)), (0, (1.0, 1.8))])
def test_jackknife_error_is_the_spread_over_fresh_samples_and_larger_where_the_laws_agree(draw, law, factor):
    sums = [row_sums(draw(60, 4, seed), draw(60, 4, 5000 + seed, law=law)) for seed in range(300)]
    spread = np.std([squared_discrepancy(s) for s in sums])
    stated = np.sqrt(np.mean([jackknife_error(s) ** 2 for s in sums]))
    assert factor[0] < stated / spread < factor[1]


def test_score_is_that_of_every_pair_in_float64_also_far_from_the_origin(draw, evidence):
    x, y = draw(1100, 12, 1) + np.float32(3), draw(1300, 12, 2, law=1) - np.float32(1)
    score, want = KernelInceptionDistance().score(evidence(x, y)), row_sums(x, y)
    # float32 products: 1e-7 of the kernel's mean, and the estimate is about as large as that here
    assert score.value == pytest.approx(squared_discrepancy(want), rel=1e-6)
    assert score.details["standard_error"] == pytest.approx(jackknife_error(want), rel=1e-5)
    assert score.high - score.value == pytest.approx(1.96 * score.details["standard_error"])


def test_legacy_value_is_that_of_torch_fidelity(draw, evidence):
    real, generated = draw(1200, 24, 1), draw(1150, 24, 2, scale=1.1)
    theirs = kid_features_to_metric(
        torch.from_numpy(generated).double(), torch.from_numpy(real).double(), verbose=False
    )["kernel_inception_distance_mean"]
    ours = KernelInceptionDistance().score(evidence(real, generated)).details["legacy"]
    assert ours == pytest.approx(theirs, abs=1e-6, rel=1e-6)


def test_legacy_value_is_left_out_where_a_set_is_smaller_than_its_subsets(draw, evidence):
    details = KernelInceptionDistance().score(evidence(draw(1000, 4, 1), draw(999, 4, 2))).details
    assert set(details) == {"standard_error"}


def test_a_set_against_itself_is_negative_by_what_its_diagonal_adds(draw, evidence):
    x = draw(300, 8, 1)
    n, whole, diagonal = 300, kernel(x, x).sum(), np.trace(kernel(x, x))
    want = 2 * (whole - diagonal) / (n * (n - 1)) - 2 * whole / n**2
    assert want < 0
    assert KernelInceptionDistance().score(evidence(x, x)).value == pytest.approx(want, rel=1e-4)


def test_features_whose_kernel_overflows_are_refused(draw, evidence):
    with pytest.raises(Unavailable, match="overflows"):
        KernelInceptionDistance().score(evidence(draw(20, 4, 1), draw(20, 4, 2) * np.float32(1e14)))
