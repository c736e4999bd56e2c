"""Scores of translations, where they can be counted by hand."""

import numpy as np
import pytest

from genbench.builtin.metrics.class_kept import ClassKept
from genbench.builtin.metrics.pair_rmse import PairError
from genbench.builtin.metrics.target_kid import TargetKid
from genbench.builtin.metrics.target_share import TargetShare
from genbench.contracts.evidence import Evidence
from genbench.errors import Unavailable
from genbench.geometry.comparison import Comparison
from genbench.records.space import Space

SPACE = Space((2,), levels=9, classes=2)
ALL = (ClassKept, PairError, TargetKid, TargetShare)


def evidence(answers: np.ndarray, features: Comparison | None = None, **other: np.ndarray) -> Evidence:
    """Rows (class, domain) at 0 or 8 each: both are read off one entry. Every question is to swap the second one."""
    both = np.array([[0, 0], [0, 8], [8, 0], [8, 8]], np.uint8)
    known = np.tile(both, (20, 1))
    domain = (both[:, 1] == 0).astype(np.int64)
    pair = np.stack([both[:, 0], 8 - both[:, 1]], axis=1)
    key = {
        "pair": pair,
        "class": both[:, 0] // 8,
        "split": np.zeros(4, np.int64),
        "known": known,
        "known_class": known[:, 0].astype(np.int64) // 8,
        "known_domain": known[:, 1].astype(np.int64) // 8,
    }
    return Evidence(
        SPACE,
        answers,
        questions={"x": both, "domain": domain},
        answers=answers,
        key=key | other,
        features=features,
    )


def test_the_class_is_read_off_what_classes_differ_in():
    kept = np.array([[0, 8], [0, 0], [8, 8], [8, 0]], np.uint8)
    lost = kept.copy()
    lost[0, 0] = 8
    assert ClassKept().score(evidence(kept)).value == 1
    found = ClassKept().score(evidence(lost))
    assert found.value == 0.75
    assert found.details == {"ceiling": 1, "shown": 1}
    assert 0 < found.low < 0.75 < found.high < 1


def test_the_domain_is_read_off_what_domains_differ_in():
    answers = np.array([[8, 8], [8, 0], [0, 8], [0, 8]], np.uint8)  # classes do not matter; the last one stays
    assert TargetShare().score(evidence(answers)).value == 0.75


def test_the_error_is_the_root_of_the_mean_square_and_exact_answers_are_counted():
    answers = np.array([[0, 8], [0, 0], [8, 8], [6, 0]], np.uint8)
    found = PairError().score(evidence(answers))
    assert found.value == pytest.approx((4 / 8) ** 0.5)
    assert found.details["exact"] == 0.75
    assert found.details["share"] == pytest.approx(found.value / 32**0.5)


def kid(x: np.ndarray, y: np.ndarray) -> float:
    """The unbiased estimate by loops over all pairs."""

    def k(a, b):
        return (a @ b / len(a) + 1) ** 3

    n, m = len(x), len(y)
    xx = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    yy = sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return xx + yy - 2 * sum(k(a, b) for a in x for b in y) / (n * m)


def test_each_domain_is_held_against_its_own_test_rows():
    rng = np.random.default_rng(0)
    real, generated = rng.normal(size=(40, 3)).astype(np.float32), rng.normal(size=(36, 3)).astype(np.float32)
    domain, own = np.arange(36) % 3 // 2, np.arange(40) % 2  # a third of the answers were to go to domain 1
    generated[domain == 1] += 1
    seen = evidence(generated, Comparison(real, generated), test_domain=own)
    seen.questions["domain"] = domain
    found = TargetKid().score(seen)
    expected = [kid(real[own == i].astype(float), generated[domain == i].astype(float)) for i in (0, 1)]
    assert [found.details["to_0"], found.details["to_1"]] == pytest.approx(expected, rel=1e-4)
    assert found.value == pytest.approx(sum(expected) / 2, rel=1e-4)
    assert found.low < found.value < found.high


@pytest.mark.parametrize("metric", ALL)
def test_other_tasks_have_no_such_score(metric):
    with pytest.raises(Unavailable, match="needs"):
        metric().score(Evidence(SPACE, np.zeros((4, 2), np.uint8)))
