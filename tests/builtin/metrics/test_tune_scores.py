"""Scores of tunes and of series by hand: bars, pitches, what follows what, autocorrelations."""

import numpy as np
import pytest

from genbench.builtin.metrics.acf_error import AutocorrelationError, autocorrelation
from genbench.builtin.metrics.bar_validity import BarValidity
from genbench.builtin.metrics.pitch_tv import PitchDistance
from genbench.builtin.metrics.transition_tv import TransitionDistance
from genbench.builtin.notation.abc import SYMBOLS
from genbench.contracts.evidence import Evidence
from genbench.errors import Unavailable
from genbench.records.space import Space

SPACE = Space((64,), levels=len(SYMBOLS), end=0, symbols=SYMBOLS)
HEAD = "4/4 1/4 C "
SERIES = Space((5,), levels=None)


def rows(*bodies: str) -> np.ndarray:
    """Tunes in C of these bodies."""
    x = np.zeros((len(bodies), 64), np.uint8)
    for row, body in enumerate(bodies):
        line = HEAD + body if body else ""
        x[row, : len(line)] = [SYMBOLS.index(symbol) for symbol in line]
    return x


def evidence(samples, test, held=None, space=SPACE) -> Evidence:
    """Samples beside a test split, and a held one."""
    split = {"test": test, "held": test if held is None else held}
    return Evidence(space, samples, rows=split.__getitem__)


def test_bar_validity_is_a_mean_over_tunes_and_0_for_what_is_none():
    whole, half = "c|c4|d2d2|e", "c|c4|d2|e"  # two inner bars each
    score = BarValidity().score(evidence(rows(whole, half, "c4", ""), rows(whole)))
    assert score.value == pytest.approx((1 + 0.5 + 0 + 0) / 4)
    assert score.details == {"read": 0.75, "bars": pytest.approx(4 / 3)}
    assert 0 <= score.low < score.value < score.high <= 1
    assert BarValidity().score(evidence(rows(whole), rows(whole))).value == 1


def test_pitch_distance_counts_notes_once_and_unread_tunes_as_a_class_of_their_own():
    test = rows("c2dC|e")  # ½ C, ¼ D, ¼ E
    for body, distance in (("cCd4e/", 0), ("cd", 0.25), ("f", 1), ("", 1)):
        assert PitchDistance().score(evidence(rows(body), test)).value == pytest.approx(distance)
    score = PitchDistance().score(evidence(rows("cCde", "cCde", "cCde", ""), test, rows("cd")))
    assert score.value == pytest.approx(0.25)
    assert score.details == {"held": pytest.approx(0.25), "unread": 0.25}


def test_transition_distance_sees_order_that_pitches_do_not():
    test, turned = rows("cdecde"), rows("edcedc")
    assert PitchDistance().score(evidence(turned, test)).value == 0
    # cd, de, ec, cd, de beside ed, dc, ce, ed, dc: no pair in common.
    assert TransitionDistance().score(evidence(turned, test)).value == 1
    assert TransitionDistance().score(evidence(rows("cdz2e"), rows("cde"))).value == 0  # a rest between
    # cd, dc, cd beside cd, dc: |2/3 - 1/2| of each.
    assert TransitionDistance().score(evidence(rows("cdcd"), rows("cdc"))).value == pytest.approx(1 / 6)


def test_what_has_no_two_notes_has_no_transitions():
    assert TransitionDistance().score(evidence(rows("c"), rows("cde"))).value == 1


@pytest.mark.parametrize("metric", [BarValidity, PitchDistance, TransitionDistance])
def test_scores_of_tunes_are_for_tunes_alone(metric):
    words = Space((4,), levels=27, end=0, symbols="." + "abcdefghijklmnopqrstuvwxyz")
    with pytest.raises(Unavailable, match="needs tunes in ABC notation"):
        metric().score(evidence(np.zeros((2, 4), np.uint8), np.zeros((2, 4), np.uint8), space=words))


@pytest.mark.parametrize("metric", [PitchDistance, TransitionDistance, AutocorrelationError])
def test_what_is_held_against_data_needs_data(metric):
    space = SERIES if metric is AutocorrelationError else SPACE
    x = np.zeros((2, 5), np.float32) if space is SERIES else rows("cd", "cd")
    with pytest.raises(Unavailable, match="needs a dataset"):
        metric().score(Evidence(space, x))


def test_autocorrelation_by_hand():
    x = np.array([[1, 0, 0, 0, -1], [3, 3, 3, 3, 3]], np.float32)
    assert autocorrelation(x[:1]).tolist() == pytest.approx([0, 0, 0, -0.5])
    assert autocorrelation(x).tolist() == pytest.approx([0, 0, 0, -0.25])  # a row that never changes has none
    y = np.array([[2, -1, -1, 2, -2]], np.float64)
    by_hand = np.correlate(y[0], y[0], "full")[5:] / np.square(y).sum()
    assert autocorrelation(10 + 3 * y) == pytest.approx(by_hand)


def test_the_error_sees_shuffled_hours_and_neither_scale_nor_offset():
    rng = np.random.default_rng(0)
    walk = rng.normal(size=(4000, 5)).cumsum(1).astype(np.float32)
    test, held, own = walk[:1000], walk[1000:2000], walk[2000:]
    apart = rng.permuted(own, axis=1)
    score = AutocorrelationError().score(evidence(7 + 5 * own, test, held, SERIES))
    assert score.value < 0.03
    assert score.details["held"] < 0.03
    # In a random order the mean product of two different places is -1 / (L - 1) of the power: -(L - k) / (L (L - 1)).
    law = np.array([-(5 - k) / 20 for k in range(1, 5)])
    assert autocorrelation(apart) == pytest.approx(law, abs=0.02)
    shuffled = AutocorrelationError().score(evidence(apart, test, held, SERIES)).value
    assert shuffled == pytest.approx(np.sqrt(np.square(law - autocorrelation(test)).mean()), abs=0.02)


def test_the_error_is_of_series_of_real_numbers():
    for space in (Space((5,), 3), Space((1, 2, 2), None), Space((1,), None)):
        with pytest.raises(Unavailable, match="needs series of 2 or more real numbers"):
            AutocorrelationError().score(
                evidence(np.zeros((2, *space.shape)), np.zeros((2, *space.shape)), space=space)
            )
