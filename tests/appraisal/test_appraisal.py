"""`genbench.score`: what is compared with what, which scores come of it, and what they say of themselves."""

import json
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

import genbench
from genbench.appraisal import Appraisal
from genbench.builtin.datasets.digits import Digits
from genbench.builtin.extractors.digits_net import DigitsNet
from genbench.builtin.metrics import METRICS
from genbench.contracts import dataset
from genbench.contracts.evidence import Evidence
from genbench.errors import GenbenchError
from genbench.records.gates import WORDS, GateStatus
from genbench.scoring.features import Features
from genbench.scoring.samples import rows_sha256
from genbench.scoring.scores import scored
from genbench.store import datasets

RNG = np.random.default_rng(0)
REAL = RNG.normal(size=(200, 4)).astype(np.float32)
SHIFTED = (RNG.normal(size=(200, 4)) * [1, 2, 0.5, 1] + [0.3, -0.6, 0, 1]).astype(np.float32)
TRAINED = RNG.normal(size=(200, 4)).astype(np.float32)
GREY = RNG.integers(0, 256, (3, 60, 1, 3, 2), dtype=np.uint8)  # three sets of 60 images of 3×2 pixels


@pytest.fixture(scope="module")
def splits() -> dataset.Splits:
    return Digits().splits()


@pytest.fixture(scope="module")
def held_out(splits: dataset.Splits) -> Appraisal:
    """The split held of the digits, scored as if a model had drawn it."""
    return genbench.score(splits.held.x, dataset="digits", name="fresh")


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.rows: dict[str, int] = {}
        self.hashed: dict[str, int] = {}

    def started(self, what: str) -> None:
        self.lines.append(what)

    def read(self, what: str, done: int, total: int) -> None:
        assert 0 <= done <= total
        self.hashed[what] = done

    def extracted(self, what: str, done: int, total: int) -> None:
        assert 0 <= done <= total
        self.rows[what] = done


def test_scores_against_a_dataset_are_those_of_a_run(held_out, splits, tmp_path_factory):
    home = tmp_path_factory.mktemp("digits")
    datasets.write(splits, home)
    features = Features(home, {"digits-net": DigitsNet}, "cpu")
    candidate = features.of(splits.held.x)
    names = {f"{name}@digits-net": name for name in ("fd", "kid", "recall", "copy-rate", "class-tv")}
    metrics = {metric.name: metric for metric in METRICS}
    run = scored(names, metrics, Evidence(splits.space, splits.held.x), candidate.compared)
    assert run.missing == {}
    for full, name in names.items():
        assert replace(held_out.scores[name], reference=run.scores[full].reference) == run.scores[full]


def test_the_default_extractor_of_the_digits_is_their_own(held_out):
    assert held_out.identity.extractor.startswith("digits-net/")
    assert held_out.scores["fd"].title == "FD"  # only inception-v3-compat makes it a FID


def test_the_identity_names_every_set_its_size_and_the_sha256_of_its_rows(held_out, splits):
    facts = held_out.identity
    assert (held_out.name, facts.samples, facts.n) == ("fresh", "an array", 449)
    assert (facts.reference, facts.reference_n) == ("digits/test", 449)
    assert (facts.train, facts.train_n) == ("digits/train", 599)
    assert facts.samples_sha256 == rows_sha256(splits.held.x)
    assert facts.reference_sha256 == rows_sha256(splits.test.x)
    assert facts.train_sha256 == rows_sha256(splits.train.x)


def test_what_is_no_copy_is_clear_and_copies_of_any_split_are_flagged(splits):
    train = splits.train.x.reshape(599, -1)
    drawn = np.random.default_rng(0).multivariate_normal(train.mean(0), np.cov(train.T), 449)
    gaussian = drawn.round().clip(0, 16).astype(np.uint8).reshape(-1, 1, 8, 8)
    assert genbench.score(gaussian, dataset="digits", scores="memorisation").memorisation.status is GateStatus.CLEAR
    for split, word in WORDS.items():
        copied = getattr(splits, split).x
        verdict = genbench.score(copied, dataset="digits", scores="memorisation").memorisation
        assert verdict.status is GateStatus.FLAGGED
        assert {test.where for test in verdict.tests if test.flagged} == {f"against {word} data"}


def test_scores_that_no_sample_gives_are_not_spoken_of_unless_asked_for(held_out):
    assert not {"throughput", "parameters", "bits-per-dim"} & {*held_out.scores, *held_out.missing}


def test_what_is_dear_or_seldom_read_is_given_where_it_is_asked_for(held_out, splits):
    further = {"fd-infinity", "mind", "fld", "copy-auc"}
    every = genbench.score(splits.held.x, dataset="digits", all_scores=True)
    assert set(every.scores) - set(held_out.scores) == further
    with pytest.raises(GenbenchError, match="choose one"):
        genbench.score(splits.held.x, dataset="digits", scores="fd", all_scores=True)


def test_a_score_that_was_asked_for_and_cannot_be_had_says_why(splits):
    found = genbench.score(splits.held.x[:300], dataset="digits", scores=["kid", "fd-infinity", "throughput"])
    assert set(found.scores) == {"kid", "fd-infinity"}
    assert set(found.missing) == {"throughput"}


def test_the_training_split_is_left_alone_where_no_score_asks_for_it(splits):
    heard = Heard()
    found = genbench.score(splits.held.x[7:], dataset="digits", extractor="pixels", scores="kid", listener=heard)
    assert heard.rows["samples"] == 442
    assert heard.hashed["an array"] == 442
    assert set(heard.rows) <= {"samples", "test"}  # features of the test split may be known from before
    assert (found.identity.train, found.memorisation) == (None, None)
    assert heard.lines == ["scoring 442 samples of an array against 449 of digits/test, pixels/1/no-weights, on cpu"]


def test_fewer_samples_than_features_cost_fd_alone(splits):
    found = genbench.score(splits.held.x[:64], dataset="digits", scores="fd,kid")
    assert set(found.scores) == {"kid"}
    assert "a covariance of 64 features needs more than 64 samples, got 64" in found.missing["fd"].reason
    with pytest.raises(GenbenchError, match="nothing can be computed: fd: a covariance of 64 features"):
        genbench.score(splits.held.x[:64], dataset="digits", scores="fd")


def test_fd_of_given_features_is_the_closed_form_of_their_moments():
    found = genbench.score(features=SHIFTED, reference=REAL)
    real, generated = (np.cov(x.astype(float), rowvar=False) for x in (REAL, SHIFTED))
    shift = REAL.mean(0, dtype=float) - SHIFTED.mean(0, dtype=float)
    expected = shift @ shift + np.trace(real + generated - 2 * sqrtm(real @ generated).real)
    # Both are float64 on the same float32 rows; sqrtm is good to about 1e-12 of the trace.
    assert found.scores["fd"].value == pytest.approx(expected, rel=1e-9)
    assert found.identity.extractor is None
    assert found.memorisation is None


def test_given_training_features_bring_a_verdict_by_the_tail_alone():
    fresh = genbench.score(features=RNG.normal(size=(200, 4)), reference=REAL, train=TRAINED)
    copies = genbench.score(features=TRAINED, reference=REAL, train=TRAINED)
    assert (fresh.memorisation.status, copies.memorisation.status) == (GateStatus.CLEAR, GateStatus.FLAGGED)
    assert [test.test for test in copies.memorisation.tests] == ["tail"]
    assert copies.scores["fd"].details["against_train"] == pytest.approx(0, abs=1e-6)
    assert copies.identity.train_sha256 == rows_sha256(TRAINED)


def test_a_reference_and_training_data_that_are_given_take_the_place_of_a_dataset():
    generated, real, train = GREY
    found = genbench.score(generated, reference=real, train=train, extractor="pixels")
    assert found.scores["fd"].value > 0
    assert found.identity.reference_sha256 == rows_sha256(real)
    copies = genbench.score(train, reference=real, train=train, extractor="pixels")
    assert copies.memorisation.status is GateStatus.FLAGGED
    (third,) = [test for test in copies.memorisation.tests if test.test == "one-third"]
    assert (third.share, third.control < 0.1) == (1, True)
    assert [test.test for test in copies.memorisation.tests][-2:] == ["repeats", "near-repeats"]
    assert genbench.score(generated, reference=real, extractor="pixels").memorisation is None


def test_a_swap_of_both_sides_swaps_precision_and_recall():
    a, b = GREY[0], (GREY[1] // 2).astype(np.uint8)
    there, back = (genbench.score(x, reference=y, extractor="pixels").scores for x, y in ((a, b), (b, a)))
    assert there["precision"].value == back["recall"].value != there["recall"].value


def test_samples_near_one_real_image_are_precise_and_recall_next_to_nothing():
    real = GREY[0]
    crowd = (real[:1].astype(int) + np.arange(60)[:, None, None, None] % 2).clip(0, 255).astype(np.uint8)
    scores = genbench.score(crowd, reference=real, extractor="pixels").scores
    assert (scores["precision"].value, scores["recall"].value) == (1, pytest.approx(1 / 60))


def test_a_path_and_the_array_that_it_leads_to_are_scored_alike(tmp_path):
    np.save(tmp_path / "g.npy", GREY[0])
    a = genbench.score(tmp_path / "g.npy", reference=GREY[1], extractor="pixels", scores="kid").to_json()
    b = genbench.score(GREY[0], reference=GREY[1], extractor="pixels", scores="kid").to_json()
    assert {key for key in a if a[key] != b[key]} == {"name", "samples"}
    assert (a["name"], b["name"]) == ("g.npy", "an array")


def test_the_same_input_gives_the_same_json_and_leaves_the_generators_alone(held_out, splits):
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
    again = genbench.score(splits.held.x, dataset="digits", name="fresh")
    assert json.dumps(again.to_json(), allow_nan=False) == json.dumps(held_out.to_json(), allow_nan=False)
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert (np.random.get_state()[1] == numpy_state).all()


def test_a_frame_has_a_row_for_each_score_and_a_notebook_shows_it(splits):
    found = genbench.score(splits.held.x[:40], dataset="digits", scores="kid,precision,fd")
    frame = found.frame()
    assert list(frame.index) == ["kid", "precision", "fd"]
    assert frame.loc["kid", "value"] == found.scores["kid"].value
    assert frame.loc["kid", "low"] == found.scores["kid"].low
    assert frame.loc["fd", "missing"] == str(found.missing["fd"])
    assert frame["value"].isna().tolist() == [False, False, True]
    assert "<table" in found._repr_html_()


def test_an_appraisal_cannot_be_changed(held_out):
    with pytest.raises(FrozenInstanceError):
        held_out.name = "other"


NONE = "one of SAMPLES and --features says what is scored"
WRONG = {
    "nothing": ({}, NONE),
    "both": ({"samples": GREY[0], "features": REAL, "reference": REAL}, NONE),
    "nothing to compare with": ({"samples": GREY[0]}, "one of --dataset NAME and --reference OTHER"),
    "two to compare with": (
        {"samples": GREY[0], "dataset": "digits", "reference": GREY[1]},
        "one of --dataset NAME and --reference OTHER says what to compare with, and only one",
    ),
    "training data of a dataset": (
        {"samples": GREY[0], "dataset": "digits", "train": GREY[1]},
        "--train goes with --reference; a dataset brings its own",
    ),
    "features of a dataset": ({"features": REAL, "dataset": "digits"}, "--features goes with --reference, which are"),
    "an extractor of features": (
        {"features": REAL, "reference": REAL, "extractor": "pixels"},
        "--features goes with --reference, which are features as well, and with no extractor",
    ),
    "two widths": (
        {"features": REAL, "reference": REAL[:, :3]},
        "an array holds 4 features a row, and an array 3; both have to come from the same extractor",
    ),
    "training features of another width": ({"features": REAL, "reference": REAL, "train": REAL[:, :3]}, "both have to"),
    "sizes that differ": (
        {"samples": GREY[0], "reference": GREY[1][:, :, :2]},
        "an array is [60, 1, 3, 2], expected samples of 1×2×2 (--resize NAME brings images to this size)",
    ),
    "an unknown dataset": (
        {"samples": GREY[0], "dataset": "digit"},
        "no dataset is named 'digit'; did you mean 'digits'? (known: ",
    ),
    "an unknown extractor": (
        {"samples": GREY[0], "reference": GREY[1], "extractor": "pixel"},
        "no extractor is named 'pixel'; did you mean 'pixels'?",
    ),
    "an unknown score": (
        {"samples": GREY[0], "reference": GREY[1], "scores": "fd,precison"},
        "no score is named 'precison'; did you mean 'precision'?",
    ),
    "an unsuitable extractor": (
        {"samples": GREY[0], "reference": GREY[1], "extractor": "digits-net"},
        "extractor digits-net serves 1×8×8, 17 levels",
    ),
    "too few to compare": (
        {"samples": GREY[0][:3], "reference": GREY[1], "extractor": "pixels", "scores": "kid"},
        "nothing can be computed: kid: needs at least 7 samples in each set, got 3",
    ),
    "an unknown device": (
        {"samples": GREY[0], "reference": GREY[1], "device": "gpu"},
        "--device takes auto, cpu, cuda, cuda:N or mps, got 'gpu'",
    ),
    "weights that nobody reads": (
        {"samples": GREY[0], "reference": GREY[1], "extractor": "pixels", "extractor_weights": [__file__]},
        "--extractor-weights takes NAME=FILE here",
    ),
    "no data root": (
        {"samples": GREY[0], "dataset": "digits", "data_root": "/nowhere/at/all"},
        "--data-root /nowhere/at/all is no folder",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_usage_is_one_line_with_the_way_out(case):
    options, message = WRONG[case]
    with pytest.raises(GenbenchError) as caught:
        genbench.score(**options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_option_that_is_none_is_a_type_error():
    with pytest.raises(TypeError, match="unexpected keyword argument 'refrence'"):
        genbench.score(GREY[0], refrence=GREY[1])
