"""Accuracy, NLL, Brier score and ECE: by hand, beside scikit-learn, and after a temperature."""

import math

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss

from genbench.builtin.metrics.accuracy import Accuracy, hits
from genbench.builtin.metrics.brier import Brier, squared_errors
from genbench.builtin.metrics.class_answers import HELD, TEST, VALID, ClassAnswers, nll, temperature
from genbench.builtin.metrics.ece import CalibrationError, calibration_error
from genbench.builtin.metrics.nll import NegativeLogLikelihood
from genbench.contracts.evidence import Evidence
from genbench.errors import Unavailable
from genbench.records.space import Space

SPACE = Space((3,), levels=None, classes=3)
METRICS = (Accuracy, NegativeLogLikelihood, Brier, CalibrationError)


def said(p, label) -> ClassAnswers:
    with np.errstate(divide="ignore"):
        return ClassAnswers(np.log(np.array(p, np.float64)), np.array(label))


def evidence(test: ClassAnswers, held: ClassAnswers, valid: ClassAnswers) -> Evidence:
    """Of questions that have the three in another order each time."""
    order = np.random.default_rng(0).permuted(np.tile([TEST, HELD, VALID], (len(test.label), 1)), axis=1)
    where = order, np.arange(len(order))[:, None]
    log_p = np.stack([each.log_p for each in (test, held, valid)]).astype(np.float32)[where]
    label = np.stack([each.label for each in (test, held, valid)])[where]
    return Evidence(SPACE, np.empty((0, 3)), answers=log_p, key={"label": label, "split": order})


HAND = said([[0.7, 0.2, 0.1], [0.5, 0.25, 0.25], [0.1, 0.1, 0.8], [0.4, 0.4, 0.2]], [0, 1, 2, 1])


def test_each_score_follows_its_definition():
    found = evidence(HAND, said([[1, 0, 0]] * 4, [0, 0, 0, 1]), HAND)
    accuracy = Accuracy().score(found)
    assert accuracy.value == pytest.approx((1 + 0 + 1 + 0.5) / 4)  # two of the last one's classes are called
    assert accuracy.details == {"held": 0.75}
    assert 0 < accuracy.low < accuracy.value < accuracy.high < 1
    assert NegativeLogLikelihood().score(found).value == pytest.approx(-math.log(0.7 * 0.25 * 0.8 * 0.4) / 4, rel=1e-6)
    squares = [0.09 + 0.04 + 0.01, 0.25 + 0.75**2 + 0.25**2, 0.01 + 0.01 + 0.04, 0.16 + 0.36 + 0.04]
    brier = Brier().score(found)
    assert brier.value == pytest.approx(np.mean(squares), rel=1e-6)
    half = 1.959964 * np.std(squares, ddof=1) / 2
    assert (brier.low, brier.high) == pytest.approx((max(0, brier.value - half), brier.value + half), rel=1e-4)
    # Every confidence lies in a bin of its own.
    assert CalibrationError().score(found).value == pytest.approx((0.3 + 0.5 + 0.2 + 0.1) / 4, rel=1e-6)


def test_scores_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    p, label = rng.dirichlet([1, 1, 1], 300), rng.integers(3, size=300)
    answers = said(p, label)
    assert nll(answers) == pytest.approx(log_loss(label, p), rel=1e-12)
    assert squared_errors(answers).mean() == pytest.approx(brier_score_loss(label, p, scale_by_half=False), rel=1e-12)
    assert hits(answers).mean() == accuracy_score(label, p.argmax(1))


def test_bins_are_of_even_width_and_closed_above():
    """.6 = 9/15 belongs to the ninth bin with .55, .61 to the next; gaps within a bin cancel."""
    two = np.array([0.55, 0.6])
    answers = said(np.stack([two, 1 - two], 1), [0, 1])
    assert calibration_error(answers) == pytest.approx(abs(1 - 0.55 - 0.6) / 2)
    two = np.array([0.55, 0.61])
    assert calibration_error(said(np.stack([two, 1 - two], 1), [0, 1])) == pytest.approx((0.45 + 0.61) / 2)


def test_whoever_knows_nothing_scores_what_nothing_scores():
    label = np.arange(30) % 3
    even = said(np.full((30, 3), 1 / 3), label)
    found = evidence(even, even, even)
    values = {metric.name: metric().score(found).value for metric in METRICS}
    expected = {"accuracy": 1 / 3, "nll": math.log(3), "brier": 2 / 3, "ece-15": 0}
    assert values == {name: pytest.approx(value, abs=1e-6) for name, value in expected.items()}


def overconfident(seed: int, power: float, n: int = 4000) -> ClassAnswers:
    """Labels drawn from laws that are told to the power given, and normalised."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet([1, 1, 1], n)
    label = (rng.random((n, 1)) > p.cumsum(1)).sum(1).clip(max=2)
    return said(p**power / (p**power).sum(1, keepdims=True), label)


@pytest.mark.parametrize("power", [0.5, 1, 3])
def test_the_temperature_undoes_what_made_answers_too_sure(power):
    test, valid = overconfident(0, power), overconfident(1, power)
    assert temperature(valid) == pytest.approx(power, rel=0.05)
    score = NegativeLogLikelihood().score(evidence(test, test, valid))
    assert score.details["temperature"] == pytest.approx(power, rel=0.05)
    best = nll(overconfident(0, 1))
    assert score.details["calibrated"] == pytest.approx(best, abs=2e-3)
    assert score.value > best + 0.02 or power == 1
    for metric in (Brier, CalibrationError):
        found = metric().score(evidence(test, test, valid))
        assert found.details["calibrated"] <= found.value + 5e-3  # which is what chance adds to an ECE


def test_the_temperature_is_the_least_of_a_grid_and_has_an_end():
    answers = overconfident(3, 2, 500)
    grid = np.exp(np.linspace(-4.6, 4.6, 900))
    best = min(grid, key=lambda t: nll(answers.at(t)))
    assert temperature(answers) == pytest.approx(best, rel=0.02)
    assert temperature(said([[0.6, 0.4], [0.3, 0.7]], [0, 1])) == pytest.approx(0.01, rel=0.1)  # all right: colder
    assert temperature(said([[0.6, 0.4], [0.3, 0.7]], [1, 0])) == pytest.approx(100, rel=0.1)


def test_a_temperature_changes_no_call():
    answers = overconfident(4, 2, 500)
    np.testing.assert_array_equal(hits(answers.at(5.0)), hits(answers))
    np.testing.assert_allclose(np.exp(answers.at(5.0).log_p).sum(1), 1)


def test_a_true_class_that_was_ruled_out_has_no_nll_and_the_reason_is_said():
    ruled = said([[1, 0, 0], [0.5, 0.5, 0]], [1, 0])
    with pytest.raises(Unavailable, match="it is infinite"):
        NegativeLogLikelihood().score(evidence(ruled, ruled, ruled))
    fine = said([[0.5, 0.5, 0], [0.5, 0.5, 0]], [1, 0])
    assert NegativeLogLikelihood().score(evidence(fine, fine, ruled)).details == {}  # no temperature can be chosen
    assert Brier().score(evidence(ruled, ruled, ruled)).value == pytest.approx((2 + 0.5) / 2)
    assert Brier().score(evidence(ruled, ruled, ruled)).details == {}


@pytest.mark.parametrize("metric", METRICS)
def test_what_answers_no_such_question_has_no_score(metric):
    for none in (
        Evidence(SPACE, np.empty((2, 3))),
        Evidence(SPACE, np.empty((2, 3)), answers=np.zeros((2, 3, 3)), key={"label": np.zeros(2)}),
    ):
        with pytest.raises(Unavailable, match="needs probabilities of classes"):
            metric().score(none)


def test_inputs_are_not_changed():
    found = evidence(HAND, HAND, HAND)
    before = found.answers.copy()
    for metric in METRICS:
        metric().score(found)
    np.testing.assert_array_equal(found.answers, before)
