"""Span: mixtures of a few rows leave nothing, others something, and a constant is nobody's."""

import numpy as np
import pytest

from genbench.scoring.novelty.span import residuals

ROWS = np.random.default_rng(0).random((6, 40)).astype(np.float32)
NEAREST = np.array([[0, 1, 2, 3, 4]])


def left(x: np.ndarray, known: np.ndarray = ROWS, nearest: np.ndarray = NEAREST) -> float:
    (share,) = residuals(np.asarray(x, np.float32)[None], known, nearest)
    return float(share)


@pytest.mark.parametrize("weights", [(1, 0, 0, 0), (0.5, 0.5, 0, 0), (0.2, 0.3, 0.4, 0.1), (1.5, -0.5, 0, 0)])
@pytest.mark.parametrize(("scale", "shift"), [(1, 0), (0.8, 0), (-1, 16), (0.5, 3)])
def test_mixtures_of_four_rows_brighter_or_darker_leave_nothing(weights, scale, shift):
    assert left(scale * (weights @ ROWS[:4]) + shift) < 1e-5  # of float32 rows


def test_what_is_left_is_what_least_squares_leave():
    x = np.random.default_rng(1).random(40)
    design = np.column_stack([ROWS[:4].T.astype(float), np.ones(40)])
    rest = x - design @ np.linalg.lstsq(design, x, rcond=None)[0]
    assert left(x) == pytest.approx(np.linalg.norm(rest) / np.linalg.norm(x - x.mean()), rel=1e-5)


def test_a_fifth_row_is_not_looked_at():
    assert left(ROWS[4]) > 0.5
    assert left(ROWS[4], nearest=np.array([[4, 0, 1, 2, 3]])) < 1e-6


def test_a_constant_sample_is_nobodys():
    assert left(np.full(40, 7.0)) == 1


def test_rows_that_are_alike_or_constant_span_no_more_than_there_is():
    known = np.stack([ROWS[0], ROWS[0], ROWS[0] * 2, np.full(40, 5.0)]).astype(np.float32)
    nearest = np.array([[0, 1, 2, 3]])
    assert left(ROWS[0], known, nearest) < 1e-6
    assert left(ROWS[1], known, nearest) > 0.5


def test_chunks_change_nothing_and_no_samples_give_none():
    x = np.random.default_rng(2).random((600, 40)).astype(np.float32)
    nearest = np.tile(NEAREST, (600, 1))
    found = residuals(x, ROWS, nearest)
    assert found[::100].tolist() == [left(row) for row in x[::100]]
    assert residuals(x[:0], ROWS, nearest[:0]).shape == (0,)
