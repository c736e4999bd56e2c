"""The task classify: what is asked, what is refused, and who is caught with a table of the test set."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image
from restoring import unasked

from genbench.builtin.controls import CONTROLS
from genbench.builtin.controls.classes import ClassFrequencies, LogisticRegression, NearestRow, TestTable, TrueClass
from genbench.builtin.controls.data import ControlData
from genbench.builtin.datasets.digits import Digits
from genbench.builtin.metrics.accuracy import Accuracy
from genbench.builtin.metrics.brier import Brier
from genbench.builtin.metrics.class_answers import HELD, TEST, VALID
from genbench.builtin.tasks.classify import Classify, p_of_lower
from genbench.contracts.answers import Classifier
from genbench.contracts.dataset import Examples, Splits
from genbench.contracts.evidence import Evidence
from genbench.contracts.task import Exam
from genbench.contracts.training import Split
from genbench.errors import GenbenchError, InvalidEvidence, Unsuitable
from genbench.records.space import Space
from genbench.store.datasets import laid_down

SPACE = Space((1, 1, 2), levels=256, classes=3)
TASK = Classify()
QUESTIONS = {"x": np.zeros((2, 3, 1, 1, 2), np.uint8)}
EVEN = np.full((2, 3, 3), -np.log(3), np.float32)


@pytest.fixture(scope="module")
def splits() -> Splits:
    return Digits().splits()


@pytest.fixture(scope="module")
def exam(splits) -> Exam:
    return TASK.pose(splits, 200, np.random.default_rng(0))


def rows_of(examples: Examples) -> dict[bytes, int]:
    return {row.tobytes(): int(y) for row, y in zip(examples.x, examples.y, strict=True)}


def test_a_question_is_a_row_of_test_of_held_and_of_valid_in_an_order_of_its_own(exam, splits):
    assert exam.questions["x"].shape == (200, 3, 1, 8, 8)
    assert set(exam.questions) == {"x"}  # nothing that is shown tells which is which
    for split, examples in ((TEST, splits.test), (HELD, splits.held), (VALID, splits.valid)):
        known, chosen = rows_of(examples), exam.key["split"] == split
        assert chosen.sum(1).tolist() == [1] * 200
        found = [
            (row.tobytes(), y) for row, y in zip(exam.questions["x"][chosen], exam.key["label"][chosen], strict=True)
        ]
        assert all(known[row] == y for row, y in found)
        assert len({row for row, _ in found}) == 200
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        assert (exam.key["split"] == order).all(1).mean() == pytest.approx(1 / 6, abs=0.1)


def test_the_exam_follows_from_the_generator_alone(splits):
    for corruption in ("none", "noise", "blur", "shift"):
        task = Classify(corruption=corruption)
        posed = [task.pose(splits, 20, np.random.default_rng(seed)).sha256 for seed in (0, 0, 1)]
        assert posed[0] == posed[1] != posed[2]


def test_valid_rows_are_never_corrupted_and_the_others_are(splits):
    exam = Classify(corruption="noise", strength=0.3).pose(splits, 50, np.random.default_rng(0))
    for split, examples in enumerate((splits.test, splits.held, splits.valid)):
        known = rows_of(examples)
        clean = [row.tobytes() in known for row in exam.questions["x"][exam.key["split"] == split]]
        assert all(clean) if split == VALID else not any(clean)


def small(classes: int | None = 2, test: int = 4, held: int = 4, valid: int = 1) -> Splits:
    def examples(n):
        y = None if classes is None else np.arange(n) % classes
        return Examples(np.arange(2 * n, dtype=np.uint8).reshape(n, 1, 1, 2), y)

    return Splits(Space((1, 1, 2), classes=classes), *map(examples, (3, valid, test, held)))


@pytest.mark.parametrize(
    ("splits", "words"),
    [
        (small(None), "needs classes to tell apart"),
        (small(test=3), "of one there are 3, not 4"),
        (small(held=2), "of one there are 2, not 4"),
    ],
)
def test_data_that_cannot_be_asked_about_are_refused(splits, words):
    with pytest.raises(Unsuitable, match=words):
        TASK.pose(splits, 4, np.random.default_rng(0))


def test_valid_rows_come_again_where_they_are_fewer():
    exam = TASK.pose(small(valid=1), 4, np.random.default_rng(0))
    assert exam.questions["x"][exam.key["split"] == VALID].reshape(4, 2).tolist() == [[0, 1]] * 4


def test_a_setting_that_is_none_is_refused():
    from genbench.catalogue.part_classes import task_listing
    from genbench.contracts.settings import resolved

    settings = list(task_listing(Classify).settings)
    with pytest.raises(GenbenchError, match="corruption"):
        resolved("classify", settings, {"corruption": "rain"})


class Says(Classifier):
    """Answers what it is told to, and remembers what it was asked."""

    def __init__(self, weights):
        self.weights = weights

    def posterior(self, x):
        self.asked = x.dtype, tuple(x.shape)
        return self.weights


@pytest.mark.parametrize(("levels", "dtype"), [(256, torch.int64), (None, torch.float32)])
def test_a_model_is_asked_in_the_numbers_that_models_work_with_and_its_weights_are_normalised(levels, dtype):
    space = Space((1, 1, 2), levels=levels, classes=3)
    x = torch.zeros(2, 3, 1, 1, 2, dtype=getattr(torch, space.storage))
    model = Says(torch.tensor([[0.0, 1.0, -torch.inf]]).repeat(6, 1) - 20_000.5)
    answers = TASK.checked(TASK.ask(model, {"x": x}, space).numpy(), {"x": x.numpy()}, space)
    assert model.asked == (dtype, (6, 1, 1, 2))
    assert answers.shape == (2, 3, 3)
    # float32 weights about -20,000 tell nats to 1/512.
    np.testing.assert_allclose(np.exp(answers[0, 0]), [1 / (1 + np.e), np.e / (1 + np.e), 0], atol=1e-3)


@pytest.mark.parametrize("weights", [torch.zeros(6, 2), torch.zeros(5, 3), torch.zeros(6, 3).long(), None])
def test_weights_of_another_form_are_refused(weights):
    with pytest.raises(InvalidEvidence, match=r"posterior\(\) returned .*, expected floating-point \(6, 3\)"):
        TASK.ask(Says(weights), {"x": torch.zeros(2, 3, 1, 1, 2, dtype=torch.uint8)}, SPACE)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (EVEN[:1], "expected float32"),
        (EVEN[..., :2], "expected float32"),
        (EVEN.astype(np.float64), "expected float32"),
        (np.where([True, False, False], np.float32(np.nan), EVEN), "NaN"),
        (np.where([True, False, False], np.float32(np.inf), EVEN), r"\+infinite"),
        (EVEN + np.float32(1e-3), "sum to 1 but for 0.001 nats"),
        (np.full_like(EVEN, -np.inf), "sum to 1 but for inf nats"),
    ],
)
def test_what_is_no_law_over_the_classes_is_refused(answers, words):
    with pytest.raises(InvalidEvidence, match=words):
        TASK.checked(answers, QUESTIONS, SPACE)


def test_a_class_may_be_ruled_out():
    answers = np.broadcast_to(np.array([0, -np.inf, -np.inf], np.float32), (2, 3, 3))
    assert TASK.checked(answers, QUESTIONS, SPACE) is answers


def answered(control, exam: Exam, splits: Splits) -> np.ndarray:
    """What a control of the harness answers."""
    torch.manual_seed(0)
    model = control(splits.space)
    model.fit(ControlData(splits.space, Split(splits.train), Split(splits.valid), images=1, home=laid_down(splits)))
    asked = {name: torch.from_numpy(x) for name, x in exam.questions.items()}
    return TASK.checked(TASK.ask(model, asked, splits.space).numpy(), exam.questions, splits.space)


@pytest.mark.parametrize("corruption", ["none", "noise", "blur"])
def test_a_table_of_the_test_set_is_barred_and_others_are_not(corruption, splits):
    exam = Classify(corruption=corruption).pose(splits, 200, np.random.default_rng(1))
    for control in (TestTable, TrueClass, NearestRow, LogisticRegression, ClassFrequencies):
        found = TASK.barred(exam, answered(control, exam, splits), unasked)
        assert list(found) == (["table"] if control is TestTable else []), control.name
    assert (
        "better than those of rows that no plugin has seen"
        in TASK.barred(exam, answered(TestTable, exam, splits), unasked)["table"]
    )


@pytest.mark.parametrize("corruption", ["none", "noise", "blur", "shift"])
def test_the_controls_stand_in_their_order(corruption, splits):
    exam = Classify(corruption=corruption).pose(splits, 200, np.random.default_rng(1))
    found = {Accuracy: {}, Brier: {}}
    for control in (TrueClass, NearestRow, LogisticRegression, ClassFrequencies):
        answers = answered(control, exam, splits)
        evidence = Evidence(splits.space, answers[:, 0], questions=exam.questions, answers=answers, key=exam.key)
        for metric, values in found.items():
            values[control] = metric().score(evidence).value
    accuracy, brier = found.values()
    assert accuracy[TrueClass] > max(0.99, accuracy[NearestRow], accuracy[LogisticRegression])
    assert min(accuracy, key=accuracy.get) is ClassFrequencies
    assert brier[TrueClass] < min(0.02, brier[NearestRow], brier[LogisticRegression])
    assert brier[ClassFrequencies] == pytest.approx(0.9, abs=0.02)


def test_a_table_that_does_not_recognise_its_rows_is_not_barred_and_wins_nothing(splits):
    exam = Classify(corruption="shift").pose(splits, 200, np.random.default_rng(1))
    answers = answered(TestTable, exam, splits)
    assert TASK.barred(exam, answers, unasked) == {}
    evidence = Evidence(splits.space, answers[:, 0], questions=exam.questions, answers=answers, key=exam.key)
    found = Accuracy().score(evidence)
    assert found.value < found.details["held"] + 0.1


def told(exam: Exam, splits: Splits, known: float, unknown: float, seed: int) -> np.ndarray:
    """Sure answers that are right for a share of test rows and for one of all others."""
    rng, label = np.random.default_rng(seed), exam.key["label"]
    right = rng.random(label.shape) < np.where(exam.key["split"] == TEST, known, unknown)
    called = np.where(right, label, (label + 1) % splits.space.classes)
    p = np.where(np.eye(10)[called] > 0, 0.99, 0.01 / 9)
    return np.log(p).astype(np.float32)


def test_a_table_whose_confidence_tells_nothing_is_barred_where_its_guesses_are_wrong_often_enough(exam, splits):
    """Of 200 rows held a twelfth wrong and none of test: by chance in one of 2^16 orders."""
    assert list(TASK.barred(exam, told(exam, splits, 1.0, 0.92, seed=0), unasked)) == ["table"]


def test_honest_candidates_are_barred_once_in_a_thousand_or_less(exam, splits):
    assert [TASK.barred(exam, told(exam, splits, 0.95, 0.95, seed), unasked) for seed in range(6)] == [{}] * 6


def test_p_is_the_share_of_orders_in_which_the_first_are_as_low():
    """Of three and three rows one order of twenty has all low ones first."""
    low, high = np.array([1.0, 2, 3]), np.array([4.0, 5, 6])
    assert p_of_lower(low, high) == pytest.approx(1 / 20, abs=0.01)
    assert p_of_lower(high, low) == 1
    assert p_of_lower(low, low) > 0.3


def test_every_gate_that_bars_is_declared(exam, splits):
    assert set(TASK.barred(exam, told(exam, splits, 1.0, 0.5, seed=0), unasked)) == set(TASK.gates)


def test_the_picture_has_a_row_for_each_class_of_what_was_called_so():
    space = Space((1, 2, 2), levels=2, classes=2)
    x = np.array([0, 1, 1, 0, 1, 1], np.uint8).reshape(2, 3, 1, 1, 1).repeat(2, 3).repeat(2, 4)
    answers = np.log(np.where(x[:, :, 0, 0, 0, None] == [0, 1], 0.9, 0.1)).astype(np.float32)
    shown = TASK.exhibits({"x": x}, answers, space)
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(shown["called"]))))
    assert picture.shape == (2 * 3 - 1, 8 * 3 - 1)
    assert (picture[0, ::3] // 255).tolist() == [0] * 8
    assert (picture[3, ::3] // 255).tolist() == [1] * 4 + [0] * 4
    assert TASK.exhibits({"x": x}, answers, Space((1, 2, 2), levels=None, classes=2)) == {}


def test_its_controls_are_the_control_models_that_classify_truth_first_and_floor_last():
    assert set(TASK.controls) == {control.name for control in CONTROLS if issubclass(control, Classifier)}
    assert (TASK.controls[0], TASK.controls[-1]) == ("true-class", "class-frequencies")
