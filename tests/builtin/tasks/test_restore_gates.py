"""Who knew the truth, or looked answers up, and hides it by small changes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from restoring import rows_of

from genbench.builtin.datasets.digits import Digits
from genbench.builtin.operators import OPERATORS
from genbench.builtin.tasks.guesses import best_guess, linear_guess, pasted
from genbench.builtin.tasks.restore import Restore
from genbench.builtin.tasks.restore_gates import copied_shares, energy_share, every_row
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
    x[..., [3, 7], [4, 7]] += torch.where(x[..., [3, 7], [4, 7]] > 8, -2, 2)
    assert list(barred(operator, x)) == ["key"]


@pytest.mark.parametrize("operator", EXAMS)
def test_draws_far_off_do_not_hide_who_knows_the_truth(operator):
    """All draws but one are near the truth: their mean is as far from it as one likes, and their energy is as low."""
    x = truth(operator).clone()
    x[:, 0] = torch.where(x[:, 0] < 8, 16.0, 0.0)
    assert list(barred(operator, x, 0.8)) == ["key"]


@pytest.mark.parametrize("operator", EXAMS)
def test_who_knows_the_truth_of_three_quarters_and_guesses_the_rest_is_barred(operator):
    x = guessed(operator)
    known = torch.arange(80) % 4 > 0
    x[known] = truth(operator)[known]
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
def test_the_distances_to_what_is_pasted_are_those_of_a_search_of_all_rows_but_the_own(operator):
    own, y = OPERATORS[operator](SPACE), torch.from_numpy(EXAMS[operator][1].questions["y"][:3])
    x, rows = truth(operator)[:3, 0], torch.cat([ROWS["train"][:50], truth(operator)[:3, 0]])
    noise = 16 * torch.rand(6, *SPACE.shape, generator=torch.Generator().manual_seed(0))
    draws = own.project(noise, y.repeat_interleave(2, 0)).view(3, 2, *SPACE.shape)
    for i, found in enumerate(pasted(draws, (y, x), rows, own)):
        others = own.project(rows[(rows != x[i]).flatten(1).any(1)], y[i : i + 1].expand(52, *own.shape))
        for draw, two in zip(draws[i], found, strict=True):
            np.testing.assert_allclose(two, (others - draw).flatten(1).norm(dim=1).sort().values[:2], rtol=1e-4)


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


def test_the_energy_is_a_share_of_what_the_guess_is_off_by():
    x, guess = np.zeros((2, 2), np.uint8), np.array([[3, 4], [0, 5]], np.float32)
    answers = np.array([[[0, 2], [0, 2]], [[1, 0], [0, 0]]])
    assert energy_share(answers, {"x": x, "guess": guess}) == pytest.approx((2 + 0.5 - 0.5) / 10)
    assert energy_share(answers, {"x": x, "guess": 0 * guess}) == np.inf


def test_copies_are_near_to_one_row_and_not_to_two():
    truths = np.array([[[1, 2.0]], [[5, 6]], [[8, 9]], [[0, 7]]])
    draws = np.array([[[0.9, 1.2], [0.9, 1.0]], [[1.1, 4], [0, 0]], [[np.inf, np.inf], [0, 5]], [[3, 9], [3, 9]]])
    assert copied_shares(draws, truths) == (3 / 8, 2 / 4)  # .9 of 1.2, and twice 0; of the truths 1 of 2, and 0 of 7
    assert copied_shares(np.full((4, 2, 2), np.inf), np.full((4, 1, 2), np.inf)) == (0, 0)  # there are no other rows


def exam_of(space: Space, x: np.ndarray, count: int, operator: str = "crop"):
    splits = Splits(replace(space, classes=None), *(Examples(x[i::4]) for i in range(4)))
    task = Restore(operator=operator, draws=8)
    exam = task.pose(splits, count, np.random.default_rng(0))
    return task, exam, rows_of(splits)


def test_the_exact_law_bars_nobody_where_hidden_parts_come_again():
    rng = np.random.default_rng(0)

    def ends(shape: tuple[int, ...]) -> np.ndarray:
        return np.where(rng.random((*shape, 1)) < 0.4, 0, rng.integers(1, 17, (*shape, 4)))

    x = np.concatenate([rng.integers(0, 17, (800, 4)), ends((800,))], axis=1).astype(np.uint8)
    task, exam, rows = exam_of(Space((8,), levels=17), x, 100)
    told = np.repeat(exam.key["x"][:, None, :4], 8, axis=1)
    assert task.barred(exam, np.concatenate([told, ends((100, 8))], axis=2).astype(np.uint8), rows) == {}


def test_whoever_leaves_noise_out_is_near_to_all_rows_and_looks_none_up():
    rng = np.random.default_rng(0)
    wave = np.sin(np.linspace(0, 6, 32))
    x = (rng.normal(size=(800, 1)) * wave + rng.normal(size=(800, 32)) / 2).astype(np.float32)
    task, exam, rows = exam_of(Space((32,), levels=None), x, 100)
    fitted = exam.key["x"][:, :16] @ wave[:16] / (wave[:16] @ wave[:16])
    amplitude = fitted[:, None] + 0.2 * rng.normal(size=(100, 8))
    answers = (amplitude[..., None] * wave).astype(np.float32)
    answers[..., :16] = exam.key["x"][:, None, :16]
    assert task.barred(exam, answers, rows) == {}


def test_rows_that_come_twice_do_not_hide_copies():
    x = np.concatenate([getattr(SPLITS, split).x for split in ("train", "test")])
    x[:160:4] = x[2:162:4]  # training rows that are test rows
    x[:160:4, 0, 0, 0] = 1  # but for a corner, which was told
    task, exam, rows = exam_of(SPACE, x, 80, "box")
    far = (exam.key["x"][:, None].astype(int) - rows("train")[None]) ** 2
    nearest = (far[..., [0, 1, 6, 7], :].sum((2, 3, 4)) + 1e9 * (far.sum((2, 3, 4)) < 3)).argsort(1)[:, :8]
    answers = rows("train")[nearest].copy()
    hidden = exam.key["hidden"][:, None] == 1
    assert list(task.barred(exam, np.where(hidden, answers, exam.key["x"][:, None]), rows)) == ["copies"]


@pytest.mark.parametrize("space", [Space((6,), levels=17), Space((6,), levels=None)])
def test_few_questions_and_constant_data_bar_nobody(space):
    rng = np.random.default_rng(0)
    x = (rng.integers(0, 17, (80, 6)) if space.levels else 100 + rng.normal(size=(80, 6))).astype(space.storage)
    same = np.full((80, 6), 3, x.dtype)
    for rows, count in ((x, 1), (same, 30)):
        task, exam, known = exam_of(space, rows, count)
        drawn = torch.from_numpy(rng.choice(rows, (count, 8)) / 3).float().flatten(0, 1)  # told entries are rounded
        y = torch.from_numpy(exam.questions["y"]).repeat_interleave(8, 0)
        answers = OPERATORS["crop"](space).agreeing(drawn, y).view(count, 8, 6).numpy().astype(x.dtype)
        assert task.barred(exam, answers, known) == {}


def test_of_larger_samples_no_guess_is_made():
    x = np.random.default_rng(0).integers(0, 256, (24, 1, 66, 66)).astype(np.uint8)
    _, exam, rows = exam_of(Space((1, 66, 66), levels=256), x, 4, "sr2")
    assert "guess" not in exam.key
    assert exam.key["nearest"].shape == (4, 1, 2)
    assert len(every_row(rows)) == 24


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
