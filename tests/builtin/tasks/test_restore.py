"""The task restore: what is measured of test rows, draws of them, and what bars answers."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image
from restoring import answered_in, fitted_controls, rows_of, scores

from genbench.builtin.controls import CONTROLS, ControlData
from genbench.builtin.controls.restorers import (
    NearestTrain,
    ProjectedNoise,
    PseudoInverse,
    Truth,
)
from genbench.builtin.datasets.digits import Digits
from genbench.builtin.metrics.energy import Energy
from genbench.builtin.metrics.psnr import DrawRatio
from genbench.builtin.operators import OPERATORS
from genbench.builtin.tasks.restore import Restore
from genbench.builtin.tasks.restore_gates import exact_answers, surprise
from genbench.contracts.answers import Restorer
from genbench.contracts.dataset import Examples, Splits
from genbench.contracts.evidence import Evidence
from genbench.contracts.task import Exam
from genbench.contracts.training import TrainingData
from genbench.errors import GenbenchError, InvalidEvidence, Unsuitable
from genbench.records.space import Space

HERE = ("box", "crop", "sr2", "sr4", "blur", "hdr")  # that digits can be asked about
SPLITS = Digits().splits()
SPACE = SPLITS.space


def posed(operator="box", count=60, seed=0) -> tuple[Restore, Exam]:
    task = Restore(operator=operator, draws=4)
    return task, task.pose(SPLITS, count, np.random.default_rng(seed))


@pytest.mark.parametrize("operator", HERE)
def test_questions_are_measured_of_test_rows_and_the_key_alone_has_these(operator):
    task, exam = posed(operator, 700)
    test = {row.tobytes() for row in SPLITS.test.x}
    assert {name: x.dtype.name for name, x in exam.questions.items()} == {"y": "float32"}
    assert all(row.tobytes() in test for row in exam.key["x"])
    assert len({row.tobytes() for row in exam.key["x"][: len(test)]}) == len(test)  # each once before any again
    np.testing.assert_allclose(task.measure(SPACE)(exam.key["x"]), exam.questions["y"], atol=1e-5)
    assert exam.sha256 == posed(operator, 700)[1].sha256 != posed(operator, 700, seed=1)[1].sha256


@pytest.mark.parametrize("operator", ["box", "crop"])
def test_what_is_hidden_is_not_in_the_questions(operator):
    _, exam = posed(operator)
    assert (exam.questions["y"][exam.key["hidden"] == 1] == 0).all()
    assert exam.key["x"][exam.key["hidden"] == 1].max() == 16


def test_what_cannot_be_asked_is_refused():
    with pytest.raises(Unsuitable, match="three channels"):
        posed("colour")
    black = Splits(Space((4,), levels=17), *[Examples(np.zeros((3, 4), np.uint8)) for _ in range(4)])
    with pytest.raises(Unsuitable, match="hdr hides nothing of any test row"):
        Restore(operator="hdr").pose(black, 2, np.random.default_rng(0))
    with pytest.raises(GenbenchError, match=r"4 or more draws of each question, since fewer .* got 1"):
        Restore(draws=1)


class Recorder(Restorer):
    """Remembers what it was asked."""

    def restore(self, y, operator, draws):
        self.asked = y.dtype, operator.name, operator.space, draws
        return operator.inverse(y).round().long()[:, None].repeat_interleave(draws, 1)


def test_a_model_is_told_the_operator():
    task, exam = posed("sr2", 5)
    model = Recorder()
    answers = task.ask(model, {"y": torch.from_numpy(exam.questions["y"])}, SPACE)
    assert model.asked == (torch.float32, "sr2", SPACE, 4)
    assert answers.shape == (5, 4, 1, 8, 8)
    kept = task.checked(answers.numpy(), exam.questions, SPACE)
    assert kept.dtype == np.uint8


@pytest.mark.parametrize(
    "answers",
    [
        np.zeros((60, 3, 1, 8, 8), np.int64),
        np.zeros((59, 4, 1, 8, 8), np.int64),
        np.full((60, 4, 1, 8, 8), 17),
        np.zeros((60, 4, 1, 8, 8), np.float32),
    ],
    ids=lambda x: f"{x.dtype}{x.shape}",
)
def test_what_is_no_restoration_is_refused(answers):
    task, exam = posed()
    with pytest.raises(InvalidEvidence, match="the answers hold"):
        task.checked(answers, exam.questions, SPACE)


@pytest.fixture(scope="module")
def fitted() -> dict[str, Restorer]:
    return fitted_controls(SPLITS)


def answered(task, exam, model) -> np.ndarray:
    return answered_in(task, exam, model, SPACE)


@pytest.mark.parametrize("operator", HERE)
def test_the_controls_stand_in_their_order_and_the_floor_is_last(fitted, operator):
    task, exam = posed(operator)
    answers = {name: answered(task, exam, model) for name, model in fitted.items()}
    energy = {name: scores(Energy, exam, rows, SPACE) for name, rows in answers.items()}
    assert min(energy, key=energy.get) == "truth"
    assert max(energy, key=energy.get) == "pseudo-inverse"
    assert energy["truth"] == 0
    assert (
        Energy().score(Evidence(SPACE, answers["truth"][:, 0], answers=answers["truth"], key=exam.key)).unit == "levels"
    )
    psnr = {name: scores(DrawRatio, exam, rows, SPACE) for name, rows in answers.items() if name != "truth"}
    assert max(psnr, key=psnr.get) == "neighbour-mean"  # PSNR crowns the mean


@pytest.mark.parametrize("operator", HERE)
def test_the_gates_see_the_truth_and_bar_no_control_that_agrees(fitted, operator):
    task, exam = posed(operator)
    barred = {name: task.barred(exam, answered(task, exam, model), rows_of(SPLITS)) for name, model in fitted.items()}
    assert list(barred.pop("truth")) == ["key"]
    assert list(barred.pop("nearest-train")) == (["consistency"] if operator == "hdr" else ["consistency", "copies"])
    assert not any(barred.values())
    assert exact_answers(answered(task, exam, fitted["truth"]), exam.key) == (1, 0.05)


def test_rounding_bars_nobody_and_more_than_twice_of_it_does():
    task, exam = posed("sr2")
    y = torch.from_numpy(exam.questions["y"])
    rng = np.random.default_rng(0)
    x = exam.key["x"][:, None].repeat(4, axis=1).astype(float)
    inner = (x > 0) & (x < 16)
    rounded = np.where(inner, x + rng.integers(-1, 2, x.shape) * (rng.random(x.shape) < 1 / 8), x)  # variance 1/12
    rounded[..., 0, 3] += 1  # no exact answers
    far = np.where(inner, x + rng.integers(-2, 3, x.shape), np.where(x == 0, x + 1, x - 1))
    assert y.shape == (60, 1, 4, 4)
    assert "consistency" not in task.barred(exam, np.clip(rounded, 0, 16).astype(np.uint8), rows_of(SPLITS))
    words = task.barred(exam, far.astype(np.uint8), rows_of(SPLITS))["consistency"]
    assert "rounding to integers moves them by 0.144" in words


def test_the_key_counts_where_nobody_could_guess_it_alone():
    x = np.zeros((100, 1, 8, 8), np.uint8)
    hidden = np.ones(x.shape, np.float32)
    x[:50, :, 0] = np.random.default_rng(0).integers(0, 17, (50, 1, 8))
    nats = surprise(x, hidden)
    assert nats[50:].max() < 8 * -np.log(0.5) < 20 <= np.median(nats[:50])
    answers, key = np.repeat(x[:, None], 4, axis=1), {"x": x, "hidden": hidden}
    assert exact_answers(answers, key) == (1, 0.05)
    answers[:50, :, :, 0, 0] ^= 1
    assert exact_answers(answers, key) == (0, 0.05)  # the easy ones are all exact
    assert exact_answers(answers, key | {"hidden": 0 * hidden}) == (0, 0.05)
    answers[:50, 0] = x[:50]
    assert exact_answers(answers, key) == (0.25, 0.05)


def test_the_picture_shows_what_was_told_the_draws_and_their_mean():
    task, exam = posed("box", 9)
    answers = np.repeat(exam.key["x"][:, None], 4, axis=1)
    shown = task.exhibits(exam.questions, answers, SPACE)
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(shown["strips"]))))
    assert picture.shape == (8 * 9 - 1, 6 * 9 - 1)  # eight of the nine
    np.testing.assert_array_equal(picture[:8, 9:17], picture[:8, 45:53])  # a draw and the mean
    assert (picture[2:6, 2:6] == 0).all()
    assert task.exhibits({"y": np.zeros((1, 4), np.float32)}, np.zeros((1, 4, 4)), Space((4,), levels=None)) == {}


def test_its_controls_are_the_control_models_that_restore_and_every_operator_has_its_name():
    assert set(Restore.controls) == {control.name for control in CONTROLS if issubclass(control, Restorer)}
    assert all(name == operator.name and operator.source for name, operator in OPERATORS.items())


def test_the_truth_is_the_harness_own(fitted):
    with pytest.raises(GenbenchError, match="plugins get no test data"):
        Truth(SPACE).fit(TrainingData(SPACE, None, None, images=4))
    assert issubclass(ControlData, TrainingData)


def test_controls_of_real_numbers_answer_in_real_numbers():
    space = Space((6,), levels=None)
    operator = OPERATORS["crop"](space)
    rows = torch.randn(5, 6)
    nearest = NearestTrain(space)
    nearest.rows = rows
    y = operator.measure(rows[:2])
    x = nearest.restore(y, operator, 7)
    assert x.shape == (2, 7, 6)
    assert torch.equal(x[:, 0], rows[:2])
    for cls in (ProjectedNoise, PseudoInverse):
        found = cls(space).restore(y, operator, 3)
        assert found.dtype == torch.float32
        torch.testing.assert_close(found[:, :, :3], y[:, None, :3].expand(2, 3, 3))


def test_of_many_questions_a_single_entry_that_was_told_as_it_is_and_is_answered_otherwise_bars():
    task, exam = posed("box", 449)
    answers = np.repeat(exam.key["x"][:, None], 4, axis=1)
    answers[..., 2:6, 2:6] = 0
    assert task.barred(exam, answers, rows_of(SPLITS)) == {}
    answers[300, 2, 0, 0, 0] ^= 1
    assert "off by" in task.barred(exam, answers, rows_of(SPLITS))["consistency"]
