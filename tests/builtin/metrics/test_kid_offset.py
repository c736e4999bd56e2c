"""KID far from the origin: the value is that of exact arithmetic, whatever cancels on the way."""

from fractions import Fraction

import numpy as np
import pytest

from genbench.builtin.metrics.kid import KernelInceptionDistance
from genbench.errors import Unavailable
from genbench.geometry.comparison import SUBSET_SIZE


def exactly(x, y):
    """The estimate in rational numbers, of vectors [N, d] and [M, d]."""
    dim = x.shape[1]
    real, generated = ([[Fraction(float(value)) for value in row] for row in z] for z in (x, y))

    def kernel(a, b):
        return (sum(p * q for p, q in zip(a, b, strict=True)) / dim + 1) ** 3

    def within(z):
        pairs = [kernel(a, b) for i, a in enumerate(z) for j, b in enumerate(z) if i != j]
        return sum(pairs) / len(pairs)

    across = [kernel(a, b) for a in real for b in generated]
    return float(within(real) + within(generated) - 2 * sum(across) / len(across))


def in_longdouble(x, y):
    """The estimate about the mean of x in extended precision: additive parts, which cancel, are left out."""
    x, y = x.astype(np.longdouble), y.astype(np.longdouble)
    c, dim = x.mean(0), x.shape[1]
    m = c @ c / dim + 1

    def kernel(u, v):
        a, b, p = (u @ c / dim)[:, None], v @ c / dim, u @ v.T / dim
        return 3 * m**2 * p + 3 * m * ((a + b + p) ** 2 - a**2 - b**2) + (a + b + p) ** 3 - a**3 - b**3

    u, v = x - c, y - c
    n, k = len(x), len(y)
    uu, vv = kernel(u, u), kernel(v, v)
    within = (uu.sum() - np.trace(uu)) / (n * (n - 1)) + (vv.sum() - np.trace(vv)) / (k * (k - 1))
    return float(within - 2 * kernel(u, v).mean())


def drawn(n=300, d=16, kind=np.float32):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, d)).astype(kind), rng.normal(size=(n, d)).astype(kind)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0, 10, -100, 1e3, 1e4, 1e5, 1e6])
def test_a_common_offset_gives_the_value_of_exact_arithmetic(evidence, offset, kind):
    x, y = (z + kind(offset) for z in drawn(24, 4, kind))
    found = KernelInceptionDistance().score(evidence(x, y))
    assert found.value == pytest.approx(exactly(x, y), rel=2e-4 if offset == 0 else 1e-6)


@pytest.mark.parametrize("offset", [10, 100, 1e3, 1e4, 1e5, 1e6])
def test_the_published_cases_have_their_right_values(evidence, offset):
    x, y = (z + np.float32(offset) for z in drawn())
    found = KernelInceptionDistance().score(evidence(x, y))
    assert found.value == pytest.approx(in_longdouble(x, y), rel=1e-6)
    assert found.low < found.value < found.high


def test_the_case_at_1000_is_no_longer_of_the_wrong_sign(evidence):
    x, y = (z + np.float32(1000) for z in drawn())
    assert KernelInceptionDistance().score(evidence(x, y)).value == pytest.approx(-2.67717e8, rel=1e-5)


@pytest.mark.parametrize("name", ["modes", "outlier in one", "outlier in both", "mean of both"])
def test_far_modes_and_outliers_give_the_value_of_exact_arithmetic(evidence, name):
    x, y = drawn(24, 4)
    if name == "modes":
        x, y = (z + np.float32(3000) * (np.arange(24) % 3)[:, None].astype(np.float32) for z in (x, y))
    elif name == "mean of both":
        y = y + np.float32(1e4)
    else:
        x[3] = 1e6 if name == "outlier in one" else 1e4
        if name == "outlier in both":
            y[5] = 1e4
    found = KernelInceptionDistance().score(evidence(x, y)).value
    assert found == pytest.approx(exactly(x, y), rel=1e-6)


def test_error_and_legacy_go_with_the_offset(evidence):
    x, y = drawn(SUBSET_SIZE + 50, 4, np.float64)
    y[:, 0] += 1
    near = KernelInceptionDistance().score(evidence(x + 5.4, y + 5.4))  # float32 products
    far = KernelInceptionDistance().score(evidence(x + 5.6, y + 5.6))  # beyond 30 times the spread: float64
    for name in ("standard_error", "legacy"):
        assert far.details[name] == pytest.approx(near.details[name] * far.value / near.value, rel=0.02)


def test_beyond_what_a_record_holds_it_is_refused_in_one_line(evidence):
    x, y = (z + np.float32(1e12) * np.arange(24, dtype=np.float32)[:, None] for z in drawn(24, 4))
    with pytest.raises(Unavailable, match=r"overflows 1e\+30; scale both sides"):
        KernelInceptionDistance().score(evidence(x, y))
