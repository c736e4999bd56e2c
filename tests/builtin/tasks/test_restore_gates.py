"""Who knew the truth, or looked answers up, and hides it by small changes."""

import numpy as np
import pytest
import torch
from restoring import rows_of

from genbench.builtin.datasets.digits import Digits
from genbench.builtin.operators import OPERATORS
from genbench.builtin.tasks.guesses import best_guess, linear_guess, pasted
from genbench.builtin.tasks.restore import Restore
from genbench.builtin.tasks.restore_gates import near_share, pasted_share
from genbench.contracts.dataset import Examples, Splits
from genbench.records.space import Space

DRAWS = 4
SPLITS = Digits().splits()
SPACE = SPLITS.space
ROWS = {split: torch.from_numpy(getattr(SPLITS, split).x).float() for split in ("train", "valid", "test", "held")}
EXAMS = {
    operator: (task := Restore(operator=operator, draws=DRAWS), task.pose(SPLITS, 80, np.random.default_rng(1)))
    for operator in ("box", "crop", "sr2", "blur", "hdr")
}


def barred(operator: str, x: torch.Tensor, noise: float = 0.0) -> dict[str, str]:
    """What bars rows x [n, k, *shape] with noise on them that were made to agree with the questions."""
    task, exam = EXAMS[operator]
    y = torch.from_numpy(exam.questions["y"]).repeat_interleave(DRAWS, 0)
    x = x + noise * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    answers = OPERATORS[operator](SPACE).agreeing(x.flatten(0, 1), y).unflatten(0, (-1, DRAWS))
    return dict(task.barred(exam, task.checked(answers.numpy(), exam.questions, SPACE), rows_of(SPLITS)))


def truth(operator: str) -> torch.Tensor:
    return torch.from_numpy(EXAMS[operator][1].key["x"]).float()[:, None].repeat_interleave(DRAWS, 1)


def guessed(operator: str) -> torch.Tensor:
    y = torch.from_numpy(EXAMS[operator][1].questions["y"])
    guess = linear_guess(y, ROWS["train"], OPERATORS[operator](SPACE))
    return guess[:, None].repeat_interleave(DRAWS, 1)


@pytest.mark.parametrize("noise", [0.7, 1.0])
@pytest.mark.parametrize("operator", EXAMS)
def test_who_knows_the_truth_and_adds_a_little_noise_is_barred(operator, noise):
    assert list(barred(operator, truth(operator), noise)) == ["key"]


@pytest.mark.parametrize("operator", EXAMS)
def test_who_changes_one_entry_of_the_truth_is_barred(operator):
    x = truth(operator).clone()
    x[..., 3, 4] = (x[..., 3, 4] + 2) % 17
    x[..., 7, 7] = (x[..., 7, 7] + 2) % 17
    assert list(barred(operator, x)) == ["key"]


@pytest.mark.parametrize("operator", EXAMS)
def test_who_knows_the_truth_of_a_half_and_guesses_the_rest_is_barred(operator):
    x = guessed(operator)
    x[::2] = truth(operator)[::2]
    assert list(barred(operator, x, 1.0)) == ["key"]


@pytest.mark.parametrize("operator", EXAMS)
def test_who_guesses_without_knowing_is_not_barred(operator):
    assert barred(operator, guessed(operator), 2.0) == {}


@pytest.mark.parametrize("split", ROWS)
@pytest.mark.parametrize("operator", ["box", "crop", "hdr"])
def test_who_pastes_what_was_told_into_known_rows_is_barred(operator, split):
    rows, x = ROWS[split], truth(operator)[:, 0]
    distances = torch.cdist(*(OPERATORS[operator](SPACE).measure(images).flatten(1) for images in (x, rows)))
    distances[torch.cdist(x.flatten(1), rows.flatten(1)) == 0] = torch.inf  # of other images, not of the own truth
    nearest = rows[distances.topk(DRAWS, largest=False).indices]
    assert list(barred(operator, nearest)) == ["copies"]
    assert list(barred(operator, nearest, 0.5)) == ["copies"]


def test_which_draw_is_shown_is_drawn_with_the_exam():
    task, exam = EXAMS["box"]
    answers = np.arange(80 * DRAWS).reshape(80, DRAWS)
    shown = task.samples(answers, exam.key)
    np.testing.assert_array_equal(shown, np.arange(80) * DRAWS + exam.key["shown"])
    assert np.bincount(exam.key["shown"], minlength=DRAWS).min() > 8  # of 20 expected each
    assert (task.pose(SPLITS, 80, np.random.default_rng(2)).key["shown"] != exam.key["shown"]).any()


@pytest.mark.parametrize("operator", ["box", "sr2", "hdr"])
def test_the_distance_to_what_is_pasted_is_that_of_a_search_of_all_rows_but_the_own(operator):
    own, y = OPERATORS[operator](SPACE), torch.from_numpy(EXAMS[operator][1].questions["y"][:3])
    x, rows = truth(operator)[:3, 0], torch.cat([ROWS["train"][:50], truth(operator)[:3, 0]])
    draws = own.project(
        torch.rand(3, 2, *SPACE.shape, generator=torch.Generator().manual_seed(0)).flatten(0, 1) * 16,
        y.repeat_interleave(2, 0),
    ).unflatten(0, (3, 2))
    expected = [
        [
            min(float((draw - own.project(row[None], y[i : i + 1])[0]).norm()) for row in rows if (row != x[i]).any())
            for draw in draws[i]
        ]
        for i in range(3)
    ]
    np.testing.assert_allclose(pasted(draws, (y, x), rows, own), expected, rtol=1e-3)


def test_the_linear_guess_is_the_conditional_mean_of_a_normal_law():
    space = Space((4,), levels=None)
    root = torch.tensor([[1, 0, 0, 0], [0.5, 1, 0, 0], [1, -1, 0.5, 0], [0.3, 2, 1, 0.1]])
    rows = torch.randn(4000, 4, generator=torch.Generator().manual_seed(0)) @ root.T + torch.arange(4.0)
    mean, cov = rows.double().mean(0), rows.double().T.cov(correction=0)
    y = OPERATORS["crop"](space).measure(rows[:5])
    expected = mean[2:] + (y[:, :2].double() - mean[:2]) @ torch.linalg.solve(cov[:2, :2], cov[:2, 2:])
    found = linear_guess(y, rows, OPERATORS["crop"](space))
    torch.testing.assert_close(found[:, 2:].double(), expected, atol=2e-3, rtol=2e-3)
    assert torch.equal(found[:, :2], rows[:5, :2])


def test_the_better_guess_is_taken():
    """Of y = x₁ where x₂ = x₁² a line says nothing, and neighbours know it."""
    space = Space((2,), levels=None)
    first = torch.linspace(-1, 1, 400)
    rows = torch.stack([first, first**2], dim=1)
    x = rows[5::40]
    operator = OPERATORS["crop"](space)
    y = operator.measure(x)
    assert float((best_guess(y, x, rows, operator) - x).abs().max()) < 0.1
    assert float((linear_guess(y, rows, operator) - x).abs().max()) > 0.5


def test_shares_count_hard_questions_alone():
    x = np.zeros((4, 2), np.uint8)
    guess = np.array([[0, 0], [0, 1], [4, 0], [8, 0]], np.float32)
    answers = np.array([[[0, 0]], [[0, 0]], [[1, 0]], [[5, 0]]])
    assert near_share(answers, {"x": x, "guess": guess}) == 0.5
    truths, draws = np.array([0, 1, 4, 8.0]), np.array([[0, 0], [0, 0], [0, 4], [8, 9.0]])
    assert pasted_share(draws, truths) == 0.25


@pytest.mark.parametrize("share", [0.3, 0.6, 1.0])
def test_copies_of_what_is_as_good_as_empty_bar_nobody(share):
    """Of most rows, which one knows by their beginning, the rest is zeros: the same zeros are no copy."""
    rng = np.random.default_rng(0)
    x = rng.integers(1, 17, (400, 8)).astype(np.uint8)
    empty = rng.random(400) < share
    x[empty, :3], x[empty, 4:] = 0, 0
    splits = Splits(Space((8,), levels=17), *(Examples(x[i::4]) for i in range(4)))
    task = Restore(operator="crop", draws=DRAWS)
    exam = task.pose(splits, 60, rng)
    answers = np.repeat(exam.key["x"][:, None], DRAWS, axis=1)
    rest = rng.integers(1, 17, (60, DRAWS, 4))
    answers[..., 4:] = np.where((exam.key["x"][:, None, 4:] == 0).all(-1, keepdims=True), 0, rest)
    assert task.barred(exam, answers, rows_of(splits)) == {}
