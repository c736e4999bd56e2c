"""Control models: real data, copies, and the floor, each exactly what its name says."""

import inspect
import itertools
import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch

from genbench.builtin.controls import CONTROLS, ControlData
from genbench.builtin.controls.averages import LocalMeans, Smote
from genbench.builtin.controls.copies import Copycat, CopycatNoise, CopycatOfTest, CopycatOfValid, PartialCopycat
from genbench.builtin.controls.densities import IndependentPixels, Noise
from genbench.builtin.controls.real import HeldOut, MeanImage, ModeDropper
from genbench.builtin.datasets.digits import Digits
from genbench.catalogue import plugins
from genbench.contracts.dataset import Examples, Splits
from genbench.contracts.model import Learner, Model
from genbench.contracts.training import Split, TrainingData
from genbench.errors import GenbenchError, Unsuitable
from genbench.execution.channel import Markers
from genbench.protocol.inputs import SplitFiles, Subject
from genbench.protocol.stages.fit import EVERYTHING, FitInputs
from genbench.records.kinds import ControlKind, Family, Likelihood
from genbench.records.space import Space
from genbench.store import datasets
from genbench.store.weights import load_weights, save_weights
from genbench.workers.untrusted import fit

SPACE = Space((1, 1, 2), levels=3, classes=3)
TRAIN = np.array([[0, 2], [0, 1], [1, 1], [0, 1]], np.uint8).reshape(4, 1, 1, 2)
VALID = np.array([[2, 0], [2, 1], [2, 2]], np.uint8).reshape(3, 1, 1, 2)
TEST = np.array([[1, 0], [1, 2]], np.uint8).reshape(2, 1, 1, 2)
HELD = np.array([[0, 0], [2, 1], [0, 1]], np.uint8).reshape(3, 1, 1, 2)
LABELS = ([0, 1, 2, 0], [1, 0, 2], [0, 1], [2, 0, 1])
ROWS = (TRAIN, VALID, TEST, HELD)
SPLITS = Splits(SPACE, *(Examples(x, np.array(y)) for x, y in zip(ROWS, LABELS, strict=True)))
STRANGER = """
from genbench.builtin.controls.copies import CopycatOfTest
import genbench


class Stranger(CopycatOfTest):
    name = "stranger"


class Curious(CopycatOfTest):
    name = "curious"

    def fit(self, data):
        self.keep(data.test.x[:])


for cls in (Stranger, Curious):
    cls.__module__ = "genbench.builtin"


@genbench.hookimpl
def genbench_models():
    return [Stranger, Curious]
"""


@pytest.fixture(autouse=True, scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    datasets.write(SPLITS, folder)
    return folder


def fitted(cls: type[Model], splits: Splits = SPLITS) -> Model:
    torch.manual_seed(0)
    model = cls(splits.space)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "data"
        home.mkdir()
        datasets.write(splits, home)
        model.fit(ControlData(splits.space, Split(splits.train), Split(splits.valid), images=4, home=home))
    return model


def fit_stage(folder: Path, home: Path, plugin: plugins.Plugin, model: str) -> None:
    subject = Subject(plugin, model, model, {}, 0, "d", "cpu", 1)
    fit.fit(folder, FitInputs(subject, SplitFiles(str(home), "", EVERYTHING), 10, 60.0), Markers(lambda message: ""))


def rows(x: torch.Tensor | np.ndarray) -> list[list[int]]:
    return sorted(x.reshape(len(x), -1).tolist())


@pytest.mark.parametrize(
    ("cls", "split"), [(HeldOut, HELD), (Copycat, TRAIN), (CopycatOfTest, TEST), (CopycatOfValid, VALID)]
)
def test_a_replay_shows_each_row_of_its_split_once_before_any_comes_again(cls, split):
    model = fitted(cls)
    for _ in range(2):
        shown = torch.cat([model.sample(1), model.sample(len(split) - 1)])
        assert shown.dtype == torch.int64
        assert rows(shown) == rows(split)


def test_a_replay_of_more_than_there_is_begins_again():
    assert rows(fitted(HeldOut).sample(6)) == rows(np.concatenate([HELD, HELD]))


@pytest.mark.parametrize("cls", [cls for cls in CONTROLS if issubclass(cls, Model)])
def test_a_control_survives_save_and_reload(cls, tmp_path):
    model = fitted(cls)
    save_weights(model, tmp_path / "w")
    fresh = cls(SPACE)
    load_weights(fresh, tmp_path / "w")
    torch.manual_seed(1)
    expected = model.sample(5)
    torch.manual_seed(1)
    assert torch.equal(fresh.sample(5), expected)
    assert expected.dtype == torch.int64
    assert fresh.family is Family.CONTROL


def test_a_replay_keeps_its_rows_as_narrow_as_the_dataset_does():
    assert fitted(Copycat).rows.dtype == torch.uint8


def test_a_replay_of_real_numbers_shows_float32():
    x = [Examples(np.random.default_rng(seed).standard_normal((6, 2)).astype(np.float32)) for seed in range(4)]
    splits = Splits(Space((2,), levels=None), *x)
    for cls, split in ((HeldOut, splits.held), (Copycat, splits.train), (CopycatOfTest, splits.test)):
        shown = fitted(cls, splits).sample(6)
        assert shown.dtype == torch.float32
        assert rows(shown) == rows(split.x)
    mean = fitted(MeanImage, splits).sample(2)
    np.testing.assert_allclose(mean[1], splits.train.x.mean(0), rtol=1e-6)  # float32 of a mean taken in float64


def test_noise_on_copies_has_a_sixteenth_of_the_range_and_is_new_at_every_call():
    splits = Digits().splits()
    model = fitted(CopycatNoise, splits=splits)
    first, again = torch.cat([model.sample(200), model.sample(399)]), model.sample(599)
    assert not torch.equal(first, again)
    assert 0 <= first.min() <= first.max() == 16
    noise = (first - model.rows.long()).double()[(model.rows >= 5) & (model.rows <= 11)]  # 5 deviations from the ends
    # Rounding adds 1/12 to the variance; of about 9,000 entries a deviation is known to 0.008.
    assert noise.std().item() == pytest.approx(math.sqrt(1 + 1 / 12), abs=0.04)


def test_every_tenth_sample_of_the_partial_copycat_is_a_training_row_and_the_rest_is_held_out():
    splits = Digits().splits()
    shown = fitted(PartialCopycat, splits=splits).sample(449).numpy()
    train, held = ({row.tobytes() for row in part.x.astype(np.int64)} for part in (splits.train, splits.held))
    copied = [row.tobytes() in train for row in shown]
    assert [place for place, copy in enumerate(copied) if copy] == list(range(0, 449, 10))
    assert all(row.tobytes() in (train if copy else held) for row, copy in zip(shown, copied, strict=True))
    assert len({row.tobytes() for row in shown}) == 449


def test_the_partial_copycat_copies_a_smaller_training_set_again_and_again():
    held = Examples(np.repeat(HELD[:1], 60, 0), np.zeros(60, np.int64))
    splits = Splits(SPACE, Examples(TRAIN[:1], np.zeros(1, np.int64)), SPLITS.valid, SPLITS.test, held)
    assert rows(fitted(PartialCopycat, splits=splits).sample(60)).count([0, 2]) == 6


def test_smote_shows_points_between_a_training_row_and_one_of_its_five_nearest():
    splits = Digits().splits()
    model = fitted(Smote, splits=splits)
    kept, near = model.rows.flatten(1).double(), model.near
    squared = np.square(kept[0].numpy() - splits.train.x.reshape(599, -1)).sum(1)
    assert sorted(((kept[near[0]] - kept[0]) ** 2).sum(1).tolist()) == sorted(squared)[1:6]
    x = model.sample(599).flatten(1).double()
    for k in (0, 1, 200):
        ways = kept[near[k]] - kept[k]
        u = (((x[k] - kept[k]) * ways).sum(1) / (ways**2).sum(1)).clamp(0, 1)
        off = (x[k] - kept[k] - u[:, None] * ways).abs().amax(1)
        assert off.min() < 0.6  # half a level by rounding, and a little since u is found from the rounded sample
    assert not torch.equal(model.sample(599).flatten(1).double(), x)  # the same rows, at other points


def test_local_means_are_those_of_a_row_and_its_nine_nearest():
    model = fitted(LocalMeans, splits=Digits().splits())
    x = model.sample(3)
    assert model.near.shape == (599, 9)
    for k in range(3):
        group = torch.cat([model.rows[k : k + 1], model.rows[model.near[k]]]).double()
        assert torch.equal(x[k], group.mean(0).round().long())


def test_the_mode_dropper_shows_held_out_rows_of_half_of_the_classes():
    splits = Digits().splits()
    model = fitted(ModeDropper, splits=splits)
    kept = splits.held.x[splits.held.y < 5]
    assert rows(model.sample(len(kept))) == rows(kept)


def test_the_mode_dropper_needs_classes_and_rows_of_them():
    for classes in (None, 1):
        with pytest.raises(Unsuitable, match="needs at least two classes"):
            ModeDropper(Space((2,), levels=3, classes=classes))
    splits = Splits(SPACE, SPLITS.train, SPLITS.valid, SPLITS.test, Examples(HELD, np.array([1, 2, 1])))
    with pytest.raises(Unsuitable, match="no row of the first 1 classes"):
        fitted(ModeDropper, splits=splits)


def test_the_mean_image_is_the_rounded_mean_of_the_training_set():
    splits = Digits().splits()
    model = fitted(MeanImage, splits=splits)
    mean = splits.train.x.astype(np.float64).mean(0).round()
    for n in (3, 1):
        np.testing.assert_array_equal(model.sample(n), np.repeat(mean[None], n, 0))


def test_noise_is_uniform_over_the_levels_and_knows_its_probability():
    model = fitted(Noise)
    x = model.sample(9000)
    # The standard error of a share is at most 0.47 / √18,000 = 0.0035; four of them.
    np.testing.assert_allclose(np.bincount(x.flatten(), minlength=3) / 18_000, 1 / 3, atol=0.014)
    assert model.log_prob(x[:2]).tolist() == [-2 * math.log(3)] * 2
    assert model.likelihood is Likelihood.EXACT


def test_only_the_harness_gets_the_test_split(tmp_path, home):
    fit_stage(tmp_path, home, plugins.builtin(plugins.MODELS), "test-copycat")
    fresh = CopycatOfTest(SPACE)
    load_weights(fresh, tmp_path / "checkpoint.safetensors")
    assert rows(fresh.rows) == rows(TEST)


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("stranger", GenbenchError, "plugins get no test data"),
        ("curious", AttributeError, "'TrainingData' object has no attribute 'test'"),
    ],
)
def test_a_stranger_gets_no_test_split_whatever_it_derives_from(tmp_path, home, name, error, words):
    file = tmp_path / "stranger.py"
    file.write_text(STRANGER)
    with pytest.raises(error, match=words):
        fit_stage(tmp_path, home, plugins.loose(str(file)), name)


def test_training_data_of_a_plugin_hold_no_test_split():
    assert not hasattr(TrainingData(SPACE, Split(SPLITS.train), Split(SPLITS.valid), images=4), "test")


def test_controls_have_names_of_their_own_and_sources():
    assert len({control.name for control in CONTROLS}) == len(CONTROLS)
    assert all(control.source and control.family is Family.CONTROL for control in CONTROLS)


def test_each_control_says_what_it_is_on_the_board_for():
    kinds = {kind: {control.name for control in CONTROLS if control.control is kind} for kind in ControlKind}
    assert kinds == {
        ControlKind.CEILING: {"real-held-out", "true-class", "truth", "true-pair", "real-captioned"},
        ControlKind.FLOOR: {
            *("independent-pixels", "blend", "class-frequencies", "pseudo-inverse", "identity", "deaf-noise"),
        },
        ControlKind.COPY: {
            "copycat",
            "copycat-noise",
            "partial-copycat",
            "valid-copycat",
            "test-copycat",
            "test-table",
            "pair-table",
            "nearest-target",
            "caption-copycat",
        },
        ControlKind.PROBE: {
            "smote",
            "local-means",
            "mode-dropper",
            "noise",
            "mean-image",
            "jump",
            "nearest-row",
            "logistic-regression",
            "nearest-train",
            "neighbour-blend",
            "neighbour-mean",
            "projected-noise",
            "one-per-caption",
            "shuffled-captions",
        },
    }


def test_no_control_is_made_of_another():
    for control in CONTROLS:
        assert all(inspect.isabstract(base) for base in control.__mro__[1:] if issubclass(base, Learner))


def test_independent_pixels_are_histograms_with_one_added_to_each_count():
    probabilities = fitted(IndependentPixels).log_p.double().exp()
    # (count + 1) / (4 rows + 3 levels); float32 logarithms keep about 7 digits.
    np.testing.assert_allclose(probabilities, np.array([[4, 2, 1], [1, 4, 2]]) / 7, rtol=1e-6)


def test_independent_pixels_sum_to_1_over_all_images():
    model = fitted(IndependentPixels)
    everything = torch.tensor(list(itertools.product(range(3), repeat=2))).view(9, 1, 1, 2)
    # Nine products of two float32 probabilities: each within 1e-7 of its exact value.
    assert math.isclose(model.log_prob(everything).exp().sum().item(), 1.0, abs_tol=1e-6)
    assert model.likelihood is Likelihood.EXACT


def test_independent_pixels_are_drawn_as_often_as_their_probability_says():
    model = fitted(IndependentPixels)
    torch.manual_seed(0)
    x = model.sample(20_000)
    assert x.shape == (20_000, 1, 1, 2)
    assert x.dtype == torch.int64
    share = torch.stack([(x.flatten(1) == level).double().mean(0) for level in range(3)], dim=1)
    # The standard error of a share is at most 0.5 / √20,000 = 0.0035; four of them.
    assert (share - model.log_p.exp()).abs().max() < 0.0141


@pytest.mark.parametrize("cls", [IndependentPixels, CopycatNoise, Noise])
def test_controls_of_integers_refuse_real_numbers(cls):
    with pytest.raises(Unsuitable, match="needs integer data; this Space holds real numbers"):
        cls(Space((2,), levels=None))
