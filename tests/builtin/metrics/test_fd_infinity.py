"""The extrapolated Fréchet distance: what is left of the bias, its sizes, and what it refuses."""

import numpy as np
import pytest

from genbench.builtin.metrics.fd_infinity import FrechetInfinity, intercept, sizes
from genbench.errors import Unavailable
from genbench.geometry.frechet import frechet_distance
from genbench.geometry.moments import moments


@pytest.mark.parametrize(("count", "smallest"), [(50_000, 5000), (10_000, 5000), (600, 300), (60, 30)])
def test_fifteen_sizes_are_evenly_spaced_in_their_inverse(count, smallest):
    found = sizes(count)
    assert (len(set(found)), found[0], found[-1]) == (15, smallest, count)
    inverse = np.linspace(1 / smallest, 1 / count, 15)
    np.testing.assert_allclose(1 / found, inverse, rtol=0.51 / smallest)  # sizes are rounded to whole samples


def test_intercept_is_where_a_line_in_the_inverse_ends():
    counts = np.array([10, 20, 40, 50])
    assert intercept(counts, 3 + 7 / counts) == pytest.approx((3, 7), rel=1e-12)


def test_the_bias_is_gone_but_for_its_second_order(evidence):
    raw, found = [], []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        real, generated = rng.standard_normal((2, 2000, 32), dtype=np.float32)
        generated = np.float32(1.2) * generated + np.resize(np.float32([0.3, -0.3]), 32)
        compared = evidence(real, generated)
        raw.append(frechet_distance(moments(real), moments(generated)))
        found.append(FrechetInfinity().score(compared).value)
    want = 32 * (0.3**2 + 0.2**2)
    # one extrapolation from these sizes scatters by .1, the mean of eight by .04
    assert np.mean(raw) - want > 0.25
    assert np.mean(found) == pytest.approx(want, abs=0.12)


def test_details_tell_the_line(draw, evidence):
    score = FrechetInfinity().score(evidence(draw(400, 8, 1), draw(500, 8, 2, law=1)))
    assert score.details["smallest"] == 200
    assert score.details["slope"] > 0
    assert (score.low, score.high) == (None, None)


def test_a_set_against_itself_is_at_zero(draw, evidence):
    x = draw(400, 8, 1)
    assert FrechetInfinity().score(evidence(x, x.copy())).value == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("n", "d", "least"), [(127, 32, 128), (59, 4, 60)])
def test_too_few_samples_for_a_line_are_refused(draw, evidence, n, d, least):
    with pytest.raises(Unavailable, match=f"at least {least} samples of {d} features, got {n}: draw more samples"):
        FrechetInfinity().score(evidence(draw(400, d, 1), draw(n, d, 2)))
    assert FrechetInfinity().score(evidence(draw(400, d, 1), draw(n + 1, d, 2, law=1))).value > 0
