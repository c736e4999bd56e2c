"""Total variation between class frequencies, and the classifier that names the classes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance

from genbench.builtin.datasets.digits import Digits
from genbench.builtin.extractors.digits_net import DigitsNet
from genbench.builtin.extractors.pixels import Pixels
from genbench.builtin.metrics.class_tv import (
    ClassTotalVariation,
    counted,
    left_out,
    told_left_out,
    total_variation,
)
from genbench.contracts.evidence import Evidence
from genbench.contracts.extractor import ClassExtractor, Extractor
from genbench.errors import GenbenchError, Unavailable
from genbench.records.score import LEFT_OUT
from genbench.scoring.features import Features
from genbench.store import datasets

CPU = torch.device("cpu")


def labels(*counts):
    return np.repeat(np.arange(len(counts)), counts)


def test_it_is_the_share_that_has_to_move():
    assert total_variation(labels(10, 10), labels(10, 10)) == 0
    assert total_variation(labels(10, 0), labels(0, 10)) == 1
    assert total_variation(labels(5, 5), labels(8, 2)) == pytest.approx(0.3)
    assert total_variation(labels(50, 50, 0), labels(2, 1, 1)) == pytest.approx(0.25)


def test_two_classes_are_as_far_apart_as_scipy_moves_mass_between_zero_and_one():
    a, b = np.random.default_rng(0).integers(2, size=70), np.random.default_rng(1).binomial(1, 0.8, 50)
    assert total_variation(a, b) == pytest.approx(wasserstein_distance(a, b))


def test_it_is_symmetric_and_blind_to_order():
    a, b = np.random.default_rng(0).integers(5, size=(2, 60))
    assert total_variation(a, b) == total_variation(b[::-1], a)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The folder of `digits`."""
    folder = tmp_path_factory.mktemp("data")
    datasets.write(Digits().splits(), folder)
    return folder


@pytest.fixture(scope="module")
def splits():
    return Digits().splits()


def score(features, extractor, samples):
    compared = features.of(samples).comparison(extractor)
    return ClassTotalVariation().score(Evidence(features.space, samples, features=compared))


def test_digits_net_names_the_digit_of_nearly_every_test_image(splits):
    network, x = DigitsNet(splits.space, CPU), torch.from_numpy(splits.test.x)
    found = network.labels(network.features(x))
    assert isinstance(network, ClassExtractor)
    assert found.dtype == torch.int64
    assert (found.numpy() == splits.test.y).mean() >= 0.99  # what the weights are tested for elsewhere


def test_dropped_digits_are_missed_and_fresh_ones_are_not(home, splits):
    features = Features(home, {"digits-net": DigitsNet}, "cpu")
    fresh = score(features, "digits-net", splits.held.x)
    half = score(features, "digits-net", splits.held.x[splits.held.y < 5])
    assert fresh.value < 0.1  # two even draws of 449 in ten classes are 0.08 apart on average
    assert fresh.details == {}
    assert half.value == pytest.approx((splits.test.y >= 5).mean(), abs=0.05)
    assert half.details == {LEFT_OUT: 5}


@pytest.mark.parametrize(
    ("drawn", "count"),
    [
        ([50] * 10, 0),
        ([50] * 9 + [0], 1),
        ([50] * 9 + [12], 1),
        ([50] * 9 + [20], 0),
        ([50] * 9 + [25], 0),
        ([5] * 2 + [50] * 8, 2),
    ],
)
def test_a_class_is_left_out_where_half_of_it_or_more_is_surely_lacking(drawn, count):
    assert left_out(labels(*[50] * 10), labels(*drawn)) == count


def test_a_class_that_the_data_hardly_have_is_never_left_out():
    assert left_out(labels(446, 3), labels(449, 0)) == 0
    assert left_out(labels(4460, 40), labels(4500, 0)) == 1


def test_a_class_at_its_full_share_is_not_left_out_by_chance():
    rng = np.random.default_rng(0)
    sets = rng.integers(10, size=(2, 2000, 449))
    assert not any(left_out(a, b) for a, b in zip(*sets, strict=True))


def test_an_extractor_without_classes_takes_those_of_the_nearest_training_rows(home, splits):
    features = Features(home, {"pixels": Pixels}, "cpu")
    fresh = score(features, "pixels", splits.held.x)
    lacking = score(features, "pixels", splits.held.x[splits.held.y != 9])
    assert fresh.value < 0.1
    assert fresh.details == {}
    assert lacking.details == {LEFT_OUT: 1}
    known, _ = features.of(splits.held.x).comparison("pixels").labels
    assert (known == splits.test.y).mean() > 0.95


@pytest.mark.parametrize("extractor", [DigitsNet, Pixels])
def test_classes_are_counted_over_all_draws_of_the_run_and_all_rows_that_no_plugin_fits(home, splits, extractor):
    features, held, name = Features(home, {extractor.name: extractor}, CPU), splits.held, extractor.name
    compared = features.of(held.x).compared(name)
    evidence = Evidence(features.space, held.x, features=compared.comparison, embed=compared.embed, held=compared.held)
    draws = np.concatenate([held.x[held.y != 9]] * 2)
    real, generated = counted(replace(evidence, drawn=draws))
    assert (len(real), len(generated)) == (len(splits.test.x) + len(held.x), len(draws))
    assert np.bincount(real, minlength=10) == pytest.approx(np.bincount([*splits.test.y, *held.y]), abs=9)
    assert (generated == np.tile(held.y[held.y != 9], 2)).mean() > 0.95
    assert told_left_out(replace(evidence, drawn=draws)) == {LEFT_OUT: 1}
    assert told_left_out(evidence) == told_left_out(replace(evidence, drawn=draws[:100])) == {}  # more were scored


def test_of_many_scored_samples_no_further_draws_are_looked_at(home, splits):
    compared = (
        Features(home, {"digits-net": DigitsNet}, CPU).of(splits.held.x[np.arange(2000) % 400]).compared("digits-net")
    )

    def embed(x):
        raise AssertionError(len(x))

    evidence = Evidence(
        splits.space,
        splits.held.x,
        features=compared.comparison,
        embed=embed,
        drawn=splits.held.x[np.arange(3000) % 400],
    )
    assert len(counted(evidence)[1]) == 2000


def test_many_draws_tell_a_class_at_a_fifth_of_its_share_that_a_few_may_not():
    rng = np.random.default_rng(0)
    share = np.array([1.0] * 9 + [0.2]) / 9.2

    def found(n, m):
        sets = [(rng.integers(10, size=n), rng.choice(10, m, p=share)) for _ in range(200)]
        return sum(left_out(a, b) > 0 for a, b in sets)

    assert found(449, 449) < 190
    assert found(898, 5000) == 200


def test_without_classes_anywhere_it_is_refused_with_the_way_out(home, splits):
    features = Features(home, {"pixels": Pixels}, "cpu", with_train=False)
    with pytest.raises(Unavailable, match="needs training data with classes, or an extractor that names some"):
        score(features, "pixels", splits.held.x)


@pytest.mark.parametrize("bad", [torch.zeros(3, dtype=torch.int64), torch.zeros(449), torch.full((449,), -1)])
def test_labels_of_another_kind_are_refused(home, splits, bad):
    class Wrong(Pixels, ClassExtractor):
        def labels(self, features):
            return bad

    assert issubclass(Wrong, Extractor)
    features = Features(home, {"pixels": Wrong}, "cpu")
    with pytest.raises(GenbenchError, match=r"pixels returned labels .*, expected int64 \[449\], none below 0"):
        score(features, "pixels", splits.held.x)
