"""The task interpolate: pairs of real samples, paths between them, and what bars a path that does not connect them."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image
from restoring import unasked

from genbench.builtin.controls import CONTROLS
from genbench.builtin.controls.paths import Blend, Jump
from genbench.builtin.datasets.digits import Digits
from genbench.builtin.tasks.interpolate import Interpolate
from genbench.contracts.answers import Interpolator
from genbench.contracts.dataset import Examples, Splits
from genbench.contracts.task import Exam
from genbench.errors import GenbenchError, InvalidEvidence, Unsuitable
from genbench.records.space import Space

SPACE = Space((1, 1, 2), levels=256)
TASK = Interpolate(frames=5)


def splits_of(rows) -> Splits:
    x = np.array(rows, np.uint8).reshape(-1, 1, 1, 2)
    return Splits(SPACE, Examples(x[:1]), Examples(x[:1]), Examples(x), Examples(x[:1]))


@pytest.fixture(scope="module")
def exam() -> Exam:
    return Interpolate().pose(Digits().splits(), 700, np.random.default_rng(0))


def test_questions_are_pairs_of_test_rows_that_differ(exam):
    test = {row.tobytes() for row in Digits().splits().test.x}
    assert exam.count == 700
    assert not exam.key
    for a, b in zip(exam.questions["a"], exam.questions["b"], strict=True):
        assert a.tobytes() in test
        assert b.tobytes() in test
        assert a.tobytes() != b.tobytes()
    assert exam.questions["a"].dtype == exam.questions["b"].dtype == np.uint8


def test_every_row_comes_before_any_comes_again(exam):
    rows = Digits().splits().test.x
    first = np.concatenate([exam.questions["a"][: len(rows) // 2], exam.questions["b"][: len(rows) // 2]])
    assert len({row.tobytes() for row in first}) == len(rows) // 2 * 2


def test_the_exam_follows_from_the_generator_alone():
    splits = Digits().splits()
    posed = [TASK.pose(splits, 20, np.random.default_rng(seed)).sha256 for seed in (0, 0, 1)]
    assert posed[0] == posed[1] != posed[2]


def test_rows_that_are_equal_make_no_pair():
    exam = TASK.pose(splits_of([[1, 1]] * 9 + [[2, 2]]), 12, np.random.default_rng(0))
    assert (exam.questions["a"] != exam.questions["b"]).all()
    with pytest.raises(Unsuitable, match="two test rows that differ"):
        TASK.pose(splits_of([[1, 1]] * 3), 1, np.random.default_rng(0))


@pytest.mark.parametrize("frames", [1, 2, 8])
def test_a_path_has_a_middle(frames):
    with pytest.raises(GenbenchError, match=f"odd number of frames, 3 or more, got {frames}"):
        Interpolate(frames=frames)


class Recorder(Interpolator):
    """Remembers what it was asked."""

    def between(self, a, b, n):
        self.asked = a.dtype, b.dtype, n
        return torch.stack([a] * n, dim=1)


@pytest.mark.parametrize(("levels", "dtype"), [(256, torch.int64), (None, torch.float32)])
def test_a_model_is_asked_in_the_numbers_that_models_work_with(levels, dtype):
    space, model = Space((2,), levels=levels), Recorder()
    x = torch.zeros(3, 2, dtype=getattr(torch, space.storage))
    answers = TASK.ask(model, {"a": x, "b": x}, space)
    assert model.asked == (dtype, dtype, 5)
    assert answers.shape == (3, 5, 2)


def answered(model, a, b) -> tuple[Exam, np.ndarray]:
    exam = Exam({"a": np.array(a, np.uint8).reshape(-1, 1, 1, 2), "b": np.array(b, np.uint8).reshape(-1, 1, 1, 2)})
    asked = {name: torch.from_numpy(x) for name, x in exam.questions.items()}
    return exam, TASK.checked(TASK.ask(model, asked, SPACE).numpy(), exam.questions, SPACE)


def test_the_middle_of_a_path_is_its_sample():
    _, answers = answered(Blend(SPACE), [[0, 0], [9, 3]], [[8, 200], [9, 1]])
    assert answers.dtype == np.uint8
    assert TASK.samples(answers, {}).reshape(2, 2).tolist() == [[4, 100], [9, 2]]


@pytest.mark.parametrize(
    "answers",
    [
        np.zeros((2, 4, 1, 1, 2), np.int64),
        np.zeros((1, 5, 1, 1, 2), np.int64),
        np.full((2, 5, 1, 1, 2), 256),
        np.zeros((2, 5, 1, 1, 2), np.float32),
        np.zeros((2, 5, 2), np.int64),
    ],
    ids=lambda x: f"{x.dtype}{x.shape}",
)
def test_what_is_no_path_of_samples_is_refused(answers):
    questions = {name: np.zeros((2, 1, 1, 2), np.uint8) for name in "ab"}
    with pytest.raises(InvalidEvidence, match="the answers hold"):
        TASK.checked(answers, questions, SPACE)


@pytest.mark.parametrize("control", [Blend, Jump])
def test_a_path_that_connects_its_two_samples_is_not_barred(control):
    assert TASK.barred(*answered(control(SPACE), [[0, 0], [9, 3]], [[8, 200], [9, 1]]), unasked) == {}


@pytest.mark.parametrize(("off", "barred"), [(0, False), (49, False), (51, True)])
def test_a_path_whose_ends_are_off_by_more_than_half_of_the_way_is_barred(off, barred):
    a, b = np.zeros((4, 1, 1, 2), np.uint8), np.full((4, 1, 1, 2), 100, np.uint8)
    answers = np.stack([a + off] * 3 + [b - off] * 2, axis=1).astype(np.uint8)
    found = TASK.barred(Exam({"a": a, "b": b}), answers, unasked)
    assert list(found) == (["ends"] if barred else [])
    assert not barred or f"off by {off}% of the RMSE between two of these" in found["ends"]


def test_whoever_shows_the_mean_of_the_data_at_the_ends_is_barred(exam):
    mean = exam.questions["a"].mean(0).round().astype(np.uint8)
    answers = np.broadcast_to(mean, (exam.count, 9, *mean.shape))
    assert "off by 7" in Interpolate().barred(exam, answers, unasked)["ends"]  # 1/√2


def test_every_gate_that_bars_is_declared():
    a, b = np.zeros((1, 1, 1, 2), np.uint8), np.ones((1, 1, 1, 2), np.uint8)
    assert set(TASK.barred(Exam({"a": a, "b": b}), np.stack([b] * 5, axis=1), unasked)) == set(TASK.gates)


def test_the_picture_shows_each_path_between_the_two_samples_that_were_asked_for():
    space = Space((1, 2, 2), levels=2)
    a, b = np.zeros((9, 1, 2, 2), np.uint8), np.ones((9, 1, 2, 2), np.uint8)
    answers = np.stack([b, a, b, a, b], axis=1)
    shown = TASK.exhibits({"a": a, "b": b}, answers, space)
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(shown["strips"]))))
    assert picture.shape == (8 * 3 - 1, 7 * 3 - 1)  # eight of the nine
    assert (picture[0, ::3] // 255).tolist() == [0, 1, 0, 1, 0, 1, 1]
    assert TASK.exhibits({"a": a, "b": b}, answers, Space((1, 2, 2), levels=None)) == {}


def test_its_controls_are_the_control_models_that_interpolate():
    assert TASK.controls == tuple(control.name for control in CONTROLS if issubclass(control, Interpolator))
