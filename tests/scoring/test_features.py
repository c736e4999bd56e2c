"""Features: each set of samples is compared with its own features, whatever was compared before."""

import numpy as np
import pytest
import torch

from genbench.builtin.datasets.digits import Digits
from genbench.builtin.extractors.pixels import Pixels
from genbench.scoring.features import Features
from genbench.store import datasets


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    home = tmp_path_factory.mktemp("data")
    datasets.write(Digits().splits(), home)
    return Features(home, {"pixels": Pixels}, torch.device("cpu"))


def test_samples_that_lie_where_others_lay_get_features_of_their_own(features):
    for level in range(17):
        # Each array is freed before the next is made, and often takes its place in memory.
        compared = features.comparison("pixels", np.full((5, 1, 8, 8), level, np.uint8))
        assert (compared.generated == np.float32(level / 16)).all()


def test_all_metrics_of_one_candidate_share_a_comparison(features):
    samples = np.zeros((5, 1, 8, 8), np.uint8)
    assert features.comparison("pixels", samples) is features.comparison("pixels", samples.copy())


def test_candidates_share_the_reference(features):
    one, other = (features.comparison("pixels", np.full((5, 1, 8, 8), level, np.uint8)) for level in (1, 2))
    assert one is not other
    assert one.reference is other.reference


def test_features_of_the_same_samples_are_computed_once_ever(tmp_path, monkeypatch):
    monkeypatch.setenv("GENBENCH_CACHE", str(tmp_path / "cache"))
    datasets.write(Digits().splits(), tmp_path)
    asked = []

    class Counting(Pixels):
        def features(self, x):
            asked.append(len(x))
            return super().features(x)

    samples = np.arange(5 * 64, dtype=np.uint8).reshape(5, 1, 8, 8) % 17
    found = [Features(tmp_path, {"pixels": Counting}, torch.device("cpu")).of_samples("pixels", samples) for _ in "ab"]
    np.testing.assert_array_equal(*found)
    assert asked == [5]
    turned = samples.transpose(0, 1, 3, 2)  # of the same bytes in memory
    again = Features(tmp_path, {"pixels": Counting}, torch.device("cpu")).of_samples("pixels", turned)
    assert asked == [5, 5]
    assert not (again == found[0]).all()
