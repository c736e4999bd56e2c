"""Features in float64 far from 0: no score is that of something else."""

import numpy as np
import pytest
from scipy import linalg

import genbench
from genbench.appraisal.samples import read_features

INVARIANT = "fd,precision,recall,density,coverage,clipped-density,clipped-coverage,mind,authenticity,fd-infinity"


@pytest.fixture
def sets():
    rng = np.random.default_rng(0)
    return rng.normal(size=(500, 8)), rng.normal(size=(500, 8)) + 0.2, rng.normal(size=(500, 8))


def values(real, generated, train, scores):
    found = genbench.score(features=generated, reference=real, train=train, scores=scores)
    assert not found.missing
    return {name: score.value for name, score in found.scores.items()}


@pytest.mark.parametrize("offset", [1e2, 1e4, 1e7, -1e8, 1e9])
def test_a_common_offset_changes_no_score_that_looks_at_differences(sets, offset):
    real, generated, train = sets
    near = values(real, generated, train, INVARIANT)
    far = values(*(x + offset for x in sets), INVARIANT)
    assert far == pytest.approx(near, rel=max(1e-5, 1e-14 * abs(offset)))
    assert near["fd"] == pytest.approx(_distance(real, generated), rel=1e-6)


def test_fld_stays_what_another_split_of_the_training_data_makes_it(sets):
    near = values(*sets, "fld")["fld"]
    far = [values(*(x + offset for x in sets), "fld")["fld"] for offset in (1e4, 1e7, 1e8)]
    assert far == pytest.approx([near] * 3, abs=2)  # rounding orders its rows anew, which halves them otherwise


def _distance(x, y):
    a, b, gap = np.cov(x.T), np.cov(y.T), x.mean(0) - y.mean(0)
    return gap @ gap + np.trace(a + b - 2 * np.real(linalg.sqrtm(a @ b)))


def test_a_set_far_from_the_other_keeps_its_own_differences(sets):
    real, generated, _ = sets
    far = values(real, generated + 1e8, None, "fd,recall")
    assert far["fd"] == pytest.approx(8 * (1e8 + (generated - real).mean()) ** 2, rel=1e-6)
    assert far["recall"] == 0


def test_ordinary_float64_is_cut_as_before_and_what_would_be_lost_is_kept(sets):
    assert read_features(sets[0]).x.dtype == np.float32
    assert read_features(sets[0] + 1e7).x.dtype == np.float64
    assert read_features((sets[0] + 1e7).astype(np.float32)).x.dtype == np.float32
