"""Features: each set of samples is compared with its own features, whatever was compared before."""

import numpy as np
import pytest
import torch

from genbench import dataset
from genbench.datasets.digits import Digits
from genbench.extractors.pixels import Pixels
from genbench.features import Features


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    home = tmp_path_factory.mktemp("data")
    dataset.write(Digits().splits(), home)
    return Features(home, {"pixels": Pixels}, torch.device("cpu"))


def test_samples_that_lie_where_others_lay_get_features_of_their_own(features):
    for level in range(17):
        # Each array is freed before the next is made, and often takes its place in memory.
        compared = features.comparison("pixels", np.full((5, 1, 8, 8), level, np.uint8))
        assert (compared.generated == np.float32(level / 16)).all()


def test_all_metrics_of_one_candidate_share_a_comparison(features):
    samples = np.zeros((5, 1, 8, 8), np.uint8)
    assert features.comparison("pixels", samples) is features.comparison("pixels", samples.copy())
