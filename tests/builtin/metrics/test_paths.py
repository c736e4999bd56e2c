"""Path energy and end RMSE: closed forms, and what they refuse."""

import numpy as np
import pytest

from genbench.builtin.metrics.end_rmse import EndError, end_rmse
from genbench.builtin.metrics.path_energy import PathEnergy, path_energy, squared_steps
from genbench.contracts.evidence import Evidence
from genbench.errors import Unavailable
from genbench.records.space import Space

SPACE = Space((3,), levels=None)
RNG = np.random.default_rng(0)
A, B = RNG.standard_normal((2, 20, 3)).astype(np.float32)


def embedded(x):
    """Features that are no multiple of the samples."""
    return (x @ np.array([[1, 2], [0, 1], [3, 0]], np.float32)).astype(np.float32)


def evidence(answers, a=A, b=B, embed=embedded) -> Evidence:
    return Evidence(SPACE, answers[:, 1], task="paths", questions={"a": a, "b": b}, answers=answers, embed=embed)


def path(shares, a=A, b=B):
    return np.stack([(1 - share) * a + share * b for share in shares], axis=1).astype(np.float32)


@pytest.mark.parametrize("n", [2, 8])
def test_an_even_straight_path_in_features_has_energy_one(n):
    score = PathEnergy().score(evidence(path(np.linspace(0, 1, n + 1))))
    assert score.value == pytest.approx(1, rel=1e-6)  # float32 features
    assert score.details == {"median": pytest.approx(1, rel=1e-5), "alike": 0}


@pytest.mark.parametrize("n", [2, 3, 8])
def test_a_single_jump_has_as_much_as_it_could_have_steps(n):
    assert PathEnergy().score(evidence(path([0] * n + [1]))).value == pytest.approx(n, rel=1e-6)


def test_an_uneven_straight_path_has_the_mean_square_of_its_steps():
    """Steps of 3/4 and 1/4: 2 · (9/16 + 1/16)."""
    assert PathEnergy().score(evidence(path([0, 0.75, 1]))).value == pytest.approx(1.25, rel=1e-6)


def test_no_path_is_below_one():
    for seed in range(20):
        inner = np.random.default_rng(seed).standard_normal((20, 3, 3)).astype(np.float32) * 0.1
        answers = path(np.linspace(0, 1, 5))
        answers[:, 1:-1] += inner
        assert PathEnergy().score(evidence(answers)).value >= 1


def test_a_path_that_never_leaves_the_mean_pays_at_its_ends():
    """The question's own ends count: a constant m has n (‖m-a‖² + ‖b-m‖²), n/2 of the chord for m halfway."""
    answers = path([0.5] * 9)
    assert PathEnergy().score(evidence(answers)).value == pytest.approx(8 / 2, rel=1e-6)


def test_two_ends_that_are_alike_do_not_drown_the_others():
    b = B.copy()
    b[0] = A[0]
    answers = path(np.linspace(0, 1, 5), b=b)
    answers[0, 2] += 0.01
    score = PathEnergy().score(evidence(answers, b=b))
    assert 1 < score.value < 1.01
    assert score.details["alike"] == 1
    assert score.details["median"] == pytest.approx(1, rel=1e-5)


def test_where_all_ends_are_alike_there_is_no_energy_and_the_reason_says_so():
    with pytest.raises(Unavailable, match="sees no difference between the two ends of any question"):
        PathEnergy().score(evidence(path(np.linspace(0, 1, 5), b=A), b=A))


def test_the_functions_follow_their_definitions():
    path = np.array([[[0, 0], [3, 4], [3, 4]]], np.float32)
    assert squared_steps(path).tolist() == [25]
    assert path_energy(np.array([25.0, 1.0]), np.array([9.0, 4.0]), 2) == pytest.approx(52 / 13)
    a, b = np.array([[0, 0]], np.uint8), np.array([[10, 10]], np.uint8)
    answers = np.array([[[0, 3], [200, 200], [10, 9]]], np.uint8)  # 9 would wrap around in uint8: 9 - 10
    assert end_rmse(answers, a, b) == pytest.approx(np.sqrt((9 + 1) / 4))


def test_perfect_ends_have_no_error_whatever_lies_between():
    score = EndError().score(evidence(path([0, 7, 1])))
    assert score.value == 0
    assert score.details == {"share": 0}


def test_ends_that_are_swapped_are_as_far_off_as_the_ends_are_apart():
    score = EndError().score(evidence(path([1, 0.5, 0])))
    assert score.value == pytest.approx(np.sqrt(np.square(A - B).mean()), rel=1e-6)
    assert score.details["share"] == pytest.approx(1)


@pytest.mark.parametrize("metric", [PathEnergy, EndError])
def test_samples_that_answer_no_such_question_have_no_score(metric):
    for none in (Evidence(SPACE, A), Evidence(SPACE, A, questions={"draw": np.arange(20)}, answers=A, embed=embedded)):
        with pytest.raises(Unavailable, match="needs paths between two samples"):
            metric().score(none)


def test_inputs_are_not_changed():
    a, b, answers = A.copy(), B.copy(), path([0, 0.3, 1])
    before = answers.copy()
    for metric in (PathEnergy, EndError):
        metric().score(evidence(answers, a, b))
    np.testing.assert_array_equal(answers, before)
    np.testing.assert_array_equal((a, b), (A, B))
