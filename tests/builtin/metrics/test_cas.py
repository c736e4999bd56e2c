"""CAS and its classifier: beside scikit-learn, and on laws whose best accuracy is known."""

import math

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from genbench.builtin.metrics.cas import ClassificationAccuracy
from genbench.builtin.metrics.multinomial import fitted
from genbench.contracts.evidence import Evidence
from genbench.errors import Unavailable
from genbench.geometry.comparison import Comparison
from genbench.geometry.reference import Reference
from genbench.records.space import Space

SPACE = Space((4,), levels=None, classes=3)
MEANS = np.array([[0, 0, 0, 0], [2, 0, 0, 0], [0, 2, 0, 0]], np.float32)


def drawn(seed: int, n: int, apart: float = 1.0):
    rng = np.random.default_rng(seed)
    y = rng.integers(3, size=n)
    return (apart * MEANS[y] + rng.standard_normal((n, 4))).astype(np.float32), y


def evidence(x, y, train=None) -> Evidence:
    real, classes = drawn(1, 2000)
    told = {} if train is None else {"train": train[0], "classes": train[1]}
    comparison = Comparison(Reference(real, real_classes=classes, **told), x)
    return Evidence(SPACE, x, y, features=comparison)


def test_the_regression_is_scikit_learns():
    x, y = drawn(0, 300)
    x[:, 3] = 7  # constant: nothing is learnt from it
    scaler = StandardScaler().fit(x[:, :3].astype(np.float64))
    theirs = LogisticRegression(C=1.0, tol=1e-9, max_iter=2000).fit(scaler.transform(x[:, :3]), y)
    rows = drawn(2, 50)[0]
    rows[:, 3] = 7
    found = np.exp(fitted(x, y, 3).log_p(rows))
    np.testing.assert_allclose(found, theirs.predict_proba(scaler.transform(rows[:, :3])), atol=2e-3)


def test_a_class_without_rows_is_hardly_called():
    x, y = drawn(0, 300)
    log_p = fitted(x[y < 2], y[y < 2], 3).log_p(x)
    assert np.isfinite(log_p).all()
    assert (log_p.argmax(1) < 2).all()


def test_samples_of_the_datas_own_law_teach_as_much_as_training_data():
    score = ClassificationAccuracy().score(evidence(*drawn(3, 2000), train=drawn(4, 2000)))
    assert score.value == pytest.approx(score.details["train"], abs=0.02)
    assert score.low < score.value < score.high
    assert score.high - score.low == pytest.approx(
        2 * 1.96 * math.sqrt(score.value * (1 - score.value) / 2000), rel=0.02
    )


def test_two_normals_are_told_as_well_as_they_can_be():
    """Means 2 apart, variance 1: Φ(1) = .841."""
    real, classes = drawn(1, 4000)
    two = classes < 2
    x, y = drawn(5, 4000)
    comparison = Comparison(Reference(real[two], real_classes=classes[two]), x[y < 2])
    found = ClassificationAccuracy().score(Evidence(SPACE, x[y < 2], y[y < 2], features=comparison))
    assert found.value == pytest.approx(norm.cdf(1), abs=0.025)


def test_labels_that_say_nothing_teach_nothing():
    x, y = drawn(3, 2000)
    found = ClassificationAccuracy().score(evidence(x, np.random.default_rng(0).permutation(y)))
    assert found.value < 0.5
    swapped = ClassificationAccuracy().score(evidence(x, (y + 1) % 3))
    assert swapped.value < 0.25


def test_without_labels_on_both_sides_there_is_no_score():
    x, y = drawn(3, 50)
    with pytest.raises(Unavailable, match="needs labels of the samples"):
        ClassificationAccuracy().score(evidence(x, None))
    bare = Evidence(SPACE, x, y, features=Comparison(x, x))
    with pytest.raises(Unavailable, match="needs labels of the reference"):
        ClassificationAccuracy().score(bare)
    with pytest.raises(Unavailable, match="needs an extractor"):
        ClassificationAccuracy().score(Evidence(SPACE, x, y))
