"""The tail of nearest-neighbour distances: its p is exact, and what it says that it can detect it flags."""

import numpy as np
import pytest
from scipy.stats import fisher_exact

from genbench.geometry.neighbours import Nearest
from genbench.geometry.tail import fisher, tail


def drawn(n: int, seed: int) -> Nearest:
    """Distances of n samples, all different."""
    distances = np.random.default_rng(seed).random((n, 1)) + 1
    return Nearest(distances**2, np.zeros((n, 1), np.intp))


@pytest.mark.parametrize(("n", "share"), [(600, 0.04), (2000, 0.023), (10_000, 0.02)])
def test_what_can_be_detected_is_what_the_test_itself_flags(n, share):
    control = drawn(n, 0)
    found = tail(drawn(n, 1), control)
    assert found.detectable == pytest.approx(share, abs=1e-12)
    copies = round(found.detectable * n)
    for near, expected in ((copies, True), (copies - 1, False)):
        squared = np.full((n, 1), 9.0)
        squared[:near] = 0
        assert tail(Nearest(squared, np.zeros((n, 1), np.intp)), control).flagged is expected


def test_a_tail_without_distances_below_it_follows_ties():
    zeros = Nearest(np.zeros((100, 1)), np.zeros((100, 1), np.intp))
    found = tail(zeros, zeros)  # data with many equal rows: everyone lies at 0
    assert (found.share, found.control, found.flagged, found.detectable) == (1, 1, False, None)


def test_p_is_that_of_another_implementation():
    rng = np.random.default_rng(0)
    for n, m in ((30, 30), (599, 599), (10_000, 2000), (7, 900)):
        for a, b in zip(rng.integers(0, min(n, 40) + 1, 5), rng.integers(0, min(m, 40) + 1, 5), strict=True):
            theirs = fisher_exact([[a, n - a], [b, m - b]], alternative="greater").pvalue
            assert fisher(int(a), n, int(b), m) == pytest.approx(theirs, rel=1e-8)  # sums of logarithms up to 1e5


def test_p_below_5_percent_comes_by_chance_in_at_most_5_percent():
    found = [tail(drawn(200, 2 * seed), drawn(200, 2 * seed + 1)).p < 0.05 for seed in range(2000)]
    assert 0 < np.mean(found) < 0.05 + 3 * (0.05 * 0.95 / 2000) ** 0.5
