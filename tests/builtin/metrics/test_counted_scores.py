"""Scores that need no features: likelihood, speed and cost."""

import math

import numpy as np
import pytest

from genbench.builtin.metrics import METRICS
from genbench.builtin.metrics.likelihood import bits_per_dim
from genbench.builtin.metrics.speed import block_rates
from genbench.contracts.evidence import Evidence, LogLikelihood
from genbench.errors import Unavailable
from genbench.records.kinds import Likelihood
from genbench.records.space import Space
from genbench.records.timing import Timing

BY_NAME = {metric.name: metric for metric in METRICS}
SPACE = Space((1, 2, 2), levels=16)
SAMPLES = np.zeros((4, 1, 2, 2), np.uint8)
TIMING = Timing(
    images=70,
    seconds=14.0,
    batches=(2.0, 2.0, 4.0, 1.0),
    latencies=(0.1, 0.4, 0.2),
    nfe=50,
    flops=2e9,
    memory=3 * 2**20,
)


def score(name, **evidence):
    return BY_NAME[name]().score(Evidence(**{"space": SPACE, "samples": SAMPLES} | evidence))


def nats(*values):
    return LogLikelihood(np.array(values), Likelihood.EXACT)


def test_a_uniform_model_spends_exactly_the_bits_of_a_level():
    uniform = -4 * math.log(16)
    found = score("bits-per-dim", likelihood=nats(uniform, uniform, uniform))
    assert found.value == pytest.approx(4, rel=1e-15)
    assert found.low == found.high == found.value
    assert found.details == {"nats": pytest.approx(uniform)}


def test_bits_per_dim_come_with_the_error_of_a_mean_over_samples():
    found = score("bits-per-dim", likelihood=nats(-4.0, -8.0, -6.0, -10.0))
    bits = bits_per_dim(np.array([-4.0, -8.0, -6.0, -10.0]), 4)
    assert found.value == pytest.approx(7 / (4 * math.log(2)))
    assert found.high - found.value == pytest.approx(1.96 * bits.std(ddof=1) / 2)
    assert found.value - found.low == pytest.approx(1.96 * bits.std(ddof=1) / 2)


def test_one_test_sample_gives_bits_without_an_interval():
    found = score("bits-per-dim", likelihood=nats(-4.0))
    assert (found.low, found.high) == (None, None)


def test_bits_per_dim_need_a_finite_likelihood_of_integers():
    with pytest.raises(Unavailable, match="no likelihood"):
        score("bits-per-dim")
    with pytest.raises(Unavailable, match="1 of 2 test samples have no finite nats"):
        score("bits-per-dim", likelihood=nats(-1.0, -np.inf))
    with pytest.raises(Unavailable, match="real numbers"):
        score("bits-per-dim", likelihood=nats(-1.0), space=Space((2,), levels=None))


def test_throughput_is_all_images_over_all_seconds_with_the_spread_over_batches():
    found = score("throughput", timing=TIMING)
    assert found.value == 5
    # batches of 18, 18, 18 and 16 images: 9, 9, 4.5 and 16 a second
    assert found.details == {"q25": 7.875, "median": 9, "q75": 10.75}


def test_rates_of_many_batches_are_those_of_twenty_blocks():
    rates = block_rates(1000, [0.5] * 99 + [0.25])
    assert len(rates) == 20
    np.testing.assert_allclose(rates[:19], 20)
    assert rates[19] == pytest.approx(50 / 2.25)


def test_throughput_without_batches_has_no_spread():
    assert score("throughput", timing=Timing(10, 2.0, ())).details == {}


def test_latency_is_the_median_call_and_its_upper_decile():
    found = score("latency", timing=TIMING)
    assert found.value == 0.2
    assert found.details == {"p90": pytest.approx(0.36)}


@pytest.mark.parametrize(
    ("name", "value"),
    [("nfe", 50), ("flops", 2e9), ("peak-memory", 3), ("parameters", 1234), ("fit-time", 8.5)],
)
def test_counts_are_handed_through_in_their_unit(name, value):
    assert score(name, timing=TIMING, parameters=1234, fit_seconds=8.5).value == value


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("throughput", "without a model"),
        ("latency", "without a model"),
        ("nfe", "without a model"),
        ("flops", "without a model"),
        ("peak-memory", "without a model"),
        ("parameters", "without a model"),
        ("fit-time", "without a model"),
    ],
)
def test_samples_without_a_model_have_neither_speed_nor_cost(name, reason):
    with pytest.raises(Unavailable, match=reason):
        score(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("latency", "no calls for one sample"),
        ("nfe", "no submodule"),
        ("flops", "not counted"),
        ("peak-memory", "not measured"),
    ],
)
def test_what_was_not_taken_is_not_available(name, reason):
    with pytest.raises(Unavailable, match=reason):
        score(name, timing=Timing(10, 2.0, (1.0, 1.0)))


@pytest.mark.parametrize("name", [name for name, metric in BY_NAME.items() if metric.uses_features])
def test_scores_of_features_need_an_extractor(name):
    with pytest.raises(Unavailable, match=r"needs .*an extractor"):
        score(name)
