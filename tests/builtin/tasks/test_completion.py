"""Completion: restoring what follows the beginning of a sequence."""

import itertools

import numpy as np
import pytest
import torch
from restoring import answered_in, fitted_controls, rows_of, scores

from genbench.builtin.controls.restorers import (
    NearestTrain,
    NeighbourBlend,
    NeighbourMean,
    ProjectedNoise,
    PseudoInverse,
    Truth,
)
from genbench.builtin.metrics.crps import RankedProbability
from genbench.builtin.metrics.energy import Energy
from genbench.builtin.metrics.psnr import DrawRatio
from genbench.builtin.operators import OPERATORS
from genbench.builtin.tasks.restore import Restore
from genbench.builtin.tasks.restore_gates import chances, exact_shares
from genbench.contracts.dataset import Examples, Splits
from genbench.contracts.evidence import Evidence
from genbench.contracts.task import Exam
from genbench.contracts.training import Split, TrainingData
from genbench.errors import Unavailable, Unsuitable
from genbench.records.space import Space

LETTERS = Space((8,), levels=4, end=0, symbols=".abc")


def words(rows) -> Examples:
    return Examples(np.array([[".abc".index(letter) for letter in row.ljust(8, ".")] for row in rows], np.uint8))


SPOKEN = Splits(LETTERS, *[words(["abcab", "ab", "a", "bca", "cabbac", "bb", "cca"])] * 4)


def completions(count=4) -> tuple[Restore, Exam]:
    task = Restore(operator="prefix", draws=4)
    return task, task.pose(SPOKEN, count, np.random.default_rng(0))


def test_of_a_sequence_the_first_quarter_is_told_and_who_has_ended_within_it_is_no_question():
    _, exam = completions(60)
    assert {tuple(row) for row in exam.questions["y"][:, :2].astype(int)} == {(1, 2), (2, 3), (3, 1), (2, 2), (3, 3)}
    assert (exam.questions["y"][:, 2:] == 0).all()
    assert (exam.key["hidden"] == [0, 0, 1, 1, 1, 1, 1, 1]).all()
    short = Splits(LETTERS, *[words(["a", "b"])] * 4)
    with pytest.raises(Unsuitable, match="prefix hides nothing of any test row"):
        Restore(operator="prefix").pose(short, 2, np.random.default_rng(0))


def test_a_distance_of_tokens_is_the_root_of_the_places_that_differ():
    _, exam = completions(1)
    x = exam.key["x"]
    answers = np.repeat(x[:, None], 2, axis=1)  # [1, 2, 8]
    answers[0, 0, 5:] = (answers[0, 0, 5:] + 1) % 4  # three places of the one draw
    answers[0, 1, 7] = (answers[0, 1, 7] + 2) % 4  # one of the other, which differs from the first as well
    found = Energy().score(Evidence(LETTERS, answers[:, 0], answers=answers, key=exam.key))
    assert found.value == pytest.approx((3**0.5 + 1) / 2 - 3**0.5 / 2)


@pytest.mark.parametrize("control", [Truth, NearestTrain, NeighbourBlend, NeighbourMean, ProjectedNoise, PseudoInverse])
def test_controls_complete_sequences_with_sequences(control):
    task, exam = completions()
    model = control(LETTERS)
    if control is Truth:
        model.rows = torch.from_numpy(SPOKEN.test.x)
    else:
        model.fit(TrainingData(LETTERS, Split(SPOKEN.train), Split(SPOKEN.valid), images=10))
    y = {"y": torch.from_numpy(exam.questions["y"])}
    answers = task.checked(task.ask(model, y, LETTERS).numpy(), exam.questions, LETTERS)
    assert (task.measure(LETTERS)(answers[:, 0]) == exam.questions["y"]).all()
    # Whoever shows further rows shows some that begin otherwise.
    assert ("consistency" in task.barred(exam, answers, rows_of(SPOKEN))) is (control is NearestTrain)
    text = task.exhibits(exam.questions, answers, LETTERS)["lines"]
    assert len(text) == 16
    assert all(set(line) <= set("abc") for line in text)


def test_the_controls_stand_in_their_order_and_the_floor_is_last():
    rng = np.random.default_rng(0)
    every = words(["".join(row) for row in itertools.product("abc", repeat=6)]).x[rng.permutation(729)]
    splits = Splits(LETTERS, *(Examples(every[rows]) for rows in np.split(np.arange(729), [300, 340, 540])))
    task = Restore(operator="prefix", draws=8)
    exam = task.pose(splits, 120, rng)
    answers = {name: answered_in(task, exam, own, LETTERS) for name, own in fitted_controls(splits).items()}
    energy = {name: scores(Energy, exam, rows, LETTERS) for name, rows in answers.items()}
    assert min(energy, key=energy.get) == "truth"
    assert max(energy, key=energy.get) == "pseudo-inverse"


def test_the_truth_draws_from_all_that_begin_so_and_none_else_has_a_lower_energy():
    rows = words(["abca", "abcb", "abcc", "abaa", "caba", "cabb"])
    task = Restore(operator="prefix", draws=200)
    exam = task.pose(Splits(LETTERS, rows, rows, rows, rows), 6, np.random.default_rng(0))
    truth = Truth(LETTERS)
    truth.rows = torch.from_numpy(rows.x)
    draws = answered_in(task, exam, truth, LETTERS)
    for own, x in zip(draws, exam.key["x"], strict=True):
        alike = rows.x[(rows.x[:, :2] == x[:2]).all(1)]
        shares = [(own == row).all(1).mean() for row in alike]
        assert sum(shares) == pytest.approx(1)
        assert shares == pytest.approx([1 / len(alike)] * len(alike), abs=0.2)  # six standard errors of 200 draws
    energy = scores(Energy, exam, draws, LETTERS)
    best = np.repeat(exam.key["x"][::-1][:, None], 200, axis=1)  # another that begins so, or else; one guess a question
    alone = np.repeat(draws[:, :1], 200, axis=1)
    assert 0 < energy < min(scores(Energy, exam, rows, LETTERS) for rows in (best, alone))


def test_a_single_letter_that_was_told_and_is_not_answered_bars():
    task, exam = completions(60)
    answers = np.repeat(exam.key["x"][:, None], 4, axis=1)
    answers[17, 0, 0] = answers[17, 0, 0] % 3 + 1
    assert "consistency" in task.barred(exam, answers, rows_of(SPOKEN))


def test_who_answers_with_training_rows_that_begin_so_is_barred_and_who_draws_from_all_of_them_is_not():
    rng = np.random.default_rng(0)
    every = words(["".join(row) for row in itertools.product("abc", repeat=6)]).x[rng.permutation(729)]
    splits = Splits(LETTERS, *(Examples(every[rows]) for rows in np.split(np.arange(729), [400, 440, 560])))
    task = Restore(operator="prefix", draws=8)
    exam = task.pose(splits, 120, rng)
    drawn = {"all": every, "train": splits.train.x, "held": splits.held.x}
    answers = {
        name: np.stack([rng.choice(rows[(rows[:, :2] == x[:2]).all(1)], 8) for x in exam.key["x"]])
        for name, rows in drawn.items()
    }
    barred = {name: task.barred(exam, own, rows_of(splits)) for name, own in answers.items()}
    assert (barred["all"], barred["held"], list(barred["train"])) == ({}, {}, ["copies"])
    assert "it looks answers up: 100% of its answers are training rows, where 0% would be" in barred["train"]["copies"]


def test_of_words_that_begin_alike_no_more_may_be_exact_than_one_guesses_who_knows_them_all():
    rows = [
        f"{''.join(begin)}{rest}" for begin in itertools.product("abc", repeat=2) for rest in ("ab", "bc", "ca", "cc")
    ]
    lone = [f"{row}{end}" for row in ("aaaa", "bbbb") for end in ("cab", "bca")]  # of the same beginnings
    parts = [words([row for i, row in enumerate(rows) if i % 4 == part]) for part in range(4)]
    splits = Splits(LETTERS, parts[0], parts[1], words([*rows[2::4], *lone]), parts[3])
    task = Restore(operator="prefix", draws=4)
    exam = task.pose(splits, 13, np.random.default_rng(0))
    x, operator = exam.key["x"], OPERATORS["prefix"](LETTERS)
    begins = [tuple(row[:2]) for row in x]
    expected = [1 / (6 if begin in ((1, 1), (2, 2)) else 4) for begin in begins]  # of train too
    np.testing.assert_allclose(chances(exam.questions["y"], splits, operator), expected)
    np.testing.assert_array_equal(exam.key["chance"], chances(exam.questions["y"], splits, operator))
    answers = np.repeat(x[:, None], 4, axis=1)
    assert list(task.barred(exam, answers, rows_of(splits))) == ["key"]
    answers[:, 1:, 3] = answers[:, 1:, 3] % 3 + 1  # one draw of four is exact
    assert exact_shares(answers, x).mean() == 0.25
    assert task.barred(exam, answers, rows_of(splits)) == {}
    alone = Splits(LETTERS, *[words([row]) for row in ("abab", "acab", "bcab", "bbab")])
    assert chances(operator.measure(torch.from_numpy(alone.test.x).float()).numpy(), alone, operator).tolist() == [0]


@pytest.mark.parametrize("space", [LETTERS, Space((8,), levels=4, symbols=".abc")])
def test_of_tokens_distances_count_places_and_what_takes_quantities_says_so(space):
    x = np.array([[1, 2, 3, 1, 1, 2, 3, 1]], np.uint8)
    answers = np.repeat(x[:, None], 4, axis=1)
    answers[0, :, 7] = 3
    evidence = Evidence(space, answers[:, 0], answers=answers, key={"x": x, "hidden": np.ones((1, 8), np.float32)})
    found = Energy().score(evidence)
    assert (found.value, found.unit) == (pytest.approx(1), "√places")
    for metric in (RankedProbability, DrawRatio):
        with pytest.raises(Unavailable, match=r"tokens have no order|are quantities"):
            metric().score(evidence)
    with pytest.raises(Unsuitable, match="tokens are none"):
        OPERATORS["hdr"](Space((8,), levels=8, symbols=".abcdefg"))
