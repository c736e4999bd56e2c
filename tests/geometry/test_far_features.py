"""Features far from the origin, with far modes and outliers: scores of balls are those of all float64 distances."""

import numpy as np
import pytest

import genbench.geometry.balls
import genbench.geometry.neighbours
from genbench.builtin.metrics.density_coverage import Coverage, Density
from genbench.builtin.metrics.precision_recall import Precision, Recall
from genbench.errors import Unavailable
from genbench.geometry.cloud import cloud
from genbench.geometry.comparison import Comparison
from genbench.geometry.neighbours import Neighbours
from genbench.geometry.sweep import product_on, sweep_within

N, D = 300, 8


def squared(x, y):
    return np.square(x[:, None].astype(np.float64) - y[None]).sum(2)


def by_hand(real, generated):
    """Precision, recall, density and coverage from all distances in float64."""
    within = [np.sort(squared(x, x), axis=1) for x in (real, generated)]  # the vector itself stands first
    across = squared(real, generated)
    return {
        "precision": (across <= within[0][:, [3]]).any(0).mean(),
        "recall": (across <= within[1][:, 3]).any(1).mean(),
        "density": (across < within[0][:, [5]]).sum(0).mean() / 5,
        "coverage": (across < within[0][:, [5]]).any(1).mean(),
    }


def scores(evidence, real, generated):
    found = evidence(real, generated)
    return {metric.name: metric().score(found).value for metric in (Precision, Recall, Density, Coverage)}


def drawn(seed, kind=np.float32):
    return np.random.default_rng(seed).standard_normal((N, D)).astype(kind)


def modes(x, apart, count):
    return (x + apart * (np.arange(len(x)) % count)[:, None]).astype(x.dtype)


def with_outlier(x, at):
    return np.concatenate([x[:-1], np.full((1, x.shape[1]), at, x.dtype)])


def rounded(x):
    return np.round(2 * x) + x.dtype.type(10_000)


CASES = {
    "two modes 3,000 apart": lambda x, y: (modes(x, 3000, 2), modes(y, 3000, 2)),
    "five modes 20,000 apart": lambda x, y: (modes(x, 20_000, 5), modes(y, 20_000, 5)),
    "a mode that only one set has": lambda x, y: (modes(x, 3000, 2), y),
    "a far mode of a few": lambda x, y: (modes(x, 1e5, 2)[[1, 3, 5, 7, 9, 11, *range(0, N, 2)]], y[: 6 + N // 2]),
    "an outlier in both": lambda x, y: (with_outlier(x, 1e6), with_outlier(y, 1e6)),
    "an outlier in real data": lambda x, y: (with_outlier(x, 1e6), y),
    "an outlier in generated data": lambda x, y: (x, with_outlier(y, -1e6)),
    "outliers at 1e12": lambda x, y: (with_outlier(x, 1e12), with_outlier(y, 1e12)),
    "an offset of 1,000": lambda x, y: (x + np.float32(1000), y + np.float32(1000)),
    "offsets that differ": lambda x, y: (x, y + np.float32(1e5)),
    "integers at 10,000": lambda x, y: (rounded(x), rounded(y)),
    "one feature": lambda x, y: (modes(x[:, :1], 3000, 3), modes(y[:, :1], 3000, 3)),
    "constant features": lambda x, y: tuple(np.concatenate([z, np.full((N, 3), 1e6, z.dtype)], 1) for z in (x, y)),
    "heavy duplicates in one": lambda x, y: (np.repeat(x[::10], 10, 0), y),
    "heavy duplicates in both": lambda x, y: (np.repeat(x[::10], 10, 0), np.repeat(x[::10], 10, 0)),
    "duplicates in far modes": lambda x, y: (np.repeat(modes(x, 3000, 2)[::3], 3, 0), modes(y, 3000, 2)),
}


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("name", CASES)
def test_scores_are_those_of_every_distance_in_float64(evidence, name, kind):
    real, generated = CASES[name](drawn(1, kind), drawn(2, kind))
    assert scores(evidence, real, generated) == pytest.approx(by_hand(real, generated), abs=1e-12)


def test_small_differences_on_a_large_offset_are_seen_where_vectors_are_float64(evidence):
    real, generated = drawn(1, np.float64) + 1e8, drawn(2, np.float64) + 1e8
    want = by_hand(real, generated)
    assert scores(evidence, real, generated) == pytest.approx(want, abs=1e-12)
    cut = scores(evidence, real.astype(np.float32), generated.astype(np.float32))
    assert abs(cut["coverage"] - want["coverage"]) > 0.1  # what became of them in float32


def test_far_modes_fail_without_the_second_look(evidence, monkeypatch):
    real, generated = CASES["two modes 3,000 apart"](drawn(1), drawn(2))
    want = by_hand(real, generated)
    monkeypatch.setattr(Neighbours, "_settle", lambda *_: None)
    assert abs(scores(evidence, real, generated)["density"] - want["density"]) > 0.1


def test_neighbours_in_far_modes_are_the_nearest_in_order():
    x = modes(drawn(3), 3000, 3)
    own = cloud(x, x)
    found = Neighbours(own, own, 4)
    sweep_within(own, [found], product_on(None), 64)
    distances = squared(x, x)
    np.fill_diagonal(distances, np.inf)
    want = np.argsort(distances, axis=1, kind="stable")[:, :4]
    near, index = found.nearest()
    np.testing.assert_array_equal(index, want)
    np.testing.assert_allclose(near, np.take_along_axis(distances, want, 1), rtol=1e-13)


def test_ordinary_vectors_are_not_looked_at_twice(monkeypatch):
    x = np.random.default_rng(0).standard_normal((500, 64)).astype(np.float32)
    monkeypatch.setattr(Neighbours, "_within", lambda *_: pytest.fail("looked again"))
    found = Comparison(x, x[::-1].copy())
    assert np.isfinite(found.within_real.squared).all()


def test_too_many_differences_within_rounding_are_refused_in_one_line(monkeypatch):
    x = modes(drawn(1), 3000, 2)
    monkeypatch.setattr(genbench.geometry.neighbours, "MOST", 1e4)
    with pytest.raises(Unavailable, match="more than 10000 feature differences lie within rounding"):
        _ = Comparison(x, x).within_real


def test_many_pairs_near_a_surface_are_decided_as_few_are(evidence, monkeypatch):
    real, generated = CASES["two modes 3,000 apart"](drawn(1), drawn(2))
    many = scores(evidence, real, generated)
    monkeypatch.setattr(genbench.geometry.balls, "DENSE", 2)
    assert scores(evidence, real, generated) == many
