"""Precision, recall, density and coverage against two independent packages and published values."""

import numpy as np
import pytest
import torch
from prdc import compute_prdc
from torch_fidelity.metric_prc import prc_features_to_metric

from genbench.builtin.metrics.density_coverage import Coverage, Density, coverage, density
from genbench.builtin.metrics.precision_recall import Precision, Recall, share_inside
from genbench.errors import Unavailable
from genbench.geometry.balls import Balls
from genbench.geometry.cloud import cloud
from genbench.geometry.comparison import Comparison
from genbench.geometry.rows import drawn
from genbench.geometry.sweep import Turned, sweep_across

PRDC = (Precision, Recall, Density, Coverage)


def scores(found):
    return {metric.name: metric().score(found).value for metric in PRDC}


def line(*points):
    """Points on a line, where every distance is exact and ties are meant."""
    return np.array(points, np.float32)[:, None]


@pytest.mark.parametrize("scale", [0.8, 1.0, 1.3])
def test_precision_and_recall_are_those_of_torch_fidelity(draw, evidence, scale):
    real, generated = draw(1100, 16, 1), draw(1100, 16, 2, scale=scale)
    theirs = prc_features_to_metric(
        torch.from_numpy(generated).double(), torch.from_numpy(real).double(), verbose=False
    )
    ours = scores(evidence(real, generated))
    assert ours["precision"] == pytest.approx(theirs["precision"], abs=1e-7)  # theirs is a float32 mean
    assert ours["recall"] == pytest.approx(theirs["recall"], abs=1e-7)


@pytest.mark.parametrize("m", [1100, 700])
def test_density_and_coverage_are_those_of_prdc(draw, evidence, m):
    real, generated = draw(1100, 16, 1).astype(np.float64), draw(m, 16, 2, scale=0.9).astype(np.float64)
    theirs = compute_prdc(real, generated, 5)
    found = evidence(real.astype(np.float32), generated.astype(np.float32))
    assert Density().score(found).value == pytest.approx(theirs["density"], rel=1e-12)
    assert Coverage().score(found).value == pytest.approx(theirs["coverage"], rel=1e-12)


def test_two_standard_normal_samples_score_what_the_literature_says():
    rng = np.random.default_rng(0)
    real, generated = rng.standard_normal((2, 10_000, 1000), dtype=np.float32)
    found = Comparison(real, generated)
    clouds = cloud(real, real), cloud(generated, real)
    real5 = Balls(*clouds, found.within_real.squared_radii(5), closed=False)
    generated5 = Balls(*clouds[::-1], found.within_generated.squared_radii(5), closed=False)
    sweep_across(*clouds, [real5, Turned(generated5)], found.product)
    # another sample of this size moves each of them by less than .01
    assert share_inside(real5) == pytest.approx(0.477, abs=0.01)
    assert share_inside(generated5) == pytest.approx(0.471, abs=0.01)
    assert density(real5, 5) == pytest.approx(1.056, abs=0.01)
    assert coverage(real5) == pytest.approx(0.974, abs=0.01)


def test_surfaces_belong_to_balls_of_precision_but_not_to_those_of_density(evidence):
    real = line(0, 1, 2, 3, 4, 5, 100)  # the ball around 0 reaches to 3 for k = 3 and to 5 for k = 5
    third = scores(evidence(real, line(*[-3] * 7)))
    beyond = scores(evidence(real, line(*[-3.001] * 7)))
    assert (third["precision"], beyond["precision"]) == (1, 0)
    fifth = scores(evidence(real, line(*[-5] * 7)))
    inside = scores(evidence(real, line(*[-4.999] * 7)))
    assert (fifth["coverage"], inside["coverage"]) == (0, pytest.approx(1 / 7))
    assert (fifth["density"], inside["density"]) == (0, pytest.approx(1 / 5))


def test_exchanged_sets_exchange_precision_and_recall_which_differ(draw, evidence):
    narrow, wide = draw(500, 8, 1, scale=0.5), draw(500, 8, 2)
    one, other = scores(evidence(wide, narrow)), scores(evidence(narrow, wide))
    assert one["precision"] == other["recall"] > 0.95
    assert one["recall"] == other["precision"] < 0.5


@pytest.mark.parametrize(("n", "m"), [(400, 250), (250, 400)])
def test_precision_and_recall_of_unequal_sets_are_torch_fidelitys_of_equal_drawn_ones(draw, evidence, n, m):
    real, generated = draw(n, 8, 1), draw(m, 8, 2, scale=0.9)
    x = real if n < m else real[drawn(n, m, "real")]
    y = generated if m < n else generated[drawn(m, n, "generated")]
    theirs = prc_features_to_metric(torch.from_numpy(y).double(), torch.from_numpy(x).double(), verbose=False)
    found = evidence(real, generated)
    for metric in (Precision, Recall):
        score = metric().score(found)
        assert score.value == pytest.approx(theirs[metric.name], abs=1e-7)
        assert score.details["drawn"] == 250
        assert metric.shown["equal sets drawn, n ="] == "drawn"


def test_rows_that_are_drawn_are_different_ones_the_same_at_every_call_and_cover_the_whole_set():
    rows = drawn(1000, 500, "real")
    assert len(set(rows)) == 500
    np.testing.assert_array_equal(rows, drawn(1000, 500, "real"))
    assert set(rows) != set(drawn(1000, 500, "generated"))
    assert 400 < rows.mean() < 600  # of evenly drawn ones 500, give or take 9


def test_fewer_than_seven_samples_are_refused(draw, evidence):
    with pytest.raises(Unavailable, match="at least 7 samples in each set, got 6"):
        Density().score(evidence(draw(20, 4, 1), draw(6, 4, 2)))


def test_wide_noise_has_recall_without_precision(draw, evidence):
    found = scores(evidence(draw(600, 16, 1), draw(600, 16, 2, scale=2.0)))
    assert found["recall"] > 0.9
    assert found["precision"] < 0.3


def test_copies_of_the_real_samples_are_perfect(draw, evidence):
    real = draw(400, 16, 1)
    found = scores(evidence(real, real[::-1].copy()))
    assert found == {"precision": 1, "recall": 1, "density": pytest.approx(1, abs=1e-12), "coverage": 1}
