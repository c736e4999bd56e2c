"""Control models: real data, copies, and the floor, each exactly what its name says."""

import itertools
import math

import numpy as np
import pytest
import torch

from genbench.controls import Copycat, HeldOut, IndependentPixels
from genbench.dataset import Examples
from genbench.errors import Unsuitable
from genbench.evidence import load_weights, save_weights
from genbench.model import Family, Likelihood, Model
from genbench.space import Space
from genbench.training import Split, TrainingData

SPACE = Space((1, 1, 2), levels=3)
TRAIN = np.array([[0, 2], [0, 1], [1, 1], [0, 1]], np.uint8).reshape(4, 1, 1, 2)
VALID = np.array([[2, 0], [2, 1], [2, 2]], np.uint8).reshape(3, 1, 1, 2)


def fitted(cls: type[Model]) -> Model:
    torch.manual_seed(0)
    model = cls(SPACE)
    model.fit(TrainingData(SPACE, Split(Examples(TRAIN)), Split(Examples(VALID)), images=4))
    return model


def rows(x: torch.Tensor | np.ndarray) -> list[list[int]]:
    return sorted(x.reshape(len(x), -1).tolist())


@pytest.mark.parametrize(("cls", "split"), [(HeldOut, VALID), (Copycat, TRAIN)])
def test_a_replay_shows_each_row_of_its_split_once_before_any_comes_again(cls, split):
    model = fitted(cls)
    for _ in range(2):
        shown = torch.cat([model.sample(1), model.sample(len(split) - 1)])
        assert shown.dtype == torch.int64
        assert rows(shown) == rows(split)


def test_a_replay_of_more_than_there_is_begins_again():
    assert rows(fitted(HeldOut).sample(6)) == rows(np.concatenate([VALID, VALID]))


@pytest.mark.parametrize("cls", [HeldOut, Copycat, IndependentPixels])
def test_a_control_survives_save_and_reload(cls, tmp_path):
    model = fitted(cls)
    save_weights(model, tmp_path / "w")
    fresh = cls(SPACE)
    load_weights(fresh, tmp_path / "w")
    torch.manual_seed(1)
    expected = model.sample(5)
    torch.manual_seed(1)
    assert torch.equal(fresh.sample(5), expected)
    assert fresh.family is Family.CONTROL


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


def test_independent_pixels_refuse_real_numbers():
    with pytest.raises(Unsuitable, match="needs integer data; this Space holds real numbers"):
        IndependentPixels(Space((2,), levels=None))
