"""The task translate: what is asked, what is refused, who wins nothing by staying, and who is caught looking up."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from restoring import unasked

from genbench.builtin.controls import CONTROLS
from genbench.builtin.controls.data import ControlData
from genbench.builtin.controls.translators import Identity, NearestTarget, PairTable, TruePair
from genbench.builtin.datasets.digits import Digits
from genbench.builtin.datasets.styles import DigitsStyles, bold
from genbench.builtin.extractors.random_net import RandomNet
from genbench.builtin.metrics.class_answers import HELD, TEST
from genbench.builtin.metrics.class_kept import ClassKept
from genbench.builtin.metrics.kid import KernelInceptionDistance
from genbench.builtin.metrics.multinomial import fitted
from genbench.builtin.metrics.pair_rmse import PairError
from genbench.builtin.metrics.target_kid import TargetKid
from genbench.builtin.metrics.target_share import TargetShare
from genbench.builtin.metrics.translations import translated
from genbench.builtin.tasks.translate import FEWEST, Translate, near_share
from genbench.contracts.dataset import Examples, Splits
from genbench.contracts.evidence import Evidence
from genbench.contracts.training import Split, TrainingData
from genbench.errors import GenbenchError, InvalidEvidence, Unsuitable
from genbench.records.space import Space
from genbench.scoring.features import Features
from genbench.store.datasets import laid_down

TASK = Translate()
ALL = (TruePair, PairTable, NearestTarget, Identity)


@pytest.fixture(scope="module")
def splits():
    return DigitsStyles("bold").splits()


@pytest.fixture(scope="module")
def exam(splits):
    return TASK.pose(splits, 400, np.random.default_rng(0))


@pytest.fixture(scope="module")
def answers(splits, exam):
    """Of each control."""
    return answered(splits, exam)


def answered(splits, exam):
    data = ControlData(splits.space, Split(splits.train), Split(splits.valid), images=1, home=laid_down(splits))
    questions, found = {name: torch.from_numpy(x) for name, x in exam.questions.items()}, {}
    for cls in ALL:
        model = cls(splits.space)
        model.fit(data)
        found[cls] = TASK.checked(TASK.ask(model, questions, splits.space).numpy(), exam.questions, splits.space)
    return found


@pytest.fixture(scope="module")
def score(splits, exam, answers):
    return score_of(splits, exam, answers)


def score_of(splits, exam, answers):
    features = Features(laid_down(splits), {"random-net": RandomNet}, "cpu")

    def value(metric, cls, detail=None):
        given = answers[cls]
        seen = features.of(given).comparison("random-net") if metric.uses_features else None
        evidence = Evidence(
            splits.space, given, questions=exam.questions, answers=given, key=exam.key, features=seen, task="translate"
        )
        found = metric().score(evidence)
        return found.details[detail] if detail else found.value

    return value


def test_half_of_the_questions_are_of_held_and_half_go_each_way(exam, splits):
    assert set(exam.questions) == {"x", "domain"}  # nothing that is shown tells what a row is
    counts = [
        ((exam.key["split"] == split) & (exam.questions["domain"] == domain)).sum()
        for split in (TEST, HELD)
        for domain in (0, 1)
    ]
    assert counts == [100] * 4
    x = exam.questions["x"]
    assert len({row.tobytes() for row in x}) == 400
    for split, rows in ((TEST, splits.test), (HELD, splits.held)):
        own = {row.tobytes(): int(y) for row, y in zip(rows.x, rows.y, strict=True)}
        chosen = exam.key["split"] == split
        assert all(
            own[row.tobytes()] == 1 - domain
            for row, domain in zip(x[chosen], exam.questions["domain"][chosen], strict=True)
        )


def test_the_pair_is_the_row_itself_in_the_other_domain(exam):
    to_bold = exam.questions["domain"] == 1
    assert np.array_equal(bold(exam.questions["x"][to_bold]), exam.key["pair"][to_bold])
    assert np.array_equal(bold(exam.key["pair"][~to_bold]), exam.questions["x"][~to_bold])


def test_no_row_that_is_asked_about_or_known_as_an_answer_was_trained_on(exam, splits):
    seen = {row.tobytes() for rows in (splits.train, splits.valid) for row in rows.x}
    assert not seen & {row.tobytes() for name in ("pair", "x") for row in {**exam.questions, **exam.key}[name]}


def test_the_exam_follows_from_the_generator_alone(splits):
    posed = [TASK.pose(splits, 37, np.random.default_rng(seed)).sha256 for seed in (0, 0, 1)]
    assert posed[0] == posed[1] != posed[2]


def test_the_order_tells_neither_split_nor_direction(exam):
    first = slice(0, 100)
    assert abs((exam.key["split"][first] == TEST).mean() - 0.5) < 0.2
    assert abs(exam.questions["domain"][first].mean() - 0.5) < 0.2


def test_data_of_which_no_pairs_are_known_are_refused(splits):
    with pytest.raises(Unsuitable, match="needs two domains, which are the two classes of the Space, got 1×8×8"):
        TASK.pose(Digits().splits(), 10, np.random.default_rng(0))
    bare = [Examples(rows.x, rows.y) for rows in (splits.train, splits.valid, splits.test, splits.held)]
    with pytest.raises(Unsuitable, match="the class and the pair of each row are known; train has none"):
        TASK.pose(Splits(splits.space, *bare), 10, np.random.default_rng(0))
    with pytest.raises(Unsuitable, match=r"of a domain there are 22\d, not 250"):
        TASK.pose(splits, 1000, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        (lambda x: x[:-1], "expected int64"),
        (lambda x: x[:, 0], "expected int64"),
        (lambda x: x.astype(np.float32), "expected int64"),
        (lambda x: x.astype(np.int64) + 1, "17"),
    ],
)
def test_other_answers_are_refused_and_never_clipped(spoilt, words, exam, splits, answers):
    x = answers[Identity].copy()
    x[0, 0, 0, 0] = 16
    with pytest.raises(InvalidEvidence, match=words):
        TASK.checked(spoilt(x), exam.questions, splits.space)


def test_the_controls_stand_in_order_on_both_sides(score):
    """The truth first, the floor last on realism; who stays keeps the class as well as the truth does."""
    kept = {cls: score(ClassKept, cls) for cls in ALL}
    kid = {cls: score(TargetKid, cls) for cls in ALL}
    assert kept[TruePair] == pytest.approx(kept[Identity], abs=0.02)
    assert kept[TruePair] > 0.9
    assert kept[NearestTarget] < kept[TruePair] - 0.05
    assert kid[TruePair] < 0.001 < kid[NearestTarget] < kid[Identity] / 3
    assert [score(TargetShare, cls) > 0.9 for cls in ALL] == [True, True, True, False]
    assert [score(PairError, cls, "exact") for cls in ALL] == [1, 0.5, 0, 0]
    assert score(PairError, TruePair) == 0 < score(PairError, NearestTarget) < score(PairError, Identity)
    assert score(PairError, Identity, "share") == 1


@pytest.mark.parametrize("style", ["slanted", "outlined"])
def test_the_other_styles_have_their_controls_in_order_and_their_gates_see_their_cheats(style):
    splits = DigitsStyles(style).splits()
    exam = TASK.pose(splits, 400, np.random.default_rng(0))
    answers = answered(splits, exam)
    score = score_of(splits, exam, answers)
    assert score(ClassKept, NearestTarget) < score(ClassKept, TruePair) - 0.05
    assert score(TargetKid, TruePair) < score(TargetKid, NearestTarget) < score(TargetKid, Identity) / 3
    found = {cls: set(TASK.barred(exam, given, unasked)) for cls, given in answers.items()}
    assert found == {TruePair: set(), PairTable: {"table"}, NearestTarget: {"copies"}, Identity: {"domain"}}


def test_a_distance_to_both_domains_together_would_crown_who_stays(score):
    """A trap: the questions come from both domains, as test rows do."""
    assert score(KernelInceptionDistance, Identity) < 0.001
    assert score(TargetKid, Identity) > 0.02


def test_each_gate_sees_its_cheat_and_nobody_else(exam, answers):
    found = {cls: set(TASK.barred(exam, given, unasked)) for cls, given in answers.items()}
    assert found == {TruePair: set(), PairTable: {"table"}, NearestTarget: {"copies"}, Identity: {"domain"}}


def test_other_rows_of_the_domain_where_they_were_are_no_translation_however_far_they_moved(exam):
    x, domain = exam.questions["x"], exam.questions["domain"]
    given = np.empty_like(x)
    for own in (0, 1):
        given[domain == own] = np.roll(x[domain == own], 1, axis=0)
    assert "are taken for the domain that was asked for" in TASK.barred(exam, given, unasked)["domain"]


def test_a_nudge_across_the_line_between_the_domains_is_no_translation(exam):
    """Three levels where the weights are large are enough for a classifier, and nothing has changed."""
    law = fitted(exam.key["known"].reshape(-1, 64).astype(float), exam.key["known_domain"], 2)
    weight = (law.weight[:, 1] - law.weight[:, 0]).reshape(1, 8, 8)
    way = (6 * weight / np.abs(weight).max()).round().clip(-3, 3)
    there = np.where(exam.questions["domain"] == 1, 1, -1)[:, None, None, None]
    nudged = (exam.questions["x"] + there * way).clip(0, 16).astype(np.uint8)
    called = translated(exam.questions, exam.key, nudged).domains_of(nudged)[0]
    assert (called == exam.questions["domain"]).mean() > 0.5
    assert "differ from the questions by" in TASK.barred(exam, nudged, unasked)["domain"]


def test_a_table_of_a_tenth_of_the_test_set_with_a_pixel_changed_is_seen(exam, answers):
    """Exact answers are no sign of it, and inexact ones no way out."""
    mixed = answers[Identity].copy()
    known = np.flatnonzero(exam.key["split"] == TEST)[:40]
    mixed[known] = answers[TruePair][known]
    mixed[known, 0, 0, 0] = 3
    assert "table" in TASK.barred(exam, mixed, unasked)
    assert "nearer to the pairs of test rows" in TASK.barred(exam, mixed, unasked)["table"]


def test_who_has_learnt_the_change_itself_is_not_barred(exam):
    """Half of the way exact, on test and held alike: no sign of a table."""
    given = exam.key["pair"].copy()
    spoilt = np.arange(len(given)) % 2 == 0
    given[spoilt] = np.roll(given[spoilt], 1, axis=3)
    assert TASK.barred(exam, given, unasked) == {}


def test_fresh_rows_are_hardly_ever_near_training_rows_and_copies_always_are(exam, answers):
    found = {cls: near_share(translated(exam.questions, exam.key, answers[cls])) for cls in ALL}
    assert found[TruePair] == 0.01
    assert found[NearestTarget] == 1


def test_few_questions_bar_nobody_for_copies(splits):
    """Of 20 pairs in each direction one is the nearest: of other fresh rows some are as near, and few of 40."""
    for seed in range(20):
        posed = [TASK.pose(splits, 40, np.random.default_rng(seed + i)) for i in (0, 100)]
        asked, other = (exam.key["pair"][np.argsort(exam.questions["domain"], kind="stable")] for exam in posed)
        first = translated(posed[0].questions, posed[0].key, asked)
        domain = np.sort(posed[0].questions["domain"])
        assert near_share(replace(first, answers=other, pair=asked, domain=domain)) * 40 <= FEWEST


def test_no_plugin_can_be_fitted_as_the_truth(splits):
    data = TrainingData(splits.space, Split(splits.train), Split(splits.valid), images=1)
    for cls in (TruePair, PairTable):
        with pytest.raises(GenbenchError, match="fitted by the harness alone"):
            cls(splits.space).fit(data)


def test_the_controls_are_among_all_and_kept_from_spaces_without_domains():
    names = {control.name for control in CONTROLS}
    assert {*TASK.controls} <= names
    with pytest.raises(Unsuitable, match="needs domains"):
        TruePair(Space((1, 2, 2)))


def test_the_picture_has_questions_of_each_direction_above_their_answers(exam, splits, answers):
    (picture,) = TASK.exhibits(exam.questions, answers[TruePair], splits.space).values()
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture)))).astype(float) * 16 / 255
    tiles = np.pad(pixels, ((0, 1), (0, 1))).reshape(4, 9, 10, 9).transpose(0, 2, 1, 3)[:, :, :8, :8].round()
    assert np.array_equal(bold(tiles[0][:, None].astype(np.uint8))[:, 0], tiles[1])
    assert np.array_equal(bold(tiles[3][:, None].astype(np.uint8))[:, 0], tiles[2])
    assert TASK.exhibits({"x": np.zeros((2, 5)), "domain": np.zeros(2)}, np.zeros((2, 5)), Space((5,))) == {}
