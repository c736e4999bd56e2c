"""The task caption: what is asked, how answers are marked, its controls in their order, tables of training images."""

import base64
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from genbench.builtin.controls import CONTROLS, ControlData
from genbench.builtin.controls.captions import (
    CaptionCopycat,
    DeafNoise,
    OnePerCaption,
    RealCaptioned,
    ShuffledCaptions,
)
from genbench.builtin.datasets import strokes
from genbench.builtin.datasets.digits import Digits
from genbench.builtin.datasets.digits_captions import HELD_OUT, DigitsCaptions
from genbench.builtin.extractors.digits_net import DigitsNet
from genbench.builtin.metrics.alignment import Alignment, HeldOutAlignment
from genbench.builtin.metrics.clipped import ClippedCoverage
from genbench.builtin.solvers.guidance import Guidance
from genbench.builtin.tasks.caption import Caption, shown
from genbench.contracts.captioned import Captioned, Guided
from genbench.contracts.dataset import Examples, Splits
from genbench.contracts.evidence import Evidence
from genbench.contracts.task import Exam
from genbench.contracts.training import Split, TrainingData
from genbench.errors import GenbenchError, InvalidEvidence, Unavailable, Unsuitable
from genbench.files.texts import packed, unpacked
from genbench.records.space import Space
from genbench.scoring.features import Features
from genbench.scoring.novelty.gate import CopyGate
from genbench.store.datasets import laid_down

TASK, SPLITS = Caption(), DigitsCaptions().splits()
EXAM = TASK.pose(SPLITS, 449, np.random.default_rng(0))
TEXTS = unpacked(EXAM.questions["caption"])


def test_questions_are_the_captions_of_all_test_rows_and_the_key_is_what_they_name():
    assert sorted(TEXTS) == sorted(SPLITS.test.captions.tolist())
    assert SPLITS.test.captions.tolist() != TEXTS
    assert list(EXAM.questions) == ["caption"]
    assert EXAM.key["attributes"].tolist() == strokes.told(TEXTS).tolist()
    known = {*SPLITS.train.captions.tolist(), *SPLITS.valid.captions.tolist()}
    assert EXAM.key["seen"].tolist() == [text in known for text in TEXTS]
    assert {text for text in TEXTS if text not in known} >= {*HELD_OUT}
    assert 0.75 < EXAM.key["seen"].mean() < 0.85


def test_the_exam_follows_from_the_generator_alone_and_rows_come_again_only_after_all():
    posed = [TASK.pose(SPLITS, 600, np.random.default_rng(seed)) for seed in (0, 0, 1)]
    assert posed[0].sha256 == posed[1].sha256 != posed[2].sha256
    assert sorted(unpacked(posed[0].questions["caption"])[:449]) == sorted(TEXTS)


def test_data_that_cannot_be_asked_about_are_declined():
    with pytest.raises(Unsuitable, match="needs data with captions"):
        TASK.pose(Digits().splits(), 10, np.random.default_rng(0))
    x = Examples(np.zeros((3, 2), np.uint8), captions=np.array(["a thin one upright"] * 3))
    with pytest.raises(Unsuitable, match="measures images of 1×8×8"):
        TASK.pose(Splits(Space((2,)), x, x, x, x), 3, np.random.default_rng(0))
    other = replace(SPLITS.test, captions=np.array(["a bird"] * 449))
    with pytest.raises(Unsuitable, match=r"cannot measure what is said: expected captions such as .* got 'a bird'"):
        TASK.pose(replace_test(other), 3, np.random.default_rng(0))


def replace_test(test: Examples) -> Splits:
    return Splits(SPLITS.space, SPLITS.train, SPLITS.valid, test, SPLITS.held)


class Recorder(Guided):
    """Remembers what it was asked."""

    def illustrate(self, captions, *, guidance=1.0):
        self.asked = captions, guidance
        return torch.zeros(len(captions), 1, 8, 8, dtype=torch.int64)


def test_a_model_reads_texts_and_a_solver_says_how_much_they_weigh():
    model, asked = Recorder(), {"caption": torch.from_numpy(packed(["a", "longer", "日本"]))}
    assert TASK.ask(model, asked, SPLITS.space).shape == (3, 1, 8, 8)
    assert model.asked == (["a", "longer", "日本"], 1.0)
    lifted = Guidance(scale=3.0).lift(model, SPLITS.space)
    assert not isinstance(lifted, Guided)
    assert isinstance(lifted, Captioned)
    TASK.ask(lifted, asked, SPLITS.space)
    assert model.asked[1] == 3


@pytest.mark.parametrize(
    "answers",
    [
        np.zeros((449, 8, 8), np.int64),
        np.zeros((448, 1, 8, 8), np.int64),
        np.full((449, 1, 8, 8), 17),
        np.zeros((449, 1, 8, 8), np.float32),
    ],
    ids=lambda x: f"{x.dtype}{x.shape}",
)
def test_what_is_no_image_for_each_caption_is_refused(answers):
    with pytest.raises(InvalidEvidence, match="the answers hold"):
        TASK.checked(answers, EXAM.questions, SPLITS.space)


def marked(answers: np.ndarray, metric=Alignment, exam: Exam = EXAM):
    told = {"answers": answers, "key": exam.key, "questions": exam.questions, "measure": TASK.measure(SPLITS.space)}
    return metric().score(Evidence(SPLITS.space, answers, **told))


@pytest.fixture(scope="module")
def home() -> Path:
    return laid_down(SPLITS)


@pytest.fixture(scope="module")
def answers(home) -> dict[str, np.ndarray]:
    """What each control answers, in batches as a run asks."""
    found = {}
    for cls in (RealCaptioned, OnePerCaption, CaptionCopycat, ShuffledCaptions, DeafNoise):
        torch.manual_seed(0)
        model = cls(SPLITS.space)
        model.fit(ControlData(SPLITS.space, Split(SPLITS.train), Split(SPLITS.valid), images=1, home=home))
        asked = torch.from_numpy(EXAM.questions["caption"])
        parts = [TASK.ask(model, {"caption": rows}, SPLITS.space).numpy() for rows in asked.split(100)]
        found[cls.name] = TASK.checked(np.concatenate(parts), EXAM.questions, SPLITS.space)
    return found


def coverage(answers: np.ndarray) -> float:
    from genbench.geometry.comparison import Comparison

    own = DigitsNet(SPLITS.space, torch.device("cpu"))
    real, generated = (own.features(torch.from_numpy(x)).numpy() for x in (SPLITS.test.x, answers))
    return ClippedCoverage().score(Evidence(SPLITS.space, answers, features=Comparison(real, generated))).value


def test_the_test_rows_themselves_show_what_they_say_but_for_what_the_network_mistakes():
    order = np.argsort(TEXTS, kind="stable")
    rows = np.argsort(SPLITS.test.captions, kind="stable")
    truth = np.empty_like(SPLITS.test.x)
    truth[order] = SPLITS.test.x[rows]
    found = marked(truth)
    assert found.details["ink"] == found.details["slant"] == 1
    assert found.value == found.details["class"] > 0.98
    assert found.low < found.value < found.high <= 1


def test_controls_stand_in_their_order_on_both_sides(answers):
    alignment = {name: marked(rows).value for name, rows in answers.items()}
    covered = {name: coverage(rows) for name, rows in answers.items()}
    assert max(alignment, key=alignment.get) in ("real-captioned", "one-per-caption")
    assert alignment["real-captioned"] > 0.96
    assert alignment["one-per-caption"] > 0.96
    assert covered["real-captioned"] > 0.8 > 0.5 > covered["one-per-caption"]
    assert covered["shuffled-captions"] > 0.9
    assert min(alignment, key=alignment.get) == min(covered, key=covered.get) == "deaf-noise"


def test_shuffled_captions_are_right_by_chance(answers):
    """A held row has the caption of a test row as often as two independent draws of these laws agree."""
    named, counts = np.unique(SPLITS.held.captions, return_counts=True)
    share = dict(zip(named.tolist(), counts / 449, strict=True))
    chance = np.mean([share.get(text, 0) for text in TEXTS])
    assert 0.01 < chance < 0.05
    assert marked(answers["shuffled-captions"]).value == pytest.approx(chance, abs=3 * np.sqrt(chance / 449))


def test_a_table_of_training_images_has_nothing_to_show_for_new_captions_and_is_flagged(answers, home):
    table = answers["caption-copycat"]
    assert marked(table).details["seen"] > 0.95
    found = marked(table, HeldOutAlignment)
    assert found.value < 0.05
    assert found.details["class"] > 0.95  # the digit is right, and ink or slant is not
    gate = CopyGate(Features(home, {"digits-net": DigitsNet}, "cpu"), "digits-net")
    verdict = gate.verdict(gate._features.of(table))
    assert "train" in {test.against for test in verdict.tests if test.flagged}


def test_one_image_for_each_caption_is_seen_by_the_gate_of_a_plugin_too(answers, home):
    gate = CopyGate(Features(home, {"digits-net": DigitsNet}, "cpu"), "digits-net")
    assert gate.verdict(gate._features.of(answers["one-per-caption"])).suspicious


def test_new_captions_alone_are_marked_apart():
    x = SPLITS.test.x[:2]
    key = {"attributes": shown(x).astype(np.int64), "seen": np.array([True, False])}
    key["attributes"][0, 1] ^= 1  # the ink of the first
    exam = Exam({"caption": packed(["a", "b"])}, key)
    assert marked(x, Alignment, exam).value == 0.5
    assert marked(x, Alignment, exam).details == {"class": 1, "ink": 0.5, "slant": 1, "seen": 0}
    assert marked(x, HeldOutAlignment, exam).value == 1
    key["seen"][:] = True
    with pytest.raises(Unavailable, match="every caption that was asked for is one of the training data"):
        marked(x, HeldOutAlignment, exam)
    for metric in (Alignment, HeldOutAlignment):
        with pytest.raises(Unavailable, match="needs samples that follow captions"):
            metric().score(Evidence(SPLITS.space, x))


def test_the_picture_has_a_row_for_each_of_the_captions_that_are_told_beside_it():
    exhibits = TASK.exhibits(EXAM.questions, SPLITS.test.x, SPLITS.space)
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(exhibits["illustrations"]))))
    assert picture.shape == (8 * 9 - 1, 8 * 9 - 1)
    assert len(exhibits["captions"]) == 8
    text = exhibits["captions"][0].removeprefix("row 1: ")
    first = SPLITS.test.x[TEXTS.index(text)][0]
    np.testing.assert_array_equal(picture[:8, :8], (first * (255 / 16)).round())


def test_its_controls_are_the_control_models_that_follow_captions():
    assert set(Caption.controls) == {control.name for control in CONTROLS if issubclass(control, Captioned)}


@pytest.mark.parametrize("cls", [RealCaptioned, OnePerCaption, ShuffledCaptions])
def test_what_no_plugin_sees_is_the_harness_own(cls):
    with pytest.raises(GenbenchError, match="plugins get no test data"):
        cls(SPLITS.space).fit(TrainingData(SPLITS.space, Split(SPLITS.train), Split(SPLITS.valid), images=4))
