"""The task generate: a count as its exam, samples as answers, the first of them as its picture."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from genbench.builtin.controls import CONTROLS
from genbench.builtin.datasets.digits import Digits
from genbench.builtin.tasks.generate import Generate
from genbench.contracts.model import Model
from genbench.errors import InvalidEvidence
from genbench.records.space import Space

SPACE = Space((1, 2, 2), levels=4)
TASK = Generate()


def test_the_exam_is_a_count_and_draws_nothing():
    rng = np.random.default_rng(0)
    state = rng.bit_generator.state
    exam = TASK.pose(Digits().splits(), 7, rng)
    assert exam.count == 7
    assert not exam.key
    assert rng.bit_generator.state == state


class Labelled(torch.nn.Module):
    """Shows its label and the number of its draw."""

    samplers = {"first": {"shift": 2}, "second": {}}  # noqa: RUF012  # the contract's own form

    def sample(self, n, *, labels=None, shift=0):
        return (torch.arange(n) + shift + (0 if labels is None else labels)).view(n, 1)


def test_asking_draws_by_the_first_sampler_with_the_labels_that_stand_beside():
    draws = {"draw": torch.arange(3)}
    assert TASK.ask(Labelled(), draws, SPACE).flatten().tolist() == [2, 3, 4]
    assert TASK.ask(Labelled(), {**draws, "labels": torch.tensor([5, 0, 1])}, SPACE).flatten().tolist() == [7, 3, 5]


def test_answers_are_kept_as_narrow_as_the_data_and_stay_as_they_are():
    questions = {"draw": np.arange(2)}
    fresh = np.array([[0, 1, 2, 3], [3, 2, 1, 0]]).reshape(2, 1, 2, 2)
    kept = TASK.checked(fresh, questions, SPACE)
    assert kept.dtype == np.uint8
    np.testing.assert_array_equal(kept, fresh)
    again = TASK.checked(kept, questions, SPACE)
    assert again.dtype == np.uint8
    np.testing.assert_array_equal(again, kept)
    assert TASK.samples(kept, {}) is kept


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (np.zeros((3, 1, 2, 2), np.int64), r"int64 \(3, 1, 2, 2\), expected int64 \(2, 1, 2, 2\)"),
        (np.zeros((2, 1, 2, 2), np.int32), r"int32 .* expected int64"),
        (np.zeros((2, 1, 2, 2), np.float32), "float32 .* expected int64"),
        (np.full((2, 1, 2, 2), 4), r"values from 4 to 4, expected integers in \[0, 4\)"),
        (np.full((2, 1, 2, 2), -1), "values from -1 to -1"),
        (np.full((2, 1, 2, 2), 256), "values from 256 to 256"),  # 0 as uint8
    ],
)
def test_what_is_no_sample_of_the_space_is_refused(answers, words):
    with pytest.raises(InvalidEvidence, match=words):
        TASK.checked(answers, {"draw": np.arange(2)}, SPACE)


def test_real_numbers_are_kept_as_float32_and_have_to_be_finite():
    space, questions = Space((2,), levels=None), {"draw": np.arange(1)}
    assert TASK.checked(np.ones((1, 2), np.float32), questions, space).dtype == np.float32
    with pytest.raises(InvalidEvidence, match="NaN or infinite"):
        TASK.checked(np.array([[1, np.nan]], np.float32), questions, space)
    with pytest.raises(InvalidEvidence, match="float64"):
        TASK.checked(np.ones((1, 2)), questions, space)


def test_the_picture_shows_the_first_samples_side_by_side():
    answers = np.arange(16 * 4, dtype=np.uint8).reshape(16, 1, 2, 2) % 4
    shown = TASK.exhibits({"draw": np.arange(16)}, answers, SPACE)
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(shown["grid"]))))
    assert picture.shape == (2 * 3 - 1, 8 * 3 - 1)
    np.testing.assert_array_equal(picture[:2, 3:5], answers[1, 0] * 85)
    assert TASK.exhibits({"draw": np.arange(1)}, np.zeros((1, 2), np.uint8), Space((2,))) == {}


def test_its_controls_are_the_control_models_that_draw_samples():
    assert TASK.controls == tuple(control.name for control in CONTROLS if issubclass(control, Model))
